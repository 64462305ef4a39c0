// SPDX-License-Identifier: GPL-2.0
/*
 * Opening and closing a session, and what its programs are.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>

#include "carve.h"
#include "elfcheck.h"
#include "hook.h"
#include "ksyms.h"
#include "log.h"
#include "object.h"

#define MAX_CARVED 16

const char *pairfuse_version(void)
{
	return PAIRFUSE_VERSION;
}

/* Say what is wrong with a file before libbpf says it less clearly. */
static int check_elf(const char *name, const void *buf, size_t size)
{
	const char *what;
	Elf64_Ehdr eh;

	if (size < sizeof(eh) || memcmp(buf, ELFMAG, SELFMAG)) {
		pairfuse_warn("%s: not a BPF object: no ELF file; need what 'clang -target bpf -g' writes",
			      name);
		return -ENOEXEC;
	}
	memcpy(&eh, buf, sizeof(eh));	/* inside of another file nothing is aligned */
	if (eh.e_ident[EI_CLASS] != ELFCLASS64 || eh.e_machine != EM_BPF) {
		pairfuse_warn("%s: not a BPF object: ELF file for machine %u, need %u (BPF): compile with 'clang -target bpf -g'",
			      name, eh.e_machine, EM_BPF);
		return -ENOEXEC;
	}
	if (eh.e_ident[EI_DATA] != ELFDATA2LSB) {
		pairfuse_warn("%s: BPF object of the other byte order: compile with '-target bpfel'",
			      name);
		return -ENOEXEC;
	}
	what = pairfuse_elf_check(buf, size);
	if (what) {
		pairfuse_warn("%s: damaged BPF object: %s", name, what);
		return -ENOEXEC;
	}
	return 0;
}

static int session_new(struct bpf_object *bpf, bool owned, const char *name,
		       struct pairfuse_object **out)
{
	struct pairfuse_object *obj = calloc(1, sizeof(*obj));
	int err = -ENOMEM;

	if (!obj)
		goto no_memory;
	obj->bpf = bpf;
	obj->owned = owned;
	obj->name = strdup(name);
	if (!obj->name)
		goto no_memory;
	err = pairfuse_object_programs(obj);
	if (err) {
		pairfuse_object__close(obj);
		return err;
	}
	*out = obj;
	return 0;

no_memory:
	free(obj);
	if (owned)
		bpf_object__close(bpf);
	return err;
}

static int opened(struct bpf_object *bpf, const char *name, struct pairfuse_object **out)
{
	int err;

	if (!bpf) {
		err = -errno;
		/* the file is there: what libbpf has not found is its BTF */
		pairfuse_warn("%s: cannot be opened as a BPF object: %s", name,
			      err == -ENOENT ?
				      "it has no BTF, which its maps need: compile it with -g, and do not strip .BTF" :
				      pairfuse_strerror(err));
		return err;
	}
	return session_new(bpf, true, name, out);
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* --- files --- */

struct image {
	void *data;		/* the file, mapped; what is written to it stays here */
	size_t size;
	bool to_explain;
};

static int map_file(const char *path, struct image *img)
{
	struct stat st;
	void *data = NULL;
	int fd, err = 0;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st))
		err = -errno;
	else if (S_ISDIR(st.st_mode))
		err = -EISDIR;
	else if (st.st_size)
		data = mmap(NULL, st.st_size, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	if (data == MAP_FAILED)
		err = -errno;
	close(fd);
	img->data = data;
	img->size = err || !data ? 0 : st.st_size;
	return err;
}

static bool is_other_elf(const struct image *img)
{
	const Elf64_Ehdr *eh = img->data;

	return img->size >= sizeof(*eh) && !memcmp(eh->e_ident, ELFMAG, SELFMAG) &&
	       eh->e_machine != EM_BPF;
}

/* Looking for one takes as long as reading all that the kernel has. */
#define MAX_WANTED 64

struct wanted {
	const char *object;
	unsigned int nr;	/* symbols looked for */
};

/* A kernel that has the symbol may well be the one that the object is for. */
static void want_symbol(void *arg, const char *symbol)
{
	struct wanted *w = arg;

	if (!strncmp(symbol, "CONFIG_", 7) || !strncmp(symbol, "LINUX_", 6) ||
	    w->nr++ >= MAX_WANTED || pairfuse_ksyms_has(symbol))
		return;
	pairfuse_warn("%s: '%s' is no symbol of this kernel: explained without it; 'load' needs a kernel that has it",
		      w->object, symbol);
}

static void weaken(void *buf, size_t size, const char *name)
{
	struct wanted w = { .object = name };

	pairfuse_elf_weaken(buf, size, want_symbol, &w);
}

/* An object in memory that may be written to. */
static int open_part(void *buf, size_t size, const char *name, bool to_explain,
		     struct pairfuse_object **out)
{
	int err;

	if (!to_explain)
		return pairfuse_object__open_mem(buf, size, name, out);
	err = check_elf(name, buf, size);
	if (err)
		return err;
	weaken(buf, size, name);
	return pairfuse_object__open_mem(buf, size, name, out);
}

/* As libbpf names an object, which it puts in front of the names of maps with data. */
static int open_to_explain(const char *path, struct image *img, struct pairfuse_object **out)
{
	LIBBPF_OPTS(bpf_object_open_opts, opts);
	char *stem = strdup(base_name(path));
	int err = -ENOMEM;

	if (!stem)
		return err;
	stem[strcspn(stem, ".")] = '\0';
	opts.object_name = stem[0] ? stem : base_name(path);
	weaken(img->data, img->size, base_name(path));
	err = opened(bpf_object__open_mem(img->data, img->size, &opts), base_name(path), out);
	free(stem);
	return err;
}

/* A tool's binary: the object that it carries, or number n of several. */
static int open_carved(const char *path, const struct image *img, unsigned int n,
		       struct pairfuse_object **out)
{
	struct pairfuse_carved found[MAX_CARVED];
	int i, nr = pairfuse_carve(img->data, img->size, found, MAX_CARVED);

	if (nr > MAX_CARVED)
		nr = MAX_CARVED;
	if (nr <= 0) {
		pairfuse_warn("%s: not a BPF object: ELF file for machine %u without one (machine %u) inside: need what 'clang -target bpf -g' writes, or a tool that carries it",
			      path, ((const Elf64_Ehdr *)img->data)->e_machine, EM_BPF);
		return -ENOEXEC;
	}
	if (n > (unsigned int)nr || (!n && nr > 1)) {
		pairfuse_warn("%s: %d BPF objects inside: give one as '%s:N'", path, nr, path);
		for (i = 0; i < nr; i++)
			pairfuse_warn("  %d: %zu bytes at offset %zu, section %s", i + 1,
				      found[i].size, found[i].offset, found[i].section);
		return -EINVAL;
	}
	i = n ? n - 1 : 0;
	return open_part((char *)img->data + found[i].offset, found[i].size, base_name(path),
			 img->to_explain, out);
}

static int open_image(const char *path, struct image *img, unsigned int n,
		      struct pairfuse_object **out)
{
	int err;

	if (is_other_elf(img))
		return open_carved(path, img, n, out);
	err = check_elf(path, img->data, img->size);
	if (err)
		return err;
	if (img->to_explain)
		return open_to_explain(path, img, out);
	return opened(bpf_object__open_file(path, NULL), base_name(path), out);
}

static int open_path(const char *path, bool to_explain, struct pairfuse_object **out)
{
	const char *colon = strrchr(path, ':');
	struct image img = { .to_explain = to_explain };
	char *file = NULL, *end;
	unsigned long n = 0;
	int err;

	err = map_file(path, &img);
	if (err == -ENOENT && colon && colon > path && colon[1]) {
		n = strtoul(colon + 1, &end, 10);
		file = *end ? NULL : strndup(path, colon - path);
		if (file && n > 0 && n <= MAX_CARVED)
			err = map_file(file, &img);
	}
	if (err)
		pairfuse_warn("%s: %s", path, pairfuse_strerror(err));
	else
		err = open_image(file ? file : path, &img, n, out);
	if (img.size)
		munmap(img.data, img.size);
	free(file);
	return err;
}

int pairfuse_object__open(const char *path, struct pairfuse_object **out)
{
	return open_path(path, false, out);
}

int pairfuse_object_open_to_explain(const char *path, struct pairfuse_object **out)
{
	int err = pairfuse_explain_sections();

	if (err) {
		pairfuse_warn("%s: cannot be opened: libbpf's sections: %s", path,
			      pairfuse_strerror(err));
		return err;
	}
	return open_path(path, true, out);
}

int pairfuse_object__open_mem(const void *buf, size_t size, const char *name,
			      struct pairfuse_object **out)
{
	LIBBPF_OPTS(bpf_object_open_opts, opts, .object_name = name);
	int err = check_elf(name, buf, size);

	if (err)
		return err;
	return opened(bpf_object__open_mem(buf, size, &opts), name, out);
}

int pairfuse_object__wrap(struct bpf_object *bpf, struct pairfuse_object **out)
{
	struct bpf_program *prog;
	bool loaded = false;
	int err;

	bpf_object__for_each_program(prog, bpf)
		loaded |= bpf_program__fd(prog) >= 0;
	if (!loaded)
		return -EINVAL;
	err = session_new(bpf, false, bpf_object__name(bpf), out);
	if (!err)
		(*out)->mode = PAIRFUSE_MODE_LOADED;
	return err;
}

struct bpf_object *pairfuse_object__bpf(const struct pairfuse_object *obj)
{
	return obj->bpf;
}

void pairfuse_object__close(struct pairfuse_object *obj)
{
	size_t i;

	if (!obj)
		return;
	pairfuse_object__detach(obj);
	for (i = 0; i < obj->nr_results; i++)
		pairfuse_result_free(obj->results[i]);
	free(obj->results);
	for (i = 0; i < obj->nr_progs; i++) {
		free(obj->progs[i].placeholder);
		free(obj->progs[i].func);
	}
	free(obj->progs);
	free(obj->in_progs);
	free(obj->in_index);
	free(obj->in_maps);
	free(obj->types);
	free(obj->inner);
	free(obj->pairs);
	pairfuse_kbtf_free(obj->kbtf);
	if (obj->owned)
		bpf_object__close(obj->bpf);
	free(obj->name);
	free(obj);
}

struct pairfuse_kbtf *pairfuse_object_kbtf(struct pairfuse_object *obj)
{
	int err;

	if (!obj->kbtf_tried) {
		obj->kbtf_tried = true;
		err = pairfuse_kbtf_open(&obj->kbtf);
		if (err == -ESRCH)
			pairfuse_info("/sys/kernel/btf/vmlinux: the kernel has no BTF that can be read (CONFIG_DEBUG_INFO_BTF)");
	}
	return obj->kbtf;
}

int pairfuse_object_set_btf(struct pairfuse_object *obj, const char *path)
{
	int err;

	if (obj->mode != PAIRFUSE_MODE_OPEN || obj->kbtf_tried)
		return -EBUSY;
	err = pairfuse_kbtf_open_file(path, &obj->kbtf);
	obj->kbtf_tried = true;
	if (err)
		pairfuse_warn("%s: no BTF of a kernel can be read there: %s; need /sys/kernel/btf/vmlinux of that kernel, or its vmlinux",
			      path, pairfuse_strerror(err));
	return err;
}

struct bpf_map *pairfuse_object_map(const struct pairfuse_object *obj, size_t n)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, obj->bpf)
		if (n-- == 0)
			return map;
	return NULL;
}

/* --- programs --- */

/* What sort of program, and its function as the section name has it: fentry/FUNC ... */
static int classify(struct pairfuse_oprog *p)
{
	const char *sec = bpf_program__section_name(p->bpf), *slash = strchr(sec, '/');
	size_t len = slash ? (size_t)(slash - sec) : strlen(sec);
	enum bpf_prog_type type = bpf_program__type(p->bpf);
	char *func = NULL;

	p->sleepable = len > 2 && !strncmp(sec + len - 2, ".s", 2);
	p->optional = !bpf_program__autoload(p->bpf) && bpf_program__fd(p->bpf) < 0;
	if (type == BPF_PROG_TYPE_TRACING) {
		switch (bpf_program__expected_attach_type(p->bpf)) {
		case BPF_TRACE_FENTRY:
			p->at = PAIRFUSE_AT_FENTRY;
			break;
		case BPF_TRACE_FEXIT:
			p->at = PAIRFUSE_AT_FEXIT;
			break;
		default:
			p->at = pairfuse_hook_of_section(sec, &func);
			break;
		}
		if (slash && slash[1] && pairfuse_hook_is_typed(p->at))
			func = strdup(slash + 1);
	} else if (type == BPF_PROG_TYPE_LSM) {
		p->at = pairfuse_hook_of_section(sec, &func);
	} else if (type == BPF_PROG_TYPE_KPROBE || type == BPF_PROG_TYPE_TRACEPOINT) {
		p->at = pairfuse_hook_of_section(sec, &func);
		p->retprobe = p->at == PAIRFUSE_AT_KRETPROBE;
		p->kprobe = p->retprobe || p->at == PAIRFUSE_AT_KPROBE;
	} else {
		return 0;
	}
	p->placeholder = func;
	p->func = func ? strdup(func) : NULL;
	return func && !p->func ? -ENOMEM : 0;
}

/*
 * The function that a loaded program is for: a skeleton may have changed it
 * after opening, and libbpf does not tell, but the kernel does.
 */
static int loaded_btf_func(struct pairfuse_object *obj, struct pairfuse_oprog *p)
{
	struct bpf_btf_info btf = {};
	struct bpf_prog_info info = {};
	struct pairfuse_kbtf *k;
	const char *func;
	char name[64] = "";
	__u32 len = sizeof(info);
	int fd;

	if (bpf_obj_get_info_by_fd(bpf_program__fd(p->bpf), &info, &len) || !info.attach_btf_id)
		return 0;
	k = pairfuse_object_kbtf(obj);
	fd = bpf_btf_get_fd_by_id(info.attach_btf_obj_id);
	if (fd < 0 || !k)
		return 0;
	btf.name = (__u64)(unsigned long)name;
	btf.name_len = sizeof(name);
	len = sizeof(btf);
	if (bpf_obj_get_info_by_fd(fd, &btf, &len))
		name[0] = '\0';
	close(fd);
	func = pairfuse_kbtf_func_name(k, strcmp(name, "vmlinux") ? name : "", info.attach_btf_id);
	if (!func)
		return 0;
	free(p->func);
	p->func = strdup(func);
	if (!p->func)
		return -ENOMEM;
	p->func_known = !pairfuse_kbtf_find(k, func, &p->info);
	return 0;
}

static int loaded_func(struct pairfuse_object *obj, struct pairfuse_oprog *p)
{
	if (pairfuse_hook_is_typed(p->at))
		return loaded_btf_func(obj, p);
	if (p->func && pairfuse_object_kbtf(obj))
		p->func_known = !pairfuse_kbtf_find(obj->kbtf, p->func, &p->info);
	return 0;
}

int pairfuse_object_programs(struct pairfuse_object *obj)
{
	struct bpf_program *prog;
	size_t nr = 0;
	int err;

	bpf_object__for_each_program(prog, obj->bpf)
		nr++;
	obj->progs = calloc(nr + 1, sizeof(*obj->progs));
	if (!obj->progs)
		return -ENOMEM;
	bpf_object__for_each_program(prog, obj->bpf) {
		struct pairfuse_oprog *p = &obj->progs[obj->nr_progs++];

		p->bpf = prog;
		err = classify(p);
		if (!err && p->at != PAIRFUSE_AT_OTHER && bpf_program__fd(prog) >= 0)
			err = loaded_func(obj, p);
		if (err)
			return err;
	}
	return 0;
}

void pairfuse_oprog_off(struct pairfuse_oprog *p, enum pairfuse_reason reason, const char *fmt,
			...)
{
	va_list ap;

	if (p->off)
		return;
	p->off = true;
	p->off_reason = reason;
	va_start(ap, fmt);
	vsnprintf(p->off_text, sizeof(p->off_text), fmt, ap);
	va_end(ap);
}
