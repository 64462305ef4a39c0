// SPDX-License-Identifier: GPL-2.0
/*
 * A pair on the tracepoints sys_enter_X and sys_exit_X is moved to __x64_sys_X(). But
 * sys_exit_X happens in more cases than that function returns:
 *
 *	- to the child of clone(), clone3(), fork() and vfork(), with 0;
 *	- to calls that seccomp or ptrace answers, which have no sys_enter_X;
 *	- to calls that are under way when the programs are attached.
 *
 * Fused, the exit does not run then. That is the same if it would have done nothing: if
 * it has no effect where it finds no state, and finds none. It finds none
 *
 *	- in the child, if the key is the thread, which is a new one;
 *	- in the others, if no call that is over has left anything: then there is
 *	  nothing for this thread, which has not come by the entry. (Where the key is shared
 *	  among threads, it would find that of another one's call, as it would for calls
 *	  that overlap: accepted, as there.) What is left and 0 is tried as well.
 *
 * There is the opposite case, execve() of a 32 bit program: the function returns, and
 * sys_exit_execve does not happen, as the task is a 32 bit one by then. Fused, that call
 * has its end; plain, what the entry has stored stays until the thread's next execve().
 */
#include <string.h>

#include "hook.h"
#include "storage.h"
#include "sysexit.h"

static bool makes_child(const char *func)
{
	static const char *const names[] = {
		"__x64_sys_clone", "__x64_sys_clone3", "__x64_sys_fork", "__x64_sys_vfork",
	};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (func && !strcmp(func, names[i]))
			return true;
	return false;
}

static int refuse(struct pairfuse_plan *plan, int insn, const char *what, const char *remedy)
{
	const char *func = plan->exit->prog->target;

	plan->why.prog = 1;
	return pairfuse_refuse(&plan->why, PAIRFUSE_REASON_SYS_EXIT, insn,
			       "'%s' %s, and its tracepoint comes without a return of %s() too (%scalls under way or answered by seccomp or ptrace): %s",
			       plan->exit->prog->name, what, func,
			       makes_child(func) ? "the child, " : "", remedy);
}

int pairfuse_sys_exit(struct pairfuse_plan *plan)
{
	struct pairfuse_run run = { 0 };
	int err, insn;

	if (!pairfuse_hook_is_syscall(plan->exit->prog->at))
		return 0;
	if (plan->stays)
		return refuse(plan, -1, "would find what an older call has left",
			      "delete it on every path");
	if (makes_child(plan->exit->prog->target) && !pairfuse_storage_key_is_thread(plan))
		return refuse(plan, -1, "would find the parent's state in the child",
			      "use the thread as the key");
	err = plan->slot_ok ? pairfuse_plan_run_without(plan, &run) :
			      pairfuse_storage_run_without(plan, &run);
	insn = run.effects_insn;
	if (!err && run.effects_unarmed)
		err = refuse(plan, insn, "does something without state",
			     "look for the state first");
	pairfuse_run_free(&run);
	return err;
}
