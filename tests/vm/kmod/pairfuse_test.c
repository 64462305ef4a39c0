// SPDX-License-Identifier: GPL-2.0
/*
 * Targets that no kernel function is a dependable substitute for: every number
 * of arguments, recursion, calls from interrupts, a function that sleeps as
 * long as it is told, return values of all kinds. /dev/pairfuse-test calls them
 * a known number of times. For tests only.
 */
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/fs.h>
#include <linux/hrtimer.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/smp.h>
#include <linux/uaccess.h>
#include <linux/version.h>

#include "pairfuse_test.h"

/*
 * Global, noinline and with a side effect: the compiler must neither clone nor
 * drop them, nor change their calling convention.
 */
#define TARGET __used noinline __noclone

#define MIX PAIRFUSE_TEST_MIX
#define ARG PAIRFUSE_TEST_ARG

u64 pairfuse_test_args0(void);
u64 pairfuse_test_args1(u64 a);
u64 pairfuse_test_args2(u64 a, u64 b);
u64 pairfuse_test_args3(u64 a, u64 b, u64 c);
u64 pairfuse_test_args4(u64 a, u64 b, u64 c, u64 d);
u64 pairfuse_test_args5(u64 a, u64 b, u64 c, u64 d, u64 e);
u64 pairfuse_test_args6(u64 a, u64 b, u64 c, u64 d, u64 e, u64 f);
u64 pairfuse_test_args7(u64 a, u64 b, u64 c, u64 d, u64 e, u64 f, u64 g);
struct pairfuse_test_two { u64 a, b; };
struct pairfuse_test_two pairfuse_test_ret16(u64 a);
u64 pairfuse_test_struct4(struct pairfuse_test_two s, u64 a, u64 b);
u64 pairfuse_test_struct7(struct pairfuse_test_two s, u64 a, u64 b, u64 c, u64 d, u64 e);
u64 pairfuse_test_recurse(u64 depth);
u64 pairfuse_test_irq(u64 token);
int pairfuse_test_sleep(unsigned int ms);
u8 pairfuse_test_u8(u64 a);
void pairfuse_test_void(u64 a);
void pairfuse_test_no_endbr(void);

TARGET u64 pairfuse_test_args0(void)
{
	barrier();
	return 0;
}

TARGET u64 pairfuse_test_args1(u64 a)
{
	barrier();
	return MIX(0, a);
}

TARGET u64 pairfuse_test_args2(u64 a, u64 b)
{
	barrier();
	return MIX(MIX(0, a), b);
}

TARGET u64 pairfuse_test_args3(u64 a, u64 b, u64 c)
{
	barrier();
	return MIX(MIX(MIX(0, a), b), c);
}

TARGET u64 pairfuse_test_args4(u64 a, u64 b, u64 c, u64 d)
{
	barrier();
	return MIX(MIX(MIX(MIX(0, a), b), c), d);
}

TARGET u64 pairfuse_test_args5(u64 a, u64 b, u64 c, u64 d, u64 e)
{
	barrier();
	return MIX(MIX(MIX(MIX(MIX(0, a), b), c), d), e);
}

TARGET u64 pairfuse_test_args6(u64 a, u64 b, u64 c, u64 d, u64 e, u64 f)
{
	barrier();
	return MIX(MIX(MIX(MIX(MIX(MIX(0, a), b), c), d), e), f);
}

TARGET u64 pairfuse_test_args7(u64 a, u64 b, u64 c, u64 d, u64 e, u64 f, u64 g)
{
	barrier();
	return MIX(MIX(MIX(MIX(MIX(MIX(MIX(0, a), b), c), d), e), f), g);
}

TARGET struct pairfuse_test_two pairfuse_test_ret16(u64 a)
{
	barrier();
	return (struct pairfuse_test_two){ a, ~a };
}

TARGET u64 pairfuse_test_struct4(struct pairfuse_test_two s, u64 a, u64 b)
{
	barrier();
	return MIX(MIX(MIX(MIX(0, s.a), s.b), a), b);
}

TARGET u64 pairfuse_test_struct7(struct pairfuse_test_two s, u64 a, u64 b, u64 c, u64 d, u64 e)
{
	barrier();
	return MIX(MIX(MIX(MIX(MIX(MIX(MIX(0, s.a), s.b), a), b), c), d), e);
}

TARGET u64 pairfuse_test_recurse(u64 depth)
{
	u64 below = 0;

	barrier();
	if (depth > 1)
		below = pairfuse_test_recurse(depth - 1);
	/* Not a tail call: something remains to be done here. */
	barrier();
	return below + 1;
}

TARGET u64 pairfuse_test_irq(u64 token)
{
	barrier();
	return ~token;
}

TARGET int pairfuse_test_sleep(unsigned int ms)
{
	return msleep_interruptible(ms) ? -EINTR : 0;
}

TARGET u8 pairfuse_test_u8(u64 a)
{
	barrier();
	return (u8)(a * 7);
}

TARGET void pairfuse_test_void(u64 a)
{
	barrier();
}

TARGET void pairfuse_test_no_endbr(void)
{
	barrier();
}

/*
 * An indirect call of what has no endbr64, to see whether somebody notices. Its address
 * is taken, so the kernel lets it keep its endbr64, and behind that is ftrace's NOP.
 */
static bool call_no_endbr(void)
{
	static const u8 endbr64[] = { 0xf3, 0x0f, 0x1e, 0xfa };
	unsigned long addr = (unsigned long)pairfuse_test_no_endbr;

	OPTIMIZER_HIDE_VAR(addr);
	if (memcmp((void *)addr, endbr64, sizeof(endbr64)))
		return false;
	((void (*)(void))(addr + sizeof(endbr64)))();
	return true;
}

#define ONE(n)					\
	void pairfuse_test_many##n(void);	\
	TARGET void pairfuse_test_many##n(void) { barrier(); }
#define TEN(n) ONE(n##0) ONE(n##1) ONE(n##2) ONE(n##3) ONE(n##4) \
	ONE(n##5) ONE(n##6) ONE(n##7) ONE(n##8) ONE(n##9)
TEN() TEN(1) TEN(2) TEN(3) TEN(4) TEN(5) TEN(6) TEN(7) TEN(8) TEN(9) TEN(10) TEN(11)
ONE(120) ONE(121) ONE(122) ONE(123) ONE(124) ONE(125) ONE(126) ONE(127)

static bool call_args(unsigned int nr, u64 n)
{
	u64 a[7], want = 0, got;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(a); i++)
		a[i] = ARG(n, i);
	for (i = 0; i < nr; i++)
		want = MIX(want, a[i]);

	switch (nr) {
	case 0:
		got = pairfuse_test_args0();
		break;
	case 1:
		got = pairfuse_test_args1(a[0]);
		break;
	case 2:
		got = pairfuse_test_args2(a[0], a[1]);
		break;
	case 3:
		got = pairfuse_test_args3(a[0], a[1], a[2]);
		break;
	case 4:
		got = pairfuse_test_args4(a[0], a[1], a[2], a[3]);
		break;
	case 5:
		got = pairfuse_test_args5(a[0], a[1], a[2], a[3], a[4]);
		break;
	case 6:
		got = pairfuse_test_args6(a[0], a[1], a[2], a[3], a[4], a[5]);
		break;
	case 7:
		got = pairfuse_test_args7(a[0], a[1], a[2], a[3], a[4], a[5], a[6]);
		break;
	default:
		return false;
	}
	return got == want;
}

struct tally {
	atomic64_t calls;
	atomic64_t wrong;
};

static void count_irq(struct tally *w, u64 token)
{
	atomic64_inc(&w->calls);
	if (pairfuse_test_irq(token) != ~token)
		atomic64_inc(&w->wrong);
}

static void on_ipi(void *arg)
{
	count_irq(arg, (u64)smp_processor_id());
}

static void call_ipi(struct tally *w, u64 n)
{
	while (n--) {
		on_each_cpu(on_ipi, w, 1);
		cond_resched();
	}
}

#define TICK_NS	(200 * NSEC_PER_USEC)

struct ticker {
	struct hrtimer hr;
	struct tally *w;
	u64 left;
	struct completion done;
};

static enum hrtimer_restart on_timer(struct hrtimer *hr)
{
	struct ticker *t = container_of(hr, struct ticker, hr);

	count_irq(t->w, ~t->left);
	if (--t->left) {
		hrtimer_forward_now(hr, ns_to_ktime(TICK_NS));
		return HRTIMER_RESTART;
	}
	complete(&t->done);
	return HRTIMER_NORESTART;
}

/*
 * The timer fires while this task is in the same function, so that one call
 * interrupts another between entry program and exit program, or inside them.
 */
static void call_timer(struct tally *w, u64 n)
{
	struct ticker t = { .w = w, .left = n };
	u64 token = 0;

	init_completion(&t.done);
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 13, 0)
	hrtimer_setup_on_stack(&t.hr, on_timer, CLOCK_MONOTONIC, HRTIMER_MODE_REL_HARD);
#else
	hrtimer_init_on_stack(&t.hr, CLOCK_MONOTONIC, HRTIMER_MODE_REL_HARD);
	t.hr.function = on_timer;
#endif
	hrtimer_start(&t.hr, ns_to_ktime(TICK_NS), HRTIMER_MODE_REL_HARD);
	while (!try_wait_for_completion(&t.done)) {
		count_irq(w, token++);
		cond_resched();
	}
	hrtimer_cancel(&t.hr);
	destroy_hrtimer_on_stack(&t.hr);
}

static int call_all(struct pairfuse_test *t)
{
	struct tally w = {};
	u64 i;

	t->calls = 0;
	t->wrong = 0;
	switch (t->what) {
	case PAIRFUSE_TEST_IRQ:
		call_ipi(&w, t->n);
		goto irq;
	case PAIRFUSE_TEST_TIMER:
		if (t->n)
			call_timer(&w, t->n);
		goto irq;
	}

	for (i = 0; i < t->n; i++) {
		switch (t->what) {
		case PAIRFUSE_TEST_ARGS:
			t->wrong += !call_args(t->arg, i);
			t->calls++;
			break;
		case PAIRFUSE_TEST_RECURSE:
			t->wrong += pairfuse_test_recurse(t->arg) != t->arg;
			t->calls += t->arg;
			break;
		case PAIRFUSE_TEST_SLEEP:
			t->calls++;
			if (pairfuse_test_sleep(t->arg))
				return -EINTR;
			break;
		case PAIRFUSE_TEST_NARROW:
			t->wrong += pairfuse_test_u8(i) != (u8)(i * 7);
			t->calls++;
			break;
		case PAIRFUSE_TEST_VOID:
			pairfuse_test_void(i);
			t->calls++;
			break;
		case PAIRFUSE_TEST_NO_ENDBR:
			if (!call_no_endbr())
				return -EOPNOTSUPP;
			t->calls++;
			break;
		default:
			return -EINVAL;
		}
		cond_resched();
	}
	return 0;
irq:
	t->calls = atomic64_read(&w.calls);
	t->wrong = atomic64_read(&w.wrong);
	return 0;
}

static long test_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct pairfuse_test t;
	int err;

	if (cmd != PAIRFUSE_TEST_CALL)
		return -ENOTTY;
	if (copy_from_user(&t, (void __user *)arg, sizeof(t)))
		return -EFAULT;
	/* Bounded by the kernel's stack, which has 16 KiB; frames of stubs are theirs to limit. */
	if (t.what == PAIRFUSE_TEST_RECURSE && t.arg > 64)
		return -EINVAL;
	err = call_all(&t);
	if (err)
		return err;
	return copy_to_user((void __user *)arg, &t, sizeof(t)) ? -EFAULT : 0;
}

static const struct file_operations test_fops = {
	.owner		= THIS_MODULE,
	.unlocked_ioctl	= test_ioctl,
};

static struct miscdevice test_device = {
	.minor	= MISC_DYNAMIC_MINOR,
	.name	= "pairfuse-test",
	.fops	= &test_fops,
	.mode	= 0600,
};

module_misc_device(test_device);
MODULE_DESCRIPTION("targets for the tests of pairfuse");
MODULE_LICENSE("GPL");
