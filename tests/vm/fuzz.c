// SPDX-License-Identifier: GPL-2.0
/*
 * Random requests on the device and on links: numbers, sizes, flags, pointers
 * and descriptors, each mostly wrong. Nothing is expected of the answers but
 * that there is one.
 */
#include "vm.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define ROUNDS 100000
/* Attaching is slow; so many are enough. */
#define MAX_ATTACHED 10

static char *area;	/* two pages, the second not mapped */
static int fds[8];
static unsigned int attached;

static u32 random_u32(void)
{
	switch (random_below(6)) {
	case 0:
		return 0;
	case 1:
		return ~0U;
	case 2:
		return 1U << random_below(32);
	case 3:
		return random_below(16);
	default:
		return (u32)random() << 1 ^ random();
	}
}

static unsigned long random_request(void)
{
	static const unsigned long known[] = {
		PAIRFUSE_IOC_INFO, PAIRFUSE_IOC_ATTACH, PAIRFUSE_IOC_NEXT, PAIRFUSE_IOC_LINK_INFO,
		PAIRFUSE_IOC_ATTACH_MANY, PAIRFUSE_IOC_DETACH,
	};

	if (random_below(10))
		return known[random_below(ARRAY_SIZE(known))];
	if (random_below(2))
		return _IOC(random_below(4), PAIRFUSE_IOC_MAGIC, random_below(8),
			    random_below(300));
	return random_u32();
}

static int random_fd(void)
{
	if (attached >= MAX_ATTACHED || !random_below(4))
		return random_below(40) - 4;
	return fds[random_below(ARRAY_SIZE(fds))];
}

static void fill(void *p, size_t room, size_t natural)
{
	u32 *w = p;
	size_t i;

	memset(p, 0, room);
	for (i = 0; i + 4 <= room && i < natural + 16; i += 4)
		if (!random_below(4))
			w[i / 4] = random_u32();
	if (room >= 4 && random_below(8))
		w[0] = random_below(3) ? natural : random_below(natural + 64);
}

static void fill_attach(struct pairfuse_attach *a, size_t room)
{
	if (room < sizeof(*a))
		return;
	a->target_fd = random_below(3) ? fds[0] : random_fd();
	a->entry_fd = random_fd();
	a->exit_fd = random_fd();
	if (random_below(3)) {
		a->size = sizeof(*a);
		a->flags &= PAIRFUSE_ATTACH_F_ALL;
		a->hook &= 1;
		a->group_fd = (int)random_below(16) - 1;
	a->filter = random_below(8) ? 0 : random_below(4);
	a->filter_value = random_below(4) ? 0 : random_below(100);
	}
}

/* One to three pairs, in front of the request. */
static void fill_many(struct pairfuse_attach_many *m, size_t room)
{
	struct pairfuse_attach *pairs = (void *)area;
	unsigned int i;

	if (room < sizeof(*m) || room > 600)
		return;
	memset(pairs, 0, 3 * sizeof(*pairs));
	for (i = 0; i < 3; i++)
		fill_attach(&pairs[i], sizeof(*pairs));
	if (random_below(3)) {
		memset(m, 0, sizeof(*m));
		m->size = sizeof(*m);
	}
	m->nr = random_below(8) ? 1 + random_below(3) : random_u32();
	m->stride = random_below(8) ? sizeof(*pairs) : random_below(5000);
	m->pairs = random_below(16) ? (u64)pairs : random_u32();
}

static void one(int fd)
{
	static const size_t natural[] = {
		sizeof(struct pairfuse_info), sizeof(struct pairfuse_attach),
		sizeof(struct pairfuse_link_info), sizeof(struct pairfuse_attach_many),
		sizeof(struct pairfuse_detach),
	};
	size_t room = random_below(8) ? 600 : random_below(600);
	unsigned long request = random_request();
	char *at = area + 4096 - (room + 3) / 4 * 4;
	void *arg = at;
	int r;

	fill(at, room, natural[random_below(ARRAY_SIZE(natural))]);
	if (request == PAIRFUSE_IOC_ATTACH)
		fill_attach((void *)at, room);
	if (request == PAIRFUSE_IOC_ATTACH_MANY)
		fill_many((void *)at, room);
	if (!random_below(50))
		arg = (void *)(unsigned long)random_u32();
	if (!random_below(50))
		arg = (void *)(~0UL << random_below(64));
	r = ioctl(fd, request, arg);
	if (r > 2) {
		attached++;
		close(r);
	}
	check(r >= -1, "ioctl returned %d", r);
}

static void other_calls(int fd)
{
	struct pollfd pfd = { .fd = fd, .events = ~0 };
	void *map;

	(void)!read(fd, area, 100);
	(void)!write(fd, area, 100);
	lseek(fd, random(), SEEK_SET);
	map = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
	check(map == MAP_FAILED, "the descriptor can be mapped");
	poll(&pfd, 1, 0);
	ftruncate(fd, 10) ? (void)0 : (void)0;
	fsync(fd);
}

TEST(fuzz)
{
	struct pair p, q;
	struct counts c;
	int dev = dev_open();
	unsigned int i;

	area = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	need(munmap(area + 4096, 4096));
	counts_new(&c);
	pair_load(&p, CALLED, &c, 0);
	pair_load(&q, CALLED, &c, NR_PAIR_COUNTS);
	pair_attach(&q, dev);
	fds[0] = p.target;
	fds[1] = p.entry;
	fds[2] = p.exit;
	fds[3] = q.link;
	fds[4] = c.fd;
	fds[5] = dev;
	fds[6] = -1;
	fds[7] = 1 << 20;
	for (i = 0; i < ROUNDS; i++)
		one(random_below(4) ? dev : q.link);
	other_calls(dev);
	other_calls(q.link);
	note("%u times attached", attached);

	/* The pair that was there all the time has not noticed. */
	counts_zero(&c);
	call_n(50);
	equal(pair_count(&q, C_EXIT), 50, "exit runs");
	equal(pair_count(&p, C_EXIT), 0, "exit runs of what is not attached");
	pair_attach(&p, dev);
	call_n(50);
	equal(pair_count(&p, C_EXIT), 50, "exit runs");
}
