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
 */
#define TASKS 2
#define CPUS 2

bool hooked = true;
byte n_entered[CPUS], n_left[CPUS];	/* as in struct pairfuse_counters */
bool quiescent[TASKS];			/* is in such a state now */
byte passed[TASKS];			/* has been in one since the snapshot */
bool inside[TASKS];			/* between the hook and the return */
bool reused = false;

#define QUIESCENT(t) quiescent[t] = true; passed[t] = 1

proctype task(byte t)
{
	byte calls = 0, cpu;

	do
	:: calls < 2 ->
		calls++;
		quiescent[t] = false;
		if
		:: atomic { hooked -> inside[t] = true };	/* ftrace's trampoline */
			/* here: any time, but no sleep, until counted */
			assert(!reused);
			select(cpu : 0 .. CPUS - 1);
			n_entered[cpu]++;
			/* body: may sleep; may go on elsewhere */
			if
			:: QUIESCENT(t);
				/* asleep, for any time */
				quiescent[t] = false
			:: skip
			fi;
			assert(!reused);		/* the exit half */
			select(cpu : 0 .. CPUS - 1);
			n_left[cpu]++;
			/* here: any time, but no sleep, until returned */
			assert(!reused);
			inside[t] = false
		:: !hooked -> skip
		fi;
		QUIESCENT(t)				/* user mode */
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

proctype drain()
{
	byte i, sum_entered, sum_left;

	hooked = false;					/* pairfuse_site_leave() */
#ifndef NO_GP1
	grace_period();
#endif
#ifndef NO_COUNT
	do						/* pairfuse_link_in_flight() */
	:: true ->
		sum_left = 0; sum_entered = 0;
		i = 0;
		do
		:: i < CPUS -> sum_left = sum_left + n_left[i]; i++
		:: else -> break
		od;
		i = 0;
		do
		:: i < CPUS -> sum_entered = sum_entered + n_entered[i]; i++
		:: else -> break
		od;
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
