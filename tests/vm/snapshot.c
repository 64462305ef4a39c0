// SPDX-License-Identifier: GPL-2.0
/*
 * What BPF, ftrace and the module hold, a line each. The runner compares what
 * this prints before and after a test: nothing may be left.
 */
#include "vm.h"

#include <bpf/bpf.h>
#include <unistd.h>

static void list_progs(void)
{
	u32 id = 0;

	while (!bpf_prog_get_next_id(id, &id)) {
		struct bpf_prog_info info = {};
		u32 len = sizeof(info);
		int fd = bpf_prog_get_fd_by_id(id);

		if (fd < 0)
			continue;
		if (!bpf_obj_get_info_by_fd(fd, &info, &len))
			printf("prog %u %s type %u\n", id, info.name, info.type);
		close(fd);
	}
}

static void list_maps(void)
{
	u32 id = 0;

	while (!bpf_map_get_next_id(id, &id)) {
		struct bpf_map_info info = {};
		u32 len = sizeof(info);
		int fd = bpf_map_get_fd_by_id(id);

		if (fd < 0)
			continue;
		if (!bpf_obj_get_info_by_fd(fd, &info, &len))
			printf("map %u %s type %u\n", id, info.name, info.type);
		close(fd);
	}
}

static void list_links(void)
{
	u32 id = 0;

	while (!bpf_link_get_next_id(id, &id))
		printf("link %u\n", id);
}

static void list_hooks(const char *path)
{
	char line[512];
	FILE *f = fopen(path, "re");

	/* A function that was unhooked may stay listed as disabled: "(0)". */
	while (f && fgets(line, sizeof(line), f))
		if (!strstr(line, "(0)"))
			printf("hook %s", line);
	if (f)
		fclose(f);
}

static void list_pairs(void)
{
	struct pairfuse_link_info l = {};
	struct pairfuse_info info;
	int dev;

	if (module_refs("pairfuse") < 0) {
		puts("module pairfuse not loaded");
		return;
	}
	printf("module pairfuse refs %ld\n", module_refs("pairfuse"));
	dev = dev_open();
	need(dev_info(dev, &info));
	printf("stubs %u free %u draining %u\n", info.nr_stubs, info.nr_free, info.nr_draining);
	while (dev_next(dev, l.id, &l))
		printf("pair %u %s state %u in flight %llu\n", l.id, l.target, l.state, l.in_flight);
	close(dev);
}

int snapshot(void)
{
	list_progs();
	list_maps();
	list_links();
	list_hooks("/sys/kernel/tracing/enabled_functions");
	list_hooks("/sys/kernel/tracing/kprobe_events");
	list_pairs();
	return 0;
}
