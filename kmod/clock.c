// SPDX-License-Identifier: GPL-2.0
/*
 * The clock of stubs that take the time themselves.
 *
 * They read the CPU's time stamp counter, as long as the kernel's own clock does:
 * then the counters of all CPUs run at one rate, in step, and through idle states,
 * and the kernel's watchdog has found nothing against it. The rate is the one that
 * the kernel has measured at boot; what NTP adjusts later (at most 500 ppm) is not
 * followed.
 *
 * The kernel may change its mind (watchdog, the administrator), and tells nobody.
 * So while there are users, somebody looks every second. If the counter has lost
 * its place, the calls that follow each reading (NOPs until then) lead to an imitation:
 * CLOCK_MONOTONIC, converted to cycles so that the difference
 * of two is converted back as before. Calls in flight have a stamp of the other
 * kind. To tell, imitations have the two highest bits set (the counter needs a
 * century to get there): imitation minus counter is negative, which is looked at
 * anyway; the stub then goes by the counter once more. Counter minus imitation would
 * not be noticed. So exits are patched before entries: when the first entry stamps with an
 * imitation, no exit of that stub reads the counter any more. Full stubs stamp in common
 * code, which has a static call for each end; timed stubs have two of their own. And there
 * is no way back while the module is loaded.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/bitmap.h>
#include <linux/clocksource_ids.h>
#include <linux/kprobes.h>
#include <linux/math64.h>
#include <linux/static_call.h>
#include <linux/timekeeping.h>
#include <linux/workqueue.h>
#include <asm/cpufeature.h>
#include <asm/tsc.h>

#include "pairfuse.h"

#define IMITATION	(3ULL << 62)
#define FRACTION	32		/* binary digits behind the point */

/* Nanoseconds in a cycle, for stub_text.S, and cycles in a nanosecond. */
u64 pairfuse_cycle_ns __read_mostly;
static u64 ns_cycles __read_mostly;

/* Protects all below; nested in pairfuse_mutex where both are held. */
static DEFINE_MUTEX(clock_mutex);
static unsigned int users;
static bool lost;
static DECLARE_BITMAP(timed, PAIRFUSE_NR_STUBS);	/* stubs that have calls of their own */

void pairfuse_clock_imitated(void);	/* stub_text.S */
u64 pairfuse_clock_read(void);
DEFINE_STATIC_CALL_NULL(pairfuse_clock_entry, pairfuse_clock_imitated);
DEFINE_STATIC_CALL_NULL(pairfuse_clock_exit, pairfuse_clock_imitated);

static void clock_watch(struct work_struct *work);
static DECLARE_DELAYED_WORK(clock_work, clock_watch);

/* Any context that a function may be called in, NMI included. */
u64 notrace pairfuse_clock_read(void)
{
	return mul_u64_u64_shr(ktime_get_mono_fast_ns(), ns_cycles, FRACTION) | IMITATION;
}
NOKPROBE_SYMBOL(pairfuse_clock_read);

static bool counter_is_clock(void)
{
	struct system_time_snapshot now;

	if (!boot_cpu_has(X86_FEATURE_TSC) || !tsc_khz)
		return false;
	pairfuse_snapshot(&now);
	return now.cs_id == CSID_X86_TSC;
}

static void imitate(void)
{
	unsigned int stub;

	lockdep_assert_held(&clock_mutex);
	static_call_update(pairfuse_clock_exit, pairfuse_clock_imitated);
	for_each_set_bit(stub, timed, PAIRFUSE_NR_STUBS)
		pairfuse_stub_set_elapsed(stub, pairfuse_clock_imitated);
	static_call_update(pairfuse_clock_entry, pairfuse_clock_imitated);
	for_each_set_bit(stub, timed, PAIRFUSE_NR_STUBS)
		pairfuse_stub_set_stamp(stub, pairfuse_clock_imitated);
}

static void clock_watch(struct work_struct *work)
{
	mutex_lock(&clock_mutex);
	if (users && !lost) {
		if (counter_is_clock()) {
			schedule_delayed_work(&clock_work, HZ);
		} else {
			imitate();
			WRITE_ONCE(lost, true);
			pr_notice("the time stamp counter is no longer the kernel's clock: links that use it go on with CLOCK_MONOTONIC\n");
		}
	}
	mutex_unlock(&clock_mutex);
}

bool pairfuse_clock_usable(void)
{
	return !READ_ONCE(lost) && counter_is_clock();
}

/* One more link stamps; undone when its stub has drained. */
int pairfuse_clock_get(void)
{
	guard(mutex)(&clock_mutex);
	if (!pairfuse_clock_usable())
		return -EOPNOTSUPP;
	pairfuse_cycle_ns = div_u64(1000000ULL << FRACTION, tsc_khz);
	ns_cycles = div_u64((u64)tsc_khz << FRACTION, 1000000);
	if (!users++)
		schedule_delayed_work(&clock_work, HZ);
	return 0;
}

void pairfuse_clock_put(void)
{
	guard(mutex)(&clock_mutex);
	users--;
}

/*
 * A timed stub reads the counter: set its calls, now and when that is lost. The factor
 * that makes nanoseconds of cycles, as of pairfuse_cycle_ns.
 */
u64 pairfuse_clock_arm(int stub)
{
	void *clock;

	guard(mutex)(&clock_mutex);
	clock = lost ? pairfuse_clock_imitated : NULL;
	pairfuse_stub_set_elapsed(stub, clock);
	pairfuse_stub_set_stamp(stub, clock);
	__set_bit(stub, timed);
	return pairfuse_cycle_ns;
}

void pairfuse_clock_disarm(int stub)
{
	guard(mutex)(&clock_mutex);
	__clear_bit(stub, timed);
}

/* No users are left. */
void pairfuse_clock_exit(void)
{
	cancel_delayed_work_sync(&clock_work);
}
