// SPDX-License-Identifier: GPL-2.0
/* Ordinary BPF users of a function: fentry, fexit, kprobe, kretprobe. */
#include "vm.h"
#include "insn.h"

#include <bpf/bpf.h>
#include <linux/perf_event.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

const char *const neighbour_name[NR_NEIGHBOURS] = {
	"fentry", "fexit", "kprobe", "kretprobe",
};

static int counter(enum neighbour kind, const char *func, struct counts *c, unsigned int idx)
{
	const struct bpf_insn insns[] = {
		LDMAP(R1, c->fd, (int)(idx * sizeof(u64))),
		MOVI(R2, 1),
		INC(R1, 0, R2),
		MOVI(R0, 0),
		EXIT(),
	};

	switch (kind) {
	case N_FENTRY:
		return load_tracing(func, BPF_TRACE_FENTRY, insns, ARRAY_SIZE(insns));
	case N_FEXIT:
		return load_tracing(func, BPF_TRACE_FEXIT, insns, ARRAY_SIZE(insns));
	default:
		return load_type(BPF_PROG_TYPE_KPROBE, insns, ARRAY_SIZE(insns));
	}
}

static int kprobe_pmu(void)
{
	FILE *f = fopen("/sys/bus/event_source/devices/kprobe/type", "re");
	int type = -1;

	check(f && fscanf(f, "%d", &type) == 1, "no kprobe PMU");
	fclose(f);
	return type;
}

/* The program is part of the event and goes with its fd. */
int kprobe_open(int prog, const char *func, bool ret)
{
	struct perf_event_attr attr = {
		.size = sizeof(attr),
		.type = kprobe_pmu(),
		.config = ret,	/* bit 0: see .../kprobe/format/retprobe */
		.kprobe_func = (u64)(uintptr_t)func,
		.sample_period = 1,
		.wakeup_events = 1,
	};
	int fd = syscall(SYS_perf_event_open, &attr, -1, 0, -1, PERF_FLAG_FD_CLOEXEC);

	if (fd < 0)
		return fd;
	need(ioctl(fd, PERF_EVENT_IOC_SET_BPF, prog));
	need(ioctl(fd, PERF_EVENT_IOC_ENABLE, 0));
	return fd;
}

int neighbour_attach(enum neighbour kind, const char *func, struct counts *c, unsigned int idx)
{
	int prog = need(counter(kind, func, c, idx));
	int fd, err;

	switch (kind) {
	case N_FENTRY:
	case N_FEXIT:
		fd = bpf_raw_tracepoint_open(NULL, prog);
		break;
	default:
		fd = kprobe_open(prog, func, kind == N_KRETPROBE);
	}
	err = errno;
	close(prog);
	errno = err;
	return fd;
}

void neighbour_anchor(void)
{
	static const struct bpf_insn nothing[] = { MOVI(R0, 0), EXIT() };
	int prog = need(load_tracing("bpf_fentry_test1", BPF_TRACE_FENTRY, nothing,
				     ARRAY_SIZE(nothing)));

	need(bpf_raw_tracepoint_open(NULL, prog));
	close(prog);
}
