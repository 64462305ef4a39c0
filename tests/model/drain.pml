/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Model of kmod/drain.c: a stub is reused only when nobody executes it.
 *
 * Two tasks call the hooked function again and again, on any CPU, sleeping in
 * it if they like. The loader detaches; the drain worker waits as drain.c does;
 * then the stub must not be on anybody's way. tests/model/run checks the model
 * as it is, which must hold, and with one step left out (-DNO_GP1 and so on),
 * which must not: a model that cannot fail proves nothing.
 *
 * RCU-tasks: a grace period has passed when every task has been in a quiescent
 * state (user mode, or a voluntary sleep) since it began. Preemption is no
 * quiescent state: a task may stop anywhere between two statements.
 *
 * Between hook and stub there are BPF programs that may sleep, as readers of
 * RCU-tasks-trace, and that may divert the call, so that it never arrives.
 */
#define TASKS 2
#define CPUS 2
#define PROGRAMS 2
#define CALLS (2 - t)		/* of task t */

bool hooked = true;
/* as in struct pairfuse_counters; that of the hook has come to rest when it is read */
byte n_hooked, n_arrived[CPUS], n_left[CPUS];
bool quiescent[TASKS];			/* is in such a state now */
byte passed[TASKS];			/* has been in one since the snapshot */
bool reading[TASKS];			/* is in a program that may sleep */
bool ended[TASKS];			/* that program has ended since the snapshot */
bool inside[TASKS];			/* between the hook and the return */
bool reused = false;

#define QUIESCENT(t) quiescent[t] = true; passed[t] = 1

proctype task(byte t)
{
	byte calls = 0, p = 0;

	do
	:: calls < CALLS ->
		calls++;
		quiescent[t] = false;
		if
		:: atomic { hooked -> inside[t] = true };	/* ftrace's trampoline */
			/* here: any time, but no sleep, until counted */
			n_hooked++;
			do
			:: p < PROGRAMS ->
				p++;
				atomic { reading[t] = true; QUIESCENT(t) };
				/* asleep, for any time */
				atomic { quiescent[t] = false; reading[t] = false; ended[t] = true }
			:: p = 0; break
			od;
			if
			:: inside[t] = false; goto done	/* diverted */
			:: skip
			fi;
			/* here: any time, but no sleep, until counted */
			assert(!reused);
			if :: n_arrived[0]++ :: n_arrived[1]++ fi;
			/* body: may sleep; may go on elsewhere */
			if
			:: QUIESCENT(t);
				/* asleep, for any time */
				quiescent[t] = false
			:: skip
			fi;
			assert(!reused);		/* the exit half */
			if :: n_left[0]++ :: n_left[1]++ fi;
			/* here: any time, but no sleep, until returned */
			assert(!reused);
			inside[t] = false
		:: !hooked -> skip
		fi;
done:		QUIESCENT(t)				/* user mode */
	:: break
	od;
	QUIESCENT(t)
}

inline grace_period()
{
	atomic {
		i = 0;
		do
		:: i < TASKS -> passed[i] = quiescent[i]; i++
		:: else -> break
		od
	}
	i = 0;
	do
	:: i < TASKS -> (passed[i] || quiescent[i]); i++
	:: else -> break
	od
}

inline trace_grace_period()
{
	atomic {
		i = 0;
		do
		:: i < TASKS -> ended[i] = !reading[i]; i++
		:: else -> break
		od
	}
	i = 0;
	do
	:: i < TASKS -> ended[i]; i++
	:: else -> break
	od
}

#define ADD_UP(sum, counts) \
	sum = 0; \
	i = 0; \
	do \
	:: i < CPUS -> sum = sum + counts[i]; i++ \
	:: else -> break \
	od

#ifdef NO_ROUND
#define ROUNDS (PROGRAMS - 1)
#else
#define ROUNDS PROGRAMS
#endif

proctype drain()
{
	byte i, sum_entered, sum_left, rounds = 0;

	hooked = false;					/* pairfuse_site_leave() */
#ifndef NO_GP1
	grace_period();
#endif
#ifndef NO_LATE
	do						/* PAIRFUSE_STAGE_LATE */
	:: true ->
		ADD_UP(sum_left, n_arrived);		/* pairfuse_link_is_late() */
		if
		:: n_hooked == sum_left || rounds == ROUNDS -> break
		:: else -> rounds++
		fi;
#ifndef NO_TRACE
		trace_grace_period();
#endif
		grace_period()
	od;
#endif
#ifndef NO_COUNT
	do						/* pairfuse_link_in_flight() */
	:: true ->
		ADD_UP(sum_left, n_left);
		ADD_UP(sum_entered, n_arrived);
		if
		:: sum_entered == sum_left -> break
		:: else -> skip
		fi
	od;
#endif
#ifndef NO_GP2
	grace_period();
#endif
	reused = true;
	assert(!inside[0] && !inside[1])
}

init {
	byte i = 0;

	atomic {
		do
		:: i < TASKS -> quiescent[i] = true; run task(i); i++
		:: else -> break
		od;
		run drain()
	}
}
