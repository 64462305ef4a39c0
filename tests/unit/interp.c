// SPDX-License-Identifier: GPL-2.0
/*
 * A BPF interpreter with models of maps and helpers.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "expr.h"
#include "insn.h"
#include "interp.h"

#define MAX_INSNS	200000
#define FAKE_SIZE	65536

static __u64 fake[FAKE_SIZE / 8];

__u64 fake_object(unsigned int n)
{
	size_t i;

	if (!fake[0])
		for (i = 0; i < FAKE_SIZE / 8; i++)
			fake[i] = (__u64)(unsigned long)&fake[(i * 37 + 11) % 2048];
	return (__u64)(unsigned long)&fake[n % 2048];
}

/* --- maps --- */

static bool is_percpu(enum bpf_map_type type)
{
	return type == BPF_MAP_TYPE_PERCPU_HASH || type == BPF_MAP_TYPE_LRU_PERCPU_HASH ||
	       type == BPF_MAP_TYPE_PERCPU_ARRAY;
}

static bool is_array(enum bpf_map_type type)
{
	return type == BPF_MAP_TYPE_ARRAY || type == BPF_MAP_TYPE_PERCPU_ARRAY;
}

static unsigned int key_size(const struct pairfuse_map *map)
{
	return map->type == BPF_MAP_TYPE_TASK_STORAGE ? 8 : map->key_size;
}

static struct entry *map_add(struct world *w, int m, const void *key, const void *value)
{
	const struct pairfuse_map *map = &w->obj->maps[m];
	struct entry *e = calloc(1, sizeof(*e));

	e->key = malloc(key_size(map));
	e->value = calloc(1, map->value_size);
	memcpy(e->key, key, key_size(map));
	if (value)
		memcpy(e->value, value, map->value_size);
	e->cpu = is_percpu(map->type) ? w->cpu : 0;
	e->next = w->maps[m];
	w->maps[m] = e;
	return e;
}

static struct entry **map_find(struct world *w, int m, const void *key)
{
	const struct pairfuse_map *map = &w->obj->maps[m];
	struct entry **e;

	for (e = &w->maps[m]; *e; e = &(*e)->next)
		if ((!is_percpu(map->type) || (*e)->cpu == (int)w->cpu) &&
		    !memcmp((*e)->key, key, key_size(map)))
			break;
	return e;
}

static struct entry *map_get(struct world *w, int m, const void *key)
{
	const struct pairfuse_map *map = &w->obj->maps[m];
	struct entry *e = *map_find(w, m, key);
	__u32 index;

	if (e || !is_array(map->type))
		return e;
	memcpy(&index, key, 4);
	return index < map->max_entries ? map_add(w, m, key, NULL) : NULL;
}

static __s64 map_update(struct world *w, int m, const void *key, const void *value, __u64 flags)
{
	const struct pairfuse_map *map = &w->obj->maps[m];
	struct entry *e = map_get(w, m, key);

	if (e && flags == BPF_NOEXIST)
		return -EEXIST;
	if (!e && (flags == BPF_EXIST || is_array(map->type)))
		return flags == BPF_EXIST ? -ENOENT : -E2BIG;
	if (e && is_array(map->type)) {
		memmove(e->value, value, map->value_size);
		return 0;
	}
	/* a hash map replaces the element: old pointers keep the old value */
	if (e) {
		struct entry **old = map_find(w, m, key);

		*old = e->next;
		e->next = w->grave;
		w->grave = e;
	}
	map_add(w, m, key, value);
	return 0;
}

static __s64 map_delete(struct world *w, int m, const void *key)
{
	struct entry **at, *e;

	if (is_array(w->obj->maps[m].type))
		return -EINVAL;
	at = map_find(w, m, key);
	e = *at;
	if (!e)
		return -ENOENT;
	*at = e->next;
	e->next = w->grave;
	w->grave = e;
	return 0;
}

static void free_entries(struct entry *e)
{
	struct entry *next;

	for (; e; e = next) {
		next = e->next;
		free(e->key);
		free(e->value);
		free(e);
	}
}

struct world *world_new(const struct test_object *obj)
{
	struct world *w = calloc(1, sizeof(*w));
	struct bpf_map *map;
	__u32 zero = 0;
	size_t size;
	int m;

	w->obj = obj;
	w->maps = calloc(obj->in.nr_maps + 1, sizeof(*w->maps));
	w->storage = calloc(obj->in.nr_maps + 1, sizeof(*w->storage));
	if (!obj->bpf) {	/* made by hand: other global data is zero */
		for (m = 0; m < (int)obj->in.nr_maps; m++)
			if (obj->maps[m].rodata)
				map_add(w, m, &zero, obj->maps[m].rodata);
		return w;
	}
	m = 0;
	bpf_object__for_each_map(map, obj->bpf) {
		if (bpf_map__is_internal(map))
			map_add(w, m, &zero, bpf_map__initial_value(map, &size));
		m++;
	}
	return w;
}

void world_free(struct world *w)
{
	size_t m;

	for (m = 0; m < w->obj->in.nr_maps; m++) {
		free_entries(w->maps[m]);
		free_entries(w->storage[m]);
	}
	free(w->storage);
	free_entries(w->grave);
	free(w->maps);
	free(w->log);
	free(w);
}

static void log_event(struct world *w, int kind, const void *data, size_t len)
{
	if (w->log_len + len + 8 > w->log_cap) {
		w->log_cap = 2 * (w->log_len + len + 8);
		w->log = realloc(w->log, w->log_cap);
	}
	memcpy(w->log + w->log_len, &kind, 4);
	memcpy(w->log + w->log_len + 4, &(__u32){ len }, 4);
	memcpy(w->log + w->log_len + 8, data, len);
	w->log_len += len + 8;
}

/* Elements of a that b has not, or has otherwise; absent array elements are 0. */
static bool map_missing(const struct world *a, const struct world *b, int m)
{
	const struct pairfuse_map *map = &a->obj->maps[m];
	struct entry *e, *f;
	size_t i;

	for (e = a->maps[m]; e; e = e->next) {
		for (f = b->maps[m]; f; f = f->next)
			if (e->cpu == f->cpu && !memcmp(e->key, f->key, key_size(map)))
				break;
		if (f && !memcmp(e->value, f->value, map->value_size))
			continue;
		for (i = 0; !f && i < map->value_size && !e->value[i]; i++)
			;
		if (f || i < map->value_size || !is_array(map->type))
			return true;
	}
	return false;
}

const char *world_differ(const struct world *a, const struct world *b, const bool *ignore)
{
	size_t m;

	for (m = 0; m < a->obj->in.nr_maps; m++)
		if (!ignore[m] && (map_missing(a, b, m) || map_missing(b, a, m)))
			return a->obj->maps[m].name;
	if (a->log_len != b->log_len || (a->log_len && memcmp(a->log, b->log, a->log_len)))
		return "events";
	return NULL;
}

void world_forget(struct world *w)
{
	w->log_len = 0;
}

static void show_bytes(FILE *f, const unsigned char *data, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		fprintf(f, "%s%02x", i % 8 ? "" : " ", data[i]);
	fprintf(f, "\n");
}

static void show_map(FILE *f, const struct world *w, int m)
{
	const struct pairfuse_map *map = &w->obj->maps[m];
	const struct entry *e;

	for (e = w->maps[m]; e; e = e->next) {
		fprintf(f, "    cpu %d key", e->cpu);
		show_bytes(f, e->key, key_size(map));
		fprintf(f, "      value");
		show_bytes(f, e->value, map->value_size);
	}
}

void world_show(FILE *f, const struct world *w, const char *what)
{
	size_t m;

	for (m = 0; m < w->obj->in.nr_maps; m++)
		if (!strcmp(w->obj->maps[m].name, what))
			show_map(f, w, m);
	if (strcmp(what, "events"))
		return;
	fprintf(f, "    events");
	show_bytes(f, w->log, w->log_len);
}

/* --- helpers --- */

struct machine {
	struct world *w;
	const struct bpf_insn *insns;
	size_t nr;
	const char *err;
	unsigned int depth;
};

static void *ptr(__u64 v)
{
	return (void *)(unsigned long)v;
}

static int map_of(struct machine *vm, __u64 v)
{
	__u64 base = (__u64)(unsigned long)vm->w->obj->maps;
	size_t m = (v - base) / sizeof(struct pairfuse_map);

	if (m >= vm->w->obj->in.nr_maps) {
		vm->err = "not a map";
		return 0;
	}
	return m;
}

/* That of the group: PAIRFUSE_TASK_CARRIER */
static __u64 own_storage(struct world *w, const __u64 *r)
{
	struct entry **first = &w->storage[w->storage_map], *e;

	for (e = *first; e; e = e->next)
		if (!memcmp(e->key, &r[2], 8))
			return (unsigned long)e->value;
	if (!(r[4] & 1))
		return 0;
	e = calloc(1, sizeof(*e));
	e->key = malloc(8);
	memcpy(e->key, &r[2], 8);
	e->value = calloc(1, w->storage_size);
	e->next = *first;
	*first = e;
	return (unsigned long)e->value;
}

static __u64 task_storage(struct machine *vm, const __u64 *r)
{
	struct world *w = vm->w;
	struct entry *e;
	int m;

	if (r[1] == (unsigned long)w->storage)
		return own_storage(w, r);
	m = map_of(vm, r[1]);
	e = *map_find(w, m, &r[2]);

	if (!e && (r[4] & 1))
		e = map_add(w, m, &r[2], ptr(r[3]));
	return e ? (unsigned long)e->value : 0;
}

/* Foreign memory is what fake_object() gives, and our own; all else faults. */
static __u64 probe_read(const __u64 *r)
{
	struct iovec to = { ptr(r[1]), (__u32)r[2] }, from = { ptr(r[3]), (__u32)r[2] };

	if (process_vm_readv(getpid(), &to, 1, &from, 1, 0) == (ssize_t)to.iov_len)
		return 0;
	memset(to.iov_base, 0, to.iov_len);
	return -EFAULT;
}

/* A string of at most that size, with its end; the rest stays what it was. */
static __u64 probe_read_str(const __u64 *r)
{
	char *to = ptr(r[1]), c;
	__u32 size = r[2], i;

	for (i = 0; i < size; i++) {
		__u64 one[] = { 0, (unsigned long)&c, 1, r[3] + i };

		if (probe_read(one)) {
			memset(to, 0, size);
			return -EFAULT;
		}
		to[i] = i + 1 < size ? c : 0;
		if (!to[i])
			return i + 1;
	}
	return 0;
}

static __u64 get_comm(struct world *w, const __u64 *r)
{
	char comm[16] = "";

	snprintf(comm, sizeof(comm), "task-%u", (__u32)w->pid_tgid);
	memset(ptr(r[1]), 0, (__u32)r[2]);
	memcpy(ptr(r[1]), comm, r[2] < 16 ? r[2] : 16);
	return 0;
}

static __u64 ringbuf_reserve(struct machine *vm, const __u64 *r)
{
	__u64 *rec = calloc(1, r[2] + 16);
	struct entry *e = calloc(1, sizeof(*e));

	/* lives in the grave, with its length in front */
	rec[0] = r[2];
	e->value = (void *)rec;
	e->next = vm->w->grave;
	vm->w->grave = e;
	return (unsigned long)(rec + 1);
}

static __u64 func_arg(struct machine *vm, const __u64 *r, const __u64 *ctx)
{
	if (!vm->w->nr_regs) {
		vm->err = "bpf_get_func_arg in a rewritten program";
		return 0;
	}
	memcpy(ptr(r[3]), &ctx[r[2]], 8);
	return 0;
}

/* The first frame that is not skipped stands for the whole of the trace. */
static __u64 stack_trace(const struct world *w, __u64 flags)
{
	if (flags & BPF_F_USER_STACK)
		return (w->pid_tgid & 0xff) << 8 | flags;
	return (flags & ~(__u64)BPF_F_SKIP_FIELD_MASK) +
	       (flags & BPF_F_SKIP_FIELD_MASK) - w->frames;
}

static __u64 get_stack(const struct world *w, const __u64 *r)
{
	__u64 trace = stack_trace(w, r[4]);
	__u32 size = r[3];

	/* a short trace: the rest of the buffer stays what it was */
	memcpy(ptr(r[2]), &trace, size < 8 ? size : 8);
	return size < 8 ? size : 8;
}

static __u64 helper_map(struct machine *vm, __s32 id, const __u64 *r)
{
	struct world *w = vm->w;
	struct entry *e;

	switch (id) {
	case BPF_FUNC_map_lookup_elem:
		e = map_get(w, map_of(vm, r[1]), ptr(r[2]));
		return e ? (unsigned long)e->value : 0;
	case BPF_FUNC_map_update_elem:
		return map_update(w, map_of(vm, r[1]), ptr(r[2]), ptr(r[3]), r[4]);
	case BPF_FUNC_map_delete_elem:
		return map_delete(w, map_of(vm, r[1]), ptr(r[2]));
	case BPF_FUNC_task_storage_get:
		return task_storage(vm, r);
	case BPF_FUNC_task_storage_delete:
		return map_delete(w, map_of(vm, r[1]), &r[2]);
	}
	vm->err = "unknown helper";
	return 0;
}

static __u64 helper_out(struct machine *vm, __s32 id, const __u64 *r, const __u64 *ctx)
{
	struct world *w = vm->w;

	switch (id) {
	case BPF_FUNC_perf_event_output:
		log_event(w, id, ptr(r[4]), r[5]);
		return 0;
	case BPF_FUNC_ringbuf_output:
		log_event(w, id, ptr(r[2]), r[3]);
		return 0;
	case BPF_FUNC_ringbuf_reserve:
		return ringbuf_reserve(vm, r);
	case BPF_FUNC_ringbuf_submit:
		log_event(w, id, ptr(r[1]), ((__u64 *)ptr(r[1]))[-1]);
		return 0;
	case BPF_FUNC_ringbuf_discard:
		return 0;
	case BPF_FUNC_trace_printk:
		log_event(w, id, &r[3], 24);
		return 0;
	case BPF_FUNC_get_stackid:
		return stack_trace(w, r[3]);
	case BPF_FUNC_get_stack:
		return get_stack(w, r);
	case BPF_FUNC_send_signal:
		log_event(w, id, &r[1], 4);
		return 0;
	case BPF_FUNC_get_func_arg:
		return func_arg(vm, r, ctx);
	case BPF_FUNC_get_func_ret:
		memcpy(ptr(r[2]), &ctx[w->nr_regs], 8);
		return 0;
	case BPF_FUNC_get_func_arg_cnt:
		return w->nr_regs;
	}
	return helper_map(vm, id, r);
}

static __u64 helper(struct machine *vm, __s32 id, const __u64 *r, const __u64 *ctx)
{
	struct world *w = vm->w;

	w->calls++;
	switch (id) {
	case BPF_FUNC_ktime_get_ns:
	case BPF_FUNC_ktime_get_boot_ns:
		return w->now;
	case BPF_FUNC_get_current_pid_tgid:
		return w->pid_tgid;
	case BPF_FUNC_get_current_uid_gid:
		return w->uid_gid;
	case BPF_FUNC_get_current_task:
	case BPF_FUNC_get_current_task_btf:
		return w->task;
	case BPF_FUNC_get_smp_processor_id:
		return w->cpu;
	case BPF_FUNC_get_prandom_u32:
		return w->random;
	case BPF_FUNC_get_attach_cookie:
		return w->cookie;
	case BPF_FUNC_get_current_comm:
		return get_comm(w, r);
	case BPF_FUNC_probe_read:
	case BPF_FUNC_probe_read_kernel:
	case BPF_FUNC_probe_read_user:
		return probe_read(r);
	case BPF_FUNC_probe_read_str:
	case BPF_FUNC_probe_read_kernel_str:
		return probe_read_str(r);
	}
	return helper_out(vm, id, r, ctx);
}

/* --- instructions --- */

static __u64 load(__u64 addr, unsigned int size, bool sign)
{
	__u64 v = 0;

	memcpy(&v, ptr(addr), size);
	if (sign)
		v = (__s64)(v << (64 - 8 * size)) >> (64 - 8 * size);
	return v;
}

static void alu(const struct bpf_insn *insn, __u64 *r)
{
	bool is32 = pairfuse_insn_class(insn) == BPF_ALU;
	__u64 b = BPF_SRC(insn->code) == BPF_X ? r[insn->src_reg] : (__u64)(__s64)insn->imm;
	__u64 *d = &r[insn->dst_reg];
	__u8 op = BPF_OP(insn->code);
	unsigned int bits;

	if (op == BPF_NEG) {
		*d = is32 ? (__u32)-*d : -*d;
	} else if (op == BPF_END) {
		bool swap = !is32 || BPF_SRC(insn->code) == BPF_X;

		bits = insn->imm;
		if (swap)
			*d = __builtin_bswap64(*d) >> (64 - bits);
		else if (bits < 64)
			*d &= (1ULL << bits) - 1;
	} else if (op == BPF_MOV && insn->off) {
		b = (__s64)(b << (64 - insn->off)) >> (64 - insn->off);
		*d = is32 ? (__u32)b : b;
	} else if (insn->off && is32) {
		__s32 n = *d, m = b;

		*d = (__u32)(op == BPF_DIV ? (m ? n / m : 0) : (m ? n % m : n));
	} else if (insn->off) {
		__s64 n = *d, m = b;

		*d = op == BPF_DIV ? (m ? n / m : 0) : (m ? n % m : n);
	} else {
		*d = pairfuse_alu_eval(op, *d, b, is32);
	}
}

static void atomic(struct machine *vm, const struct bpf_insn *insn, __u64 *r)
{
	unsigned int size = pairfuse_insn_size(insn);
	__u64 addr = r[insn->dst_reg] + insn->off, src = r[insn->src_reg];
	__u64 old = load(addr, size, false), new;

	switch (insn->imm & 0xf0) {
	case BPF_XCHG & 0xf0:
		new = src;
		break;
	case BPF_CMPXCHG & 0xf0:
		new = old == (size == 4 ? (__u32)r[0] : r[0]) ? src : old;
		r[0] = old;
		memcpy(ptr(addr), &new, size);
		return;
	default:
		new = pairfuse_alu_eval(insn->imm & 0xf0, old, src, size == 4);
	}
	memcpy(ptr(addr), &new, size);
	if (insn->imm & BPF_FETCH)
		r[insn->src_reg] = old;
}

static __u64 imm64(struct machine *vm, const struct bpf_insn *insn)
{
	__u32 zero = 0;

	switch (insn->src_reg) {
	case BPF_PSEUDO_MAP_FD:
		if (insn->imm == PAIRFUSE_TASK_CARRIER && vm->w->storage_size)
			return (unsigned long)vm->w->storage;
		vm->err = "not a map";
		return 0;
	case BPF_PSEUDO_MAP_IDX:
		return (unsigned long)&vm->w->obj->maps[insn->imm];
	case BPF_PSEUDO_MAP_IDX_VALUE:
		return (unsigned long)map_get(vm->w, insn->imm, &zero)->value + insn[1].imm;
	}
	return (__u32)insn->imm | (__u64)insn[1].imm << 32;
}

static __u64 run(struct machine *vm, size_t pc, const __u64 *args, const __u64 *ctx);

static void call(struct machine *vm, size_t pc, __u64 *r, const __u64 *ctx)
{
	const struct bpf_insn *insn = &vm->insns[pc];
	unsigned int i;

	if (insn->src_reg == BPF_PSEUDO_CALL)
		r[0] = run(vm, pc + 1 + insn->imm, r, ctx);
	else if (insn->src_reg == BPF_PSEUDO_KFUNC_CALL)
		r[0] = r[1];	/* bpf_rdonly_cast */
	else
		r[0] = helper(vm, insn->imm, r, ctx);
	for (i = 1; i <= 5; i++)
		r[i] = 0xdeadbeef00ULL + i;
}

static bool jump(const struct bpf_insn *insn, const __u64 *r)
{
	__u64 b = BPF_SRC(insn->code) == BPF_X ? r[insn->src_reg] : (__u64)(__s64)insn->imm;

	return pairfuse_cond_eval(BPF_OP(insn->code), r[insn->dst_reg], b,
				  pairfuse_insn_class(insn) == BPF_JMP32);
}

static void step(struct machine *vm, size_t *pc, __u64 *r, const __u64 *ctx)
{
	const struct bpf_insn *insn = &vm->insns[*pc];
	__u64 v;

	switch (pairfuse_insn_class(insn)) {
	case BPF_LD:
		r[insn->dst_reg] = imm64(vm, insn);
		++*pc;
		return;
	case BPF_LDX:
		r[insn->dst_reg] = load(r[insn->src_reg] + insn->off, pairfuse_insn_size(insn),
					BPF_MODE(insn->code) == BPF_MEMSX);
		return;
	case BPF_ST:
	case BPF_STX:
		if (pairfuse_insn_is_atomic(insn)) {
			atomic(vm, insn, r);
			return;
		}
		v = pairfuse_insn_class(insn) == BPF_ST ? (__u64)(__s64)insn->imm :
							  r[insn->src_reg];
		memcpy(ptr(r[insn->dst_reg] + insn->off), &v, pairfuse_insn_size(insn));
		return;
	case BPF_ALU:
	case BPF_ALU64:
		alu(insn, r);
		return;
	}
	if (pairfuse_insn_is_call(insn))
		call(vm, *pc, r, ctx);
	else if (insn->code == (BPF_JMP32 | BPF_JA))
		*pc += insn->imm;
	else if (pairfuse_insn_is_ja(insn) || jump(insn, r))
		*pc += insn->off;
}

static __u64 run(struct machine *vm, size_t pc, const __u64 *args, const __u64 *ctx)
{
	__u64 stack[PAIRFUSE_STACK_SIZE / 8];
	__u64 r[PAIRFUSE_NR_REGS] = { 0 };

	if (++vm->depth > 8)
		vm->err = "calls too deep";
	memset(stack, vm->w->poison, sizeof(stack));
	memcpy(&r[1], &args[1], 5 * sizeof(r[0]));
	r[10] = (unsigned long)(stack + PAIRFUSE_STACK_SIZE / 8);
	while (!vm->err) {
		if (pc >= vm->nr || ++vm->w->insns > MAX_INSNS) {
			vm->err = "ran away";
			break;
		}
		if (pairfuse_insn_is_exit(&vm->insns[pc]))
			break;
		step(vm, &pc, r, ctx);
		pc++;
	}
	vm->depth--;
	return r[0];
}

__u64 interp(struct world *w, const struct bpf_insn *insns, size_t nr, void *ctx,
	     const char **err)
{
	struct machine vm = { .w = w, .insns = insns, .nr = nr };
	__u64 args[6] = { 0, (unsigned long)ctx }, r0;

	w->insns = 0;
	r0 = run(&vm, 0, args, ctx);
	free_entries(w->grave);
	w->grave = NULL;
	*err = vm.err;
	return r0;
}
