// SPDX-License-Identifier: GPL-2.0
/*
 * What BPF puts into kernel text is gone when somebody asks what was at an address.
 * This program, in the guest, writes a line when something comes,
 *
 *	ADDRESS t NAME [bpf] LENGTH
 *
 * (all but LENGTH, in bytes, as /proc/kallsyms has it), until SIGTERM. `ready` is the
 * first line. perf events are how the kernel tells: one on each CPU.
 */
#include <linux/perf_event.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MAX_CPUS	64
#define PAGES		64

/* PERF_RECORD_KSYMBOL, as linux/perf_event.h describes it. */
struct ksymbol {
	struct perf_event_header header;
	uint64_t addr;
	uint32_t len;
	uint16_t type;
	uint16_t flags;
	char name[];
};

static struct pollfd fds[MAX_CPUS];
static struct perf_event_mmap_page *rings[MAX_CPUS];
static unsigned int nr;
static volatile sig_atomic_t stopped;

static void stop(int sig)
{
	stopped = 1;
}

static void drain(struct perf_event_mmap_page *ring, size_t page)
{
	const char *data = (const char *)ring + page;
	uint64_t head = __atomic_load_n(&ring->data_head, __ATOMIC_ACQUIRE), tail = ring->data_tail;
	size_t size = PAGES * page, i;
	union {
		struct ksymbol k;
		char bytes[1024];
	} r;

	while (tail < head) {
		/* records wrap around */
		for (i = 0; i < sizeof(r.k.header); i++)
			r.bytes[i] = data[(tail + i) % size];
		for (; i < r.k.header.size && i < sizeof(r) - 1; i++)
			r.bytes[i] = data[(tail + i) % size];
		r.bytes[i] = 0;
		if (r.k.header.type == PERF_RECORD_KSYMBOL &&
		    !(r.k.flags & PERF_RECORD_KSYMBOL_FLAGS_UNREGISTER))
			printf("%016lx t %s\t[bpf] %u\n", r.k.addr, r.k.name, r.k.len);
		tail += r.k.header.size;
	}
	__atomic_store_n(&ring->data_tail, tail, __ATOMIC_RELEASE);
	fflush(stdout);
}

int main(void)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE, .config = PERF_COUNT_SW_DUMMY, .size = sizeof(attr),
		.ksymbol = 1, .watermark = 1, .wakeup_watermark = 1,
	};
	size_t page = sysconf(_SC_PAGESIZE);
	long cpu, cpus = sysconf(_SC_NPROCESSORS_ONLN);
	unsigned int i;
	void *ring;

	for (cpu = 0; cpu < cpus && nr < MAX_CPUS; cpu++) {
		fds[nr].fd = syscall(SYS_perf_event_open, &attr, -1, (int)cpu, -1,
				     PERF_FLAG_FD_CLOEXEC);
		if (fds[nr].fd < 0) {
			perror("bpf-names: perf_event_open");
			return 1;
		}
		ring = mmap(NULL, (PAGES + 1) * page, PROT_READ | PROT_WRITE, MAP_SHARED,
			    fds[nr].fd, 0);
		if (ring == MAP_FAILED) {
			perror("bpf-names: mmap");
			return 1;
		}
		fds[nr].events = POLLIN;
		rings[nr++] = ring;
	}
	signal(SIGTERM, stop);
	puts("ready");
	fflush(stdout);
	while (!stopped) {
		/* The time limit is for a signal that comes just before. */
		poll(fds, nr, 200);
		for (i = 0; i < nr; i++)
			drain(rings[i], page);
	}
	for (i = 0; i < nr; i++)
		drain(rings[i], page);
	return 0;
}
