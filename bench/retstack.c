// SPDX-License-Identifier: GPL-2.0
/*
 * What does it cost that a trampoline returns to somewhere else than the CPU's
 * return stack says? Natively, in user space, with a small imitation of the call
 * pattern: icount does not see this. Information only, nothing is guarded.
 *
 *   none	the function itself, a NOP where the hook would be
 *   jmp	jump mode: `jmp stub`; the stub calls the body and returns to the caller;
 *		every ret has its call
 *   skip	call mode as BPF's trampolines do it: `call stub`, which drops its own
 *		return address (add $8,%rsp; ret): from there on the return stack is one
 *		off, and each ret of the whole call chain is mispredicted
 *   ret2	call mode as kmod/stub_text.S does it: that return address is replaced by
 *		one of a bare RET: one is mispredicted, then all is in step again
 *
 * The function is called through a chain of DEPTH other functions.
 *
 * usage: retstack [CALLS [ROUNDS]]
 */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define BODY	"	incq	%rax\n	ret\n"

/* chain_MODE_N calls chain_MODE_(N-1) ... calls the function. */
#define LINK(mode, n, next)					\
	"	.globl	chain_" #mode "_" #n "\n"		\
	"	.p2align 4\n"					\
	"chain_" #mode "_" #n ":\n"				\
	"	call	" next "\n"				\
	"	ret\n"
#define CHAIN(mode)						\
	LINK(mode, 0, "f_" #mode)				\
	LINK(mode, 1, "chain_" #mode "_0")			\
	LINK(mode, 2, "chain_" #mode "_1")			\
	LINK(mode, 3, "chain_" #mode "_2")			\
	LINK(mode, 4, "chain_" #mode "_3")			\
	LINK(mode, 5, "chain_" #mode "_4")			\
	LINK(mode, 6, "chain_" #mode "_5")			\
	LINK(mode, 7, "chain_" #mode "_6")			\
	LINK(mode, 8, "chain_" #mode "_7")

asm("	.text\n"
    "	.p2align 4\n"
    "f_none:	nopl	(%rax,%rax,1)\n" BODY
    "	.p2align 4\n"
    "f_jmp:	jmp	stub_jmp\n"
    "body_jmp:\n" BODY
    "	.p2align 4\n"
    "stub_jmp:	call	body_jmp\n"
    "	ret\n"
    "	.p2align 4\n"
    "f_skip:	call	stub_skip\n"
    "body_skip:\n" BODY
    "	.p2align 4\n"
    "stub_skip:	call	body_skip\n"
    "	addq	$8, %rsp\n"
    "	ret\n"
    "	.p2align 4\n"
    "f_ret2:	call	stub_ret2\n"
    "body_ret2:\n" BODY
    "	.p2align 4\n"
    "stub_ret2:	leaq	bare_ret(%rip), %rcx\n"
    "	movq	%rcx, (%rsp)\n"
    "	call	body_ret2\n"
    "	ret\n"
    "	.p2align 4\n"
    "bare_ret:	ret\n"
    CHAIN(none) CHAIN(jmp) CHAIN(skip) CHAIN(ret2));

#define MODES(_) _(none) _(jmp) _(skip) _(ret2)
#define DECLARE(mode) extern void chain_##mode##_0(void), chain_##mode##_4(void), \
	chain_##mode##_8(void);
MODES(DECLARE)

#define ENTRY(mode) { #mode, { chain_##mode##_0, chain_##mode##_4, chain_##mode##_8 } },
static const struct {
	const char *name;
	void (*chain[3])(void);
} modes[] = { MODES(ENTRY) };
#define NR_MODES (sizeof(modes) / sizeof(modes[0]))

static const int depths[] = { 0, 4, 8 };
#define NR_DEPTHS (sizeof(depths) / sizeof(depths[0]))
#define MAX_ROUNDS 1000

static double ns[NR_MODES][NR_DEPTHS][MAX_ROUNDS];

/* rax counts in the functions; they touch rcx besides. No red zone: asm calls. */
static double measure(void (*chain)(void), long calls)
{
	struct timespec a, b;
	unsigned long count = 0;
	long i;

	clock_gettime(CLOCK_MONOTONIC, &a);
	for (i = 0; i < calls; i++)
		asm volatile("subq $128, %%rsp; call *%1; addq $128, %%rsp"
			     : "+a"(count) : "r"(chain) : "rcx", "memory", "cc");
	clock_gettime(CLOCK_MONOTONIC, &b);
	if (count != (unsigned long)calls) {
		fprintf(stderr, "retstack: %lu calls of %ld\n", count, calls);
		exit(1);
	}
	return ((b.tv_sec - a.tv_sec) * 1e9 + (b.tv_nsec - a.tv_nsec)) / calls;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static void cpu_name(void)
{
	char line[256], name[200];
	FILE *f = fopen("/proc/cpuinfo", "r");

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "model name : %199[^\n]", name) == 1) {
			printf("%s\n", name);
			break;
		}
	if (f)
		fclose(f);
}

int main(int argc, char **argv)
{
	long calls = argc > 1 ? atol(argv[1]) : 1000000;
	int rounds = argc > 2 ? atoi(argv[2]) : 21;
	cpu_set_t one;
	size_t m, d;
	int r;

	if (calls < 1 || rounds < 1 || rounds > MAX_ROUNDS) {
		fprintf(stderr, "usage: retstack [CALLS [ROUNDS]]\n");
		return 2;
	}
	CPU_ZERO(&one);
	CPU_SET(sched_getcpu(), &one);
	sched_setaffinity(0, sizeof(one), &one);
	cpu_name();

	/* Round after round, so that what drifts hits all alike; -1 warms up. */
	for (r = -1; r < rounds; r++)
		for (m = 0; m < NR_MODES; m++)
			for (d = 0; d < NR_DEPTHS; d++)
				ns[m][d][r < 0 ? 0 : r] = measure(modes[m].chain[d], calls);

	printf("ns per call: median (fastest and slowest of %d times %ld calls)\n%-6s", rounds,
	       calls, "");
	for (d = 0; d < NR_DEPTHS; d++)
		printf("  depth %-18d", depths[d]);
	for (m = 0; m < NR_MODES; m++) {
		printf("\n%-6s", modes[m].name);
		for (d = 0; d < NR_DEPTHS; d++) {
			qsort(ns[m][d], rounds, sizeof(double), compare);
			printf("  %6.2f (%5.2f, %6.2f)  ", ns[m][d][rounds / 2], ns[m][d][0],
			       ns[m][d][rounds - 1]);
		}
	}
	putchar('\n');
	return 0;
}
