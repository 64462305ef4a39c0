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
 * its place, the call that follows each reading (pairfuse_clock, a NOP until then)
 * leads to an imitation: CLOCK_MONOTONIC, converted to cycles so that the difference
 * of two is converted back as before. Calls in flight have a stamp of the other
 * kind. To tell, imitations have the two highest bits set (the counter needs a
 * century to get there): imitation minus counter is negative, which is looked at
 * anyway; the stub then goes by the counter once more. Counter minus imitation would
 * not be noticed, hence there is no way back while the module is loaded.
 */
#include <linux/clocksource_ids.h>
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

static unsigned int users;
static bool lost;

void pairfuse_clock_imitated(void);	/* stub_text.S */
u64 pairfuse_clock_read(void);
DEFINE_STATIC_CALL_NULL(pairfuse_clock, pairfuse_clock_imitated);

static void clock_watch(struct work_struct *work);
static DECLARE_DELAYED_WORK(clock_work, clock_watch);

/* Any context that a function may be called in, NMI included. */
u64 notrace pairfuse_clock_read(void)
{
	return mul_u64_u64_shr(ktime_get_mono_fast_ns(), ns_cycles, FRACTION) | IMITATION;
}

static bool counter_is_clock(void)
{
	struct system_time_snapshot now;

	if (!boot_cpu_has(X86_FEATURE_TSC) || !tsc_khz)
		return false;
	pairfuse_snapshot(&now);
	return now.cs_id == CSID_X86_TSC;
}

static void clock_watch(struct work_struct *work)
{
	mutex_lock(&pairfuse_mutex);
	if (users && !lost) {
		if (counter_is_clock()) {
			schedule_delayed_work(&clock_work, HZ);
		} else {
			static_call_update(pairfuse_clock, pairfuse_clock_imitated);
			lost = true;
			pr_notice("the time stamp counter is no longer the kernel's clock: links that use it go on with CLOCK_MONOTONIC\n");
		}
	}
	mutex_unlock(&pairfuse_mutex);
}

/* With the mutex. */
bool pairfuse_clock_usable(void)
{
	lockdep_assert_held(&pairfuse_mutex);
	return !lost && counter_is_clock();
}

/* One more link stamps; undone when its stub has drained. With the mutex. */
int pairfuse_clock_get(void)
{
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
	lockdep_assert_held(&pairfuse_mutex);
	users--;
}

/* Without the mutex. No users are left. */
void pairfuse_clock_exit(void)
{
	cancel_delayed_work_sync(&clock_work);
}
