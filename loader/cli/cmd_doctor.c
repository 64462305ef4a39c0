// SPDX-License-Identifier: GPL-2.0
/*
 * pairfuse doctor: what fusing needs, what there is, and what to do about it.
 *
 * Checks are a table. Each finds out what there is by looking at the thing
 * itself; the kernel's configuration is consulted only for what has no other
 * trace. "unknown" does not count as a failure: the file may be unreadable.
 */
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include <zlib.h>

#include "cli.h"
#include "device.h"
#include "json.h"
#include "pairfuse.h"
#include "report.h"

static const struct cli_option options[] = {
	{ "json", 'j', NULL, "one JSON document" },
	{ "report", 'r', NULL, "a page for a bug report: system, checks, links, kernel log" },
	{}
};

static bool json, page;

static bool doctor_option(void *arg, int index, const char *value)
{
	*(index ? &page : &json) = true;
	return true;
}

enum result { GOOD, BAD, UNKNOWN };

struct finding {
	enum result result;
	char have[256];
	char need[160];
	char remedy[256];
};

/* --- reading --- */

static bool read_text(const char *path, char *buf, size_t len)
{
	FILE *f = fopen(path, "re");
	size_t n;

	buf[0] = '\0';
	if (!f)
		return false;
	n = fread(buf, 1, len - 1, f);
	fclose(f);
	buf[n] = '\0';
	buf[strcspn(buf, "\n")] = '\0';
	return n > 0;
}

static void set(char *field, size_t len, const char *fmt, va_list ap)
{
	vsnprintf(field, len, fmt, ap);
}

static void have(struct finding *f, enum result result, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
static void have(struct finding *f, enum result result, const char *fmt, ...)
{
	va_list ap;

	f->result = result;
	va_start(ap, fmt);
	set(f->have, sizeof(f->have), fmt, ap);
	va_end(ap);
}

static void remedy(struct finding *f, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void remedy(struct finding *f, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	set(f->remedy, sizeof(f->remedy), fmt, ap);
	va_end(ap);
}

#define NEED(f, text) snprintf((f)->need, sizeof((f)->need), "%s", text)

static const char *release(void)
{
	static struct utsname uts;

	if (!uts.release[0])
		uname(&uts);
	return uts.release;
}

/* Value of a CONFIG_ option: 'y', 'm', 'n', or 0 when there is no configuration to read. */
static int config(const char *name)
{
	static const char *const paths[] = { "/boot/config-%s", "/lib/modules/%s/config",
					     "/proc/config.gz" };
	char path[256], line[512];
	size_t i, len = strlen(name);
	int value = 'n';
	gzFile f = NULL;

	for (i = 0; !f && i < sizeof(paths) / sizeof(paths[0]); i++) {
		snprintf(path, sizeof(path), paths[i], release());
		f = gzopen(path, "re");	/* reads plain text too */
	}
	if (!f)
		return 0;
	while (gzgets(f, line, sizeof(line)))
		if (!strncmp(line, name, len) && line[len] == '=')
			value = line[len + 1];
	gzclose(f);
	return value;
}

/* --- checks --- */

static void check_kernel(struct finding *f)
{
	unsigned int major = 0, minor = 0;
	struct utsname uts;

	NEED(f, "x86_64, Linux 6.12 to 7.3");
	uname(&uts);
	sscanf(uts.release, "%u.%u", &major, &minor);
	have(f, GOOD, "%s, Linux %s", uts.machine, uts.release);
	if (strcmp(uts.machine, "x86_64")) {
		f->result = BAD;
		remedy(f, "none: the stubs are x86-64 assembly");
	} else if (major < 6 || (major == 6 && minor < 12)) {
		f->result = BAD;
		remedy(f, "boot a newer kernel");
	} else if (major > 7 || (major == 7 && minor > 3)) {
		f->result = BAD;
		remedy(f, "boot Linux 7.3 or older, or look for a newer pairfuse");
	}
}

static void check_realtime(struct finding *f)
{
	struct utsname uts;
	char text[16];
	bool rt;

	NEED(f, "a kernel without PREEMPT_RT");
	uname(&uts);
	rt = strstr(uts.version, "PREEMPT_RT") ||
	     (read_text("/sys/kernel/realtime", text, sizeof(text)) && text[0] == '1');
	have(f, rt ? BAD : GOOD, rt ? "PREEMPT_RT" : "no PREEMPT_RT");
	if (rt)
		remedy(f, "boot a kernel without PREEMPT_RT");
}

static void check_options(struct finding *f)
{
	static const char *const wanted[] = {
		"CONFIG_BPF_SYSCALL", "CONFIG_BPF_JIT", "CONFIG_MODULES",
		"CONFIG_DYNAMIC_FTRACE_WITH_DIRECT_CALLS", "CONFIG_DYNAMIC_FTRACE_WITH_ARGS",
		"CONFIG_HAVE_STATIC_CALL_INLINE", "CONFIG_TASKS_RCU",
	};
	char missing[160] = "";
	size_t i, used = 0;

	NEED(f, "BPF, BPF JIT, modules, ftrace direct calls, static calls, RCU tasks");
	if (!config("CONFIG_BPF_SYSCALL")) {
		have(f, UNKNOWN, "no configuration to read for %s", release());
		return;
	}
	for (i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		if (config(wanted[i]) != 'y' && used < sizeof(missing))
			used += snprintf(missing + used, sizeof(missing) - used, " %s", wanted[i]);
	if (!missing[0]) {
		have(f, GOOD, "all of them");
		return;
	}
	have(f, BAD, "missing:%s", missing);
	remedy(f, "boot a distribution's kernel, or build one with these options");
}

static void check_btf(struct finding *f)
{
	NEED(f, "/sys/kernel/btf/vmlinux");
	if (!access("/sys/kernel/btf/vmlinux", R_OK)) {
		have(f, GOOD, "/sys/kernel/btf/vmlinux");
		return;
	}
	have(f, BAD, "/sys/kernel/btf/vmlinux: %s", strerror(errno));
	if (access("/sys/kernel", F_OK)) {
		have(f, BAD, "nothing is mounted at /sys");
		remedy(f, "mount -t sysfs sysfs /sys");
	} else {
		remedy(f, "boot a kernel built with CONFIG_DEBUG_INFO_BTF");
	}
}

static void check_jit(struct finding *f)
{
	char text[16];

	NEED(f, "net.core.bpf_jit_enable 1");
	if (config("CONFIG_BPF_JIT_ALWAYS_ON") == 'y') {
		have(f, GOOD, "always on");
	} else if (!read_text("/proc/sys/net/core/bpf_jit_enable", text, sizeof(text))) {
		have(f, UNKNOWN, "net.core.bpf_jit_enable cannot be read");
	} else {
		have(f, text[0] == '0' ? BAD : GOOD, "net.core.bpf_jit_enable %s", text);
		if (text[0] == '0')
			remedy(f, "sysctl net.core.bpf_jit_enable=1");
	}
}

static void check_ftrace(struct finding *f)
{
	char text[16];

	NEED(f, "kernel.ftrace_enabled 1");
	if (!read_text("/proc/sys/kernel/ftrace_enabled", text, sizeof(text))) {
		if (access("/proc/sys/kernel", R_OK)) {
			have(f, UNKNOWN, "nothing is mounted at /proc");
			remedy(f, "mount -t proc proc /proc");
		} else {
			have(f, BAD, "no kernel.ftrace_enabled");
			remedy(f, "boot a kernel built with CONFIG_FUNCTION_TRACER");
		}
		return;
	}
	have(f, text[0] == '1' ? GOOD : BAD, "kernel.ftrace_enabled %s", text);
	if (text[0] != '1')
		remedy(f, "sysctl kernel.ftrace_enabled=1");
}

/* The module's file for this kernel; false: not installed. */
static bool find_module(char *path, size_t len)
{
	char dep[256], line[1024];
	bool found = false;
	FILE *f;

	snprintf(dep, sizeof(dep), "/lib/modules/%s/modules.dep", release());
	f = fopen(dep, "re");
	while (f && !found && fgets(line, sizeof(line), f)) {
		line[strcspn(line, ":")] = '\0';
		found = strstr(line, "/pairfuse.ko") || !strncmp(line, "pairfuse.ko", 11);
	}
	if (f)
		fclose(f);
	if (!found)
		return false;
	if (line[0] == '/')
		snprintf(path, len, "%s", line);
	else
		snprintf(path, len, "/lib/modules/%s/%s", release(), line);
	return true;
}

/* GOOD: signed, by whomever; UNKNOWN: compressed, or not to be read. */
static enum result is_signed(const char *path)
{
	static const char mark[] = "~Module signature appended~\n";
	const char *end = strrchr(path, '.');
	char last[sizeof(mark)] = "";
	bool read;
	FILE *f;

	if (strcmp(end, ".ko"))
		return UNKNOWN;
	f = fopen(path, "re");
	if (!f)
		return UNKNOWN;
	read = !fseek(f, -(long)strlen(mark), SEEK_END) && fread(last, strlen(mark), 1, f) == 1;
	fclose(f);
	return !read ? UNKNOWN : strcmp(last, mark) ? BAD : GOOD;
}

/* The module is to be loaded yet. */
static void check_signature(struct finding *f, const char *mode)
{
	char path[PATH_MAX];

	if (!find_module(path, sizeof(path)))
		have(f, BAD, "lockdown %s, module not installed", mode);
	else if (is_signed(path) == BAD)
		have(f, BAD, "lockdown %s, module not signed", mode);
	else if (is_signed(path) == GOOD)
		have(f, UNKNOWN, "lockdown %s, module signed: is its key enrolled?", mode);
	else
		have(f, UNKNOWN, "lockdown %s", mode);
	remedy(f, "sign the module with a key that is enrolled (mokutil), or turn Secure Boot off");
}

static void check_lockdown(struct finding *f)
{
	char text[64], *mode;

	NEED(f, "lockdown off, or a signed module");
	if (!read_text("/sys/kernel/security/lockdown", text, sizeof(text))) {
		have(f, GOOD, "no lockdown");
		return;
	}
	mode = strchr(text, '[');	/* "none [integrity] confidentiality" */
	mode = mode ? mode + 1 : text;
	mode[strcspn(mode, "]")] = '\0';
	if (!strcmp(mode, "none")) {
		have(f, GOOD, "lockdown none");
	} else if (!access(PAIRFUSE_DEVICE, F_OK)) {
		/* What programs may do is the verifier's business, fused or not. */
		have(f, GOOD, "lockdown %s, with the module", mode);
	} else {
		check_signature(f, mode);
	}
}

static void check_permission(struct finding *f)
{
	const unsigned int wanted = CLI_CAP_BPF | CLI_CAP_PERFMON;
	unsigned int caps = cli_caps();
	bool able, good;

	NEED(f, "root with CAP_BPF and CAP_PERFMON, or CAP_SYS_ADMIN, which 'run' wants");
	if (cli_in_user_namespace()) {
		have(f, BAD, "uid %u of a user namespace of its own", geteuid());
		remedy(f, "none in here: BPF tracing asks for privileges in the first user namespace; run pairfuse outside, or in a container without one (docker without userns-remap, podman as root)");
		return;
	}
	able = (caps & wanted) == wanted || caps & CLI_CAP_SYS_ADMIN;
	/* the device has mode 0600 */
	good = able && (!geteuid() || !access(PAIRFUSE_DEVICE, R_OK | W_OK));
	have(f, good ? GOOD : BAD, "uid %u%s%s%s", geteuid(), caps ? ", " : "",
	     cli_caps_text(caps),
	     good && !(caps & CLI_CAP_SYS_ADMIN) ?
		     "; no CAP_SYS_ADMIN: 'pairfuse run' fuses nothing" : "");
	if (geteuid())
		remedy(f, "sudo pairfuse ...");
	else
		remedy(f, "root has lost %s: give it back (docker run --cap-add, for example)",
		       cli_caps_text(wanted & ~caps));
}

static void check_module(struct finding *f)
{
	struct pairfuse_info info;
	int fd = pairfuse_device_open(&info);
	char text[200], path[PATH_MAX];

	snprintf(f->need, sizeof(f->need), "module pairfuse, ABI version %u", PAIRFUSE_ABI_MAJOR);
	if (fd >= 0) {
		have(f, GOOD, "loaded, ABI version %u.%u, stubs free: %s; %s", info.abi_major,
		     info.abi_minor, cli_stubs_text(&info, text, sizeof(text)),
		     info.features & PAIRFUSE_FEATURE_COUNTER ?
			     "times from the CPU's counter" :
			     "the CPU's counter is not the kernel's clock, times cost more");
		close(fd);
		return;
	}
	switch (fd) {
	case -ENOENT:
	case -ENXIO:
	case -ENODEV:
		if (pairfuse_module_is_loaded()) {
			have(f, BAD, "loaded, but there is no %s here", PAIRFUSE_DEVICE);
			remedy(f, "in a container or chroot: pass it in (docker run --device %s, or mount --bind)",
			       PAIRFUSE_DEVICE);
			return;
		}
		if (find_module(path, sizeof(path))) {
			have(f, UNKNOWN, "installed, not loaded; 'pairfuse load' loads it");
			remedy(f, "modprobe pairfuse tells whether this kernel takes it");
			return;
		}
		have(f, BAD, "not installed for Linux %s", release());
		remedy(f, "in the source tree: make kmod install-kmod, then modprobe pairfuse");
		return;
	case -EACCES:
	case -EPERM:
		have(f, UNKNOWN, "loaded; no permission to ask it for its version");
		return;
	case -EPROTONOSUPPORT:
		have(f, BAD, "loaded, ABI version %u.%u", info.abi_major, info.abi_minor);
		remedy(f, "install module and tool of one version, then: modprobe -r pairfuse");
		return;
	default:
		have(f, BAD, "%s", pairfuse_device_error(fd, &info, text, sizeof(text)));
	}
}

/* Nothing that is needed, but what those who patch this kernel want to know beforehand. */
static void check_livepatch(struct finding *f)
{
	int value = config("CONFIG_LIVEPATCH");

	NEED(f, "nothing; a function has either a pair or a livepatch");
	if (!value)
		have(f, UNKNOWN, "no configuration to read for %s", release());
	else if (value == 'y')
		have(f, GOOD, "livepatching: a patch of a traced function is refused (EBUSY) until the tool ends");
	else
		have(f, GOOD, "a kernel without livepatching");
}

static const struct check {
	const char *name;
	void (*fn)(struct finding *f);
} checks[] = {
	{ "kernel", check_kernel },
	{ "realtime", check_realtime },
	{ "options", check_options },
	{ "btf", check_btf },
	{ "jit", check_jit },
	{ "ftrace", check_ftrace },
	{ "lockdown", check_lockdown },
	{ "livepatch", check_livepatch },
	{ "permission", check_permission },
	{ "module", check_module },
};

#define NR_CHECKS (sizeof(checks) / sizeof(checks[0]))

/* --- reports --- */

static const char *const result_names[] = { [GOOD] = "ok", [BAD] = "FAIL", [UNKNOWN] = "unknown" };
static const char *const json_names[] = { [GOOD] = "ok", [BAD] = "fail", [UNKNOWN] = "unknown" };

static void report_text(void *arg)
{
	const struct finding *f = arg;
	struct cli_table *t = cli_table_new(4);
	size_t i;

	cli_table_cell(t, "CHECK");
	cli_table_cell(t, "RESULT");
	cli_table_cell(t, "HAVE");
	cli_table_cell(t, "NEED");
	for (i = 0; i < NR_CHECKS; i++) {
		cli_table_cell(t, "%s", checks[i].name);
		cli_table_cell(t, "%s", result_names[f[i].result]);
		cli_table_cell(t, "%s", f[i].have);
		cli_table_cell(t, "%s", f[i].need);
	}
	cli_table_print(t, stdout);
	for (i = 0; i < NR_CHECKS; i++)
		if (f[i].result != GOOD && f[i].remedy[0])
			printf("remedy for %s: %s\n", checks[i].name, f[i].remedy);
}

static void report_json(const struct finding *f, bool can_fuse)
{
	struct pairfuse_json w;
	size_t i;

	pairfuse_json_init(&w, stdout);
	pairfuse_json_begin(&w, "doctor");
	pairfuse_json_bool(&w, "can_fuse", can_fuse);
	pairfuse_json_array(&w, "checks");
	for (i = 0; i < NR_CHECKS; i++) {
		pairfuse_json_object(&w, NULL);
		pairfuse_json_string(&w, "name", checks[i].name);
		pairfuse_json_string(&w, "result", json_names[f[i].result]);
		pairfuse_json_string(&w, "have", f[i].have);
		pairfuse_json_string(&w, "need", f[i].need);
		pairfuse_json_string(&w, "remedy", f[i].result == GOOD ? "" : f[i].remedy);
		pairfuse_json_object_end(&w);
	}
	pairfuse_json_array_end(&w);
	pairfuse_json_end(&w);
}

static int doctor_run(void *arg, char **args)
{
	struct finding found[NR_CHECKS] = {};
	bool can_fuse = true;
	size_t i;

	if (json && page) {
		cli_error("doctor: --json and --report exclude each other");
		return cli_usage(&cmd_doctor);
	}
	for (i = 0; i < NR_CHECKS; i++) {
		checks[i].fn(&found[i]);
		can_fuse = can_fuse && found[i].result != BAD;
	}
	if (json) {
		report_json(found, can_fuse);
	} else if (page) {
		cli_report(report_text, found);
	} else {
		report_text(found);
		printf("pairfuse: pairs %s be fused here\n", can_fuse ? "can" : "cannot");
	}
	return can_fuse ? CLI_OK : CLI_FAILED;
}

const struct cli_verb cmd_doctor = {
	.name = "doctor",
	.summary = "check whether pairs can be fused on this machine, and what is missing",
	.details = "Exit status 0 when pairs can be fused.\n",
	.options = options,
	.option = doctor_option,
	.run = doctor_run,
};
