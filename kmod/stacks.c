// SPDX-License-Identifier: GPL-2.0
/*
 * Which stubs are on the stack of any task?
 *
 * A task that ends inside a traced function (a signal, exit(), an oops) never leaves the
 * stub that it has entered, so its call counts as in flight for ever. To tell it from one
 * that sleeps, look for the stub's return address where a sleeper must have it.
 *
 * This is for stubs whose hook is gone, once the grace periods have passed that drain.c
 * makes after that (its step 2), so nobody enters. Where can a task be that is to
 * return into such a stub?
 *
 *   - In the function, and on no CPU: then its stack pointer has been saved as it was
 *     switched away, and the stub's return address is above that. Should it go on while
 *     we look, that address stays where it is until the function returns.
 *   - In the function, on a CPU: the stack pointer that was saved last may be of before the
 *     function (RCU-tasks does not always wait for a switch, cond_resched_tasks_rcu_qs()
 *     will do), so all of its stack is looked at.
 *   - In an interrupt or exception above a task, or with preemption off: no longer after
 *     RCU's grace periods, which those of RCU-tasks contain.
 *   - In the end of do_exit(), where it is in no list any more. It may be in a function
 *     that is called there, and sleep in it. Such sleeps are short (an inode, a file
 *     system that is being unmounted) but nothing that we could wait for says how short. So
 *     one look is not enough: drain.c wants two, with time between them.
 *   - An idle task: they are in no list, and RCU-tasks does not wait for them. Each CPU is
 *     asked for its own; as long as one is unknown, nothing can be said.
 *   - A task that is being made: its stack begins in ret_from_fork().
 *
 * All words are compared, whatever they are, so an old value in a frame may look like a
 * return address: then a stub is taken for used that is not, and looked at later again.
 * Never the other way round.
 *
 * Stacks are read while their owners use or free them: copy_from_kernel_nofault().
 */
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/sched/task_stack.h>
#include <linux/smp.h>
#include <linux/uaccess.h>

#include "pairfuse.h"

#define WORDS		64		/* read at a time */
#define TASKS		128		/* in one RCU read side section */

/* A CPU's idle task, once it has been seen there; they never go. */
static DEFINE_PER_CPU(struct task_struct *, idle_task_of);

static void scan_words(const unsigned long *words, unsigned int nr, unsigned long *found)
{
	unsigned int i;
	int stub;

	for (i = 0; i < nr; i++) {
		stub = pairfuse_stub_of(words[i]);
		if (stub >= 0)
			__set_bit(stub, found);
	}
}

/* False: it cannot be read, though the task is alive. */
static bool scan_task(struct task_struct *task, unsigned long *found)
{
	unsigned long stack = (unsigned long)READ_ONCE(task->stack);
	unsigned long end = stack + THREAD_SIZE, at = stack, sp;
	unsigned long words[WORDS];
	size_t size;

	if (!stack)
		return true;
	/* In this order: cleared when the stack pointer has been saved. */
	if (!smp_load_acquire(&task->on_cpu)) {
		sp = READ_ONCE(task->thread.sp);
		if (sp > stack && sp < end)
			at = sp;
	}
	for (at &= ~(sizeof(long) - 1); at < end; at += size) {
		size = min(sizeof(words), end - at);
		if (copy_from_kernel_nofault(words, (void *)at, size))
			return READ_ONCE(task->__state) & TASK_DEAD;
		scan_words(words, size / sizeof(long), found);
	}
	return true;
}

static void note_idle(void *unused)
{
	/* Not a kernel thread that only poses as one to cool the CPU down. */
	if (is_idle_task(current) && !current->pid)
		this_cpu_write(idle_task_of, current);
}

/* False as long as a CPU has been busy whenever it was asked. */
static bool scan_idle(unsigned long *found)
{
	int cpu;

	for_each_online_cpu(cpu)
		if (!per_cpu(idle_task_of, cpu))
			smp_call_function_single(cpu, note_idle, NULL, true);
	for_each_present_cpu(cpu) {
		struct task_struct *idle = per_cpu(idle_task_of, cpu);

		if (idle ? !scan_task(idle, found) : cpu_online(cpu))
			return false;
	}
	return true;
}

/* Let others run; false: one of them has gone meanwhile, so there is no going on. */
static bool breathe(struct task_struct *process, struct task_struct *task)
{
	bool alive;

	get_task_struct(process);
	get_task_struct(task);
	rcu_read_unlock();
	cond_resched();
	rcu_read_lock();
	alive = pid_alive(process) && pid_alive(task);
	put_task_struct(task);
	put_task_struct(process);
	return alive;
}

/*
 * Sets the bits of stubs that are on a stack. False: not all could be looked at, so bits
 * that are not set say nothing. Sleeps.
 */
bool pairfuse_stacks_scan(unsigned long *found)
{
	struct task_struct *process, *task;
	unsigned int n = 0;
	bool complete;

	if (!scan_idle(found))
		return false;
	rcu_read_lock();
	for_each_process_thread(process, task) {
		complete = scan_task(task, found);
		if (complete && ++n % TASKS == 0)
			complete = breathe(process, task);
		if (!complete)
			goto out;
	}
out:
	rcu_read_unlock();
	return complete;
}
