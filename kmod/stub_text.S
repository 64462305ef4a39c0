/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The stubs: code around a traced function that runs the entry program, the
 * function, and the exit program.
 *
 * There is a fixed number of copies, each with direct calls of its own (static calls
 * named pairfuse_entry_N, pairfuse_exit_N, pairfuse_body_N, and some more) and a
 * line of data, pairfuse_stub_data[N]. No code is generated at run time and
 * nothing is called through a pointer.
 *
 * Frame, below the return address (and, with CONFIG_FRAME_POINTER, the saved rbp):
 *
 *	saved rbx	rbx: current
 *	saved r12	r12: current->bpf_ctx of the caller
 *	saved r13	r13: recursion guard in use (per-CPU offset);
 *			around the body, the task's word of the group
 *	slot, PAIRFUSE_SLOT_SIZE bytes		<- rsp + SLOT
 *	ctx, PAIRFUSE_CTX_WORDS u64		<- rsp
 *
 * A stack belongs to one task and what is called here leaves bpf_ctx as it found
 * it, so both are read once. The programs and the function preserve rbx and
 * r12..r15.
 *
 * Stubs for pairs whose entry program only took the time have no entry call; they
 * are below, see TIMED. Those above can stamp as well, by calls that are NOPs
 * when nobody asked (pairfuse_stamp, pairfuse_elapsed).
 *
 * Some stubs keep only the first PAIRFUSE_FEW_ARGS argument registers, for
 * functions that have no more. Some imitate the nesting of a map (group.c): they
 * write into a word of the task which invocation is the latest, and take one
 * that is not the latest any more at its exit for not armed. A frame's address
 * tells it from all others that are alive.
 *
 * Three ways in (each also by way of the link's filter, see FILTER):
 *
 *   _shared	on the stack: [caller]. From the shared hook: ftrace returns here
 *		instead of into the function, or a BPF trampoline calls this in its
 *		place. That call is an indirect one, so there is an ENDBR: a CPU with
 *		IBT takes no other target. Counted apart: see drain.c on calls that
 *		have not arrived yet.
 *   _jmp	the same, from a patched jump or by the body call of an outer stub.
 *   _call	on the stack: [function+5] [caller]. From a patched call. The
 *		function's return address is not needed, since the body is a
 *		direct call; its slot gets the address of a bare RET. The stub
 *		then returns there and from there to the caller: two returns for
 *		the two calls that the CPU's return stack has seen. (Dropping
 *		the slot with add $8,%rsp would leave it out of step for the
 *		whole call chain.) Where stacks are unwound by frame pointers, the
 *		slot becomes a frame record first, whose return address is the
 *		caller's: without it the caller would be missing from every stack
 *		that is taken below.
 *
 * No frame is made on a stack that is nearly full (DEEP): frames of pairs on functions
 * that call each other add up, and the kernel's own functions were measured without
 * them. Such calls pass by and are counted.
 *
 * Stubs can be probed: a breakpoint on each of their instructions is how their stacks are
 * tested. But a kprobe that is optimised replaces five bytes. None may reach over an entrance from
 * what stands before it, so in front of each entrance there is a jump of five bytes
 * (JMP5), or an instruction that runs on into it and that kprobes see as such.
 *
 * What can happen on the way:
 *
 *   preemption, migration: possible everywhere but inside the two preempt-off
 *	regions. Counters are single per-CPU instructions. The guard is taken
 *	and released on one CPU; its address is kept in a register since detach
 *	may change it in stub_data meanwhile.
 *   interrupts and NMIs: may run this very stub, on a frame of their own. The
 *	guard counts up and down in balance; whoever does not find 1 runs no
 *	program (the verifier relies on that).
 *   sleeping in the body, for any time: state is on this stack. Detach turns
 *	the exit call into a NOP and the guard into one that never lets in.
 *   the task never returns (exits in the body): left is never counted; the
 *	stub drains for ever, is listed, and cannot be used again.
 *   unload: not before in-flight is zero, nobody is on the way from the shared
 *	hook, and an RCU-tasks grace period has covered the instructions before
 *	`entered` and after `left`.
 *
 * Preemption off is an RCU read side section (the flavours are one since 4.20)
 * and forbids migration: what programs are promised. bpf_ctx is restored before
 * the body runs: has_current_bpf_ctx() changes what some kernel functions do.
 *
 * Call depth tracking (Skylake): the calls made here are not accounted, so its
 * counter is never above the depth of the return stack: safe, stuffs earlier.
 */
#include <linux/linkage.h>
#include <linux/objtool.h>
#include <asm/asm.h>
#include <asm/nospec-branch.h>
#include <asm/percpu.h>
#include <asm/unwind_hints.h>

#include "offsets.h"
#include "compat.h"

#define CTX(word)	((word) * 8)(%rsp)
/* a member of pairfuse_stub_data[n] */
#define STUB_DATA(n, member)	pairfuse_stub_data + n * PAIRFUSE_STUB_DATA_SIZE + member(%rip)

#define CTX_SLOT	CTX(0)
#define CTX_RET		CTX(7)
#define CTX_ARMED	CTX(8)
#define CTX_ELAPSED	CTX(9)
#define CTX_STAMP	CTX(10)			/* reserved in the ABI */
#define CTX_STAMP_HIGH	4 + CTX(10)
#define SLOT		(12 * 8)
#define TIMED_NEST	SLOT			/* of a timed stub with exact nesting */

/*
 * What is below the return address; rsp is a multiple of 16 before calls. Saved registers
 * and unwinding do without rbp, unless the kernel unwinds by it.
 */
#ifdef CONFIG_FRAME_POINTER
#define FRAME_BASE	8
#else
#define FRAME_BASE	0
#endif
#define FRAME		(SLOT + 64 + FRAME_BASE)
#define TIMED_FRAME	(SLOT + 8 + FRAME_BASE)
#define LEAF_FRAME	(SLOT + 64 + 24 + FRAME_BASE)
#define LEAF_NEST	SLOT + 64		/* around the body; then the exit's */
#define LEAF_GUARD	SLOT + 64		/* recursion guard, and */
#define LEAF_RUN_CTX	SLOT + 72		/* the caller's bpf_ctx */

.macro FRAME_RECORD
#ifdef CONFIG_FRAME_POINTER
	pushq	%rbp
	movq	%rsp, %rbp
#endif
.endm

.macro FRAME_RECORD_END
#ifdef CONFIG_FRAME_POINTER
	popq	%rbp
#endif
.endm

/*
 * objtool finds the key of a static call by the symbols of the object file that it looks
 * at. That is this one, unless the kernel has it look at linked modules (IBT, LTO); and
 * this one would have no such symbol.
 */
.macro KEY name
	.pushsection .discard.addressable, "aw"
	.quad	__SCK__\name
	.popsection
.endm

#define JMP5	{disp32} jmp

	.text

/*
 * Take the guard in stub_data at \guard and jump to \missed when it was taken;
 * set current->bpf_ctx to stub_data's \run_ctx. Preemption is off.
 */
.macro PROGRAM_ENTER n guard run_ctx missed
	movq	STUB_DATA(\n, \guard), %r13
	incl	%gs:(%r13)
	cmpl	$1, %gs:(%r13)
	jne	\missed
	leaq	STUB_DATA(\n, \run_ctx), %rdi
	movq	%rdi, PAIRFUSE_TASK_BPF_CTX(%rbx)
	movq	%rsp, %rdi
.endm

/* Undo the above; who missed has only the guard to give back. */
.macro PROGRAM_LEAVE missed
	movq	%r12, PAIRFUSE_TASK_BPF_CTX(%rbx)
\missed\()_back:
	decl	%gs:(%r13)
.endm

.macro COUNT n what reg
	movq	STUB_DATA(\n, PAIRFUSE_STUB_COUNTERS), \reg
	incq	%gs:\what(\reg)
.endm

/*
 * rax := the time stamp counter, after all instructions before it (as the kernel's
 * own clock reads it); rdx is gone. Or, once the kernel has stopped trusting the
 * counter, something that imitates it: see clock.c, also for why entry and exit have a
 * call of their own each.
 */
.macro STAMP clock
	lfence
	rdtsc
	call	__SCT__\clock
	shlq	$32, %rdx
	orq	%rdx, %rax
.endm

/*
 * rax: cycles, becomes nanoseconds; rdx is gone. 32 binary digits behind the
 * point, a product of 128 bits: right for centuries.
 */
.macro CYCLES_TO_NS factor:vararg
	mulq	\factor
	shrdq	$32, %rdx, %rax
.endm

/*
 * Calls of others than the filter names pass by. Nothing is saved and nothing is left
 * on the stack, since nobody counts them; so they go on to the next stub by the same
 * kind of way that they came, or to the function: to where the patched call came
 * from (pairfuse_pass_N, which is a return when there is no next stub), or to where
 * the stub's own call would lead. rax, r10 and r11 are no arguments. The thread's
 * ids are its own to change (execve() of a thread that is not the leader), so they
 * can be read; its name is anybody's, and one load reads what is there.
 */
.macro MATCHES n to
	movq	PAIRFUSE_CURRENT, %r11
	movzwl	STUB_DATA(\n, PAIRFUSE_STUB_FILTER_OFFSET), %r10d
	movl	(%r11,%r10), %eax
	cmpl	STUB_DATA(\n, PAIRFUSE_STUB_FILTER_VALUE), %eax
	je	\to
.endm

/* Less than PAIRFUSE_STACK_RESERVE left, perhaps: then \to looks closer. */
.macro DEEP to
	testl	$PAIRFUSE_STACK_DEEP, %esp
	jz	\to
.endm

/*
 * The ways in, before the frame is made; counted first of all. rax, r10 and r11 are no
 * arguments. What is entered by calls that are patched in runs on into the frame; where
 * those are jumps, these do.
 */
.macro ENTER_JMP n
.Ljmp_\n:
	ANNOTATE_NOENDBR
	DEEP	.Ldeep_jmp_\n
.Lentered_\n:
	COUNT	\n, PAIRFUSE_COUNT_ENTERED, %rax
.endm

.macro ENTER_CALL n
.Lcall_\n:
	ANNOTATE_NOENDBR
	DEEP	.Ldeep_call_\n
.Lcalled_\n:
#ifdef CONFIG_FRAME_POINTER
	movq	%rbp, (%rsp)
	movq	%rsp, %rbp
	pushq	$pairfuse_bare_return_here
#else
	movq	$pairfuse_bare_return_here, (%rsp)
#endif
.endm

/*
 * While a BPF trampoline has not called it yet, this address is on the stack in place of
 * the function's, and unwinders look up the one before: that has to be of an instruction
 * of the stub, so there is no padding. (.Lshared_filter_N too.)
 */
.macro ENTER_SHARED n
	UNWIND_HINT_FUNC		/* a table leads here, nothing above */
.Lshared_entrance_\n:
	ENDBR
	DEEP	.Ldeep_shared_\n
.Lshared_\n:
	COUNT	\n, PAIRFUSE_COUNT_ARRIVED, %rax
	JMP5	.Lframe_\n
	.balign	2, 0xcc			/* bit 0 of an address is ftrace's, see compat.h */
	UNWIND_HINT_FUNC
.endm

.macro ENTRANCES n
#if PAIRFUSE_DIRECT_JMP
	ENTER_CALL \n
	JMP5	.Lentered_\n
	ENTER_SHARED \n
	ENTER_JMP \n
#else
	ENTER_JMP \n
	JMP5	.Lframe_\n
	ENTER_SHARED \n
	ENTER_CALL \n
	COUNT	\n, PAIRFUSE_COUNT_ENTERED, %rax
#endif
.Lframe_\n:
.endm

/* At the end of a stub: entrances for links with a filter, and calls that pass by. */
.macro FILTERS n
	.balign	2, 0xcc
	UNWIND_HINT_FUNC
.Lcall_filter_\n:
	ANNOTATE_NOENDBR
	MATCHES	\n, .Lcall_\n
	JMP5	__SCT__pairfuse_pass_\n
	.balign	2, 0xcc
	UNWIND_HINT_FUNC
.Ljmp_filter_\n:
	ANNOTATE_NOENDBR
	MATCHES	\n, .Ljmp_\n
	JMP5	__SCT__pairfuse_body_\n
	UNWIND_HINT_FUNC
.Lshared_filter_\n:
	ENDBR
	MATCHES	\n, .Lshared_enter_\n
.Lshared_pass_\n:
	COUNT	\n, PAIRFUSE_COUNT_PASSED, %rax
	JMP5	__SCT__pairfuse_body_\n
.Lshared_enter_\n:
	DEEP	.Ldeep_shared_\n
	JMP5	.Lshared_\n

	/* The stack: [caller], with [function+5] below it where that is to be passed. */
.Ldeep_shared_\n:
	call	pairfuse_is_deep
	testl	%eax, %eax
	jz	.Lshared_\n
	COUNT	\n, PAIRFUSE_COUNT_DEEP, %rax
	jmp	.Lshared_pass_\n
.Ldeep_jmp_\n:
	call	pairfuse_is_deep
	testl	%eax, %eax
	jz	.Lentered_\n
	COUNT	\n, PAIRFUSE_COUNT_DEEP, %rax
	JMP5	__SCT__pairfuse_body_\n
.Ldeep_call_\n:
	call	pairfuse_is_deep
	testl	%eax, %eax
	jz	.Lcalled_\n
	COUNT	\n, PAIRFUSE_COUNT_DEEP, %rax
	JMP5	__SCT__pairfuse_pass_\n
.endm

.macro KEYS n
	KEY	pairfuse_stamp_\n
	KEY	pairfuse_elapsed_\n
	KEY	pairfuse_exit_\n
	KEY	pairfuse_pass_\n
	KEY	pairfuse_body_\n
.endm

/* The context's first words: the slot and the arguments, as many as the stub keeps. */
.macro SAVE_ARGS
	movq	%rdi, CTX(1)
	.if	!.Lone
	movq	%rsi, CTX(2)
	movq	%rdx, CTX(3)
	.endif
	.if	.Lall_args
	movq	%rcx, CTX(4)
	movq	%r8, CTX(5)
	movq	%r9, CTX(6)
	.endif
	leaq	SLOT(%rsp), %rax
	movq	%rax, CTX_SLOT
.endm

.macro RESTORE_ARGS
	movq	CTX(1), %rdi
	.if	!.Lone
	movq	CTX(2), %rsi
	movq	CTX(3), %rdx
	.endif
	.if	.Lall_args
	movq	CTX(4), %rcx
	movq	CTX(5), %r8
	movq	CTX(6), %r9
	.endif
.endm

/* pairfuse_stub_table[n], see stub.c */
.macro TABLE_ENTRY n entry_gone exit_gone
	.pushsection .rodata
	.quad	.Ljmp_\n
	.quad	.Lcall_\n
	.quad	.Lshared_entrance_\n
	.quad	.Ljmp_filter_\n
	.quad	.Lcall_filter_\n
	.quad	.Lshared_filter_\n
	.quad	\entry_gone
	.quad	\exit_gone
	.quad	.Lbegin_\n
	.quad	.Lend_\n
	.popsection
.endm

/* The function, and whether there is state for the exit program of a stub with an entry program. */
.macro CALL_BODY n
	RESTORE_ARGS
	call	__SCT__pairfuse_body_\n
	movq	%rax, CTX_RET
	cmpq	$0, CTX_ARMED
	je	.Lnot_armed_\n
.endm

/* What such a stub does rarely, between its end and FILTERS. */
.macro CALL_ENDS n
.Lentry_resched_\n:
	PAIRFUSE_PREEMPT_SCHEDULE
	jmp	.Lbody_\n

	.if	.Lexact
.Lnested_\n:
	movq	$0, CTX_ARMED
	.endif
.Lnot_armed_\n:				/* rax: what the function returned */
	COUNT	\n, PAIRFUSE_COUNT_NOT_ARMED, %rcx
	cmpb	$0, STUB_DATA(\n, PAIRFUSE_STUB_EXIT_ALWAYS)
	jne	.Lexit_\n
	jmp	.Lleave_\n

.Lexit_missed_\n:
	/* A call counts once: as not armed, when it was not. */
	cmpq	$0, CTX_ARMED
	je	.Lexit_missed_\n\()_back
	COUNT	\n, PAIRFUSE_COUNT_EXIT_MISSED, %rcx
	jmp	.Lexit_missed_\n\()_back

.Lexit_resched_\n:
	PAIRFUSE_PREEMPT_SCHEDULE
	JMP5	.Lreturn_\n
.endm

.macro STUB n
	.set	.Lone, \n >= PAIRFUSE_STUB_ONE
	.set	.Lexact, \n >= PAIRFUSE_STUB_PLAIN && !.Lone
	.if	.Lexact
	.set	.Lall_args, \n >= PAIRFUSE_STUB_EXACT_FEW
	.else
	.set	.Lall_args, \n >= PAIRFUSE_STUB_PLAIN_FEW && !.Lone
	.endif
SYM_START(pairfuse_stub_\n, SYM_L_GLOBAL, SYM_A_ALIGN)
.Lbegin_\n:
	ENTRANCES \n
	FRAME_RECORD
	pushq	%rbx
	pushq	%r12
	pushq	%r13
	subq	$FRAME, %rsp
	SAVE_ARGS
	call	__SCT__pairfuse_stamp_\n
	movq	PAIRFUSE_CURRENT, %rbx
	movq	PAIRFUSE_TASK_BPF_CTX(%rbx), %r12

	PAIRFUSE_PREEMPT_INC
	PROGRAM_ENTER \n, PAIRFUSE_STUB_ENTRY_ACTIVE, PAIRFUSE_STUB_ENTRY_RUN_CTX, .Lentry_missed_\n
	call	__SCT__pairfuse_entry_\n
	movq	%rax, CTX_ARMED
	PROGRAM_LEAVE .Lentry_missed_\n
	.if	.Lexact
	movzbl	STUB_DATA(\n, PAIRFUSE_STUB_NEST), %r13d
	addq	PAIRFUSE_TASK_STACK(%rbx), %r13
	movq	%rsp, (%r13)
	.endif
	PAIRFUSE_PREEMPT_DEC
	jz	.Lentry_resched_\n
.Lbody_\n:
	CALL_BODY \n
	.if	.Lexact
	cmpq	%rsp, (%r13)
	jne	.Lnested_\n
	.endif
	call	__SCT__pairfuse_elapsed_\n

.Lexit_\n:
	PAIRFUSE_PREEMPT_INC
	PROGRAM_ENTER \n, PAIRFUSE_STUB_EXIT_ACTIVE, PAIRFUSE_STUB_EXIT_RUN_CTX, .Lexit_missed_\n
	call	__SCT__pairfuse_exit_\n
	PROGRAM_LEAVE .Lexit_missed_\n
	PAIRFUSE_PREEMPT_DEC
	jz	.Lexit_resched_\n
.Lreturn_\n:
	movq	CTX_RET, %rax
.Lleave_\n:
	COUNT	\n, PAIRFUSE_COUNT_LEFT, %rcx
	addq	$FRAME, %rsp
	popq	%r13
	popq	%r12
	popq	%rbx
	FRAME_RECORD_END
	RET

.Lentry_missed_\n:
	COUNT	\n, PAIRFUSE_COUNT_ENTRY_MISSED, %rcx
	movq	$0, CTX_ARMED
	jmp	.Lentry_missed_\n\()_back

	CALL_ENDS \n
	FILTERS	\n
.Lend_\n:
	ANNOTATE_NOENDBR
SYM_FUNC_END(pairfuse_stub_\n)
STACK_FRAME_NON_STANDARD_FP(pairfuse_stub_\n)

	TABLE_ENTRY \n, 0, 0
	KEYS	\n
	KEY	pairfuse_entry_\n
.endm

/*
 * A stub without an entry program: it takes the time, and the exit program gets the
 * difference. The exit program is a leaf (program.c): it calls nothing,
 * so nobody looks at bpf_ctx, and it may run above itself, so it needs no guard.
 * It looks at no argument and not at the slot; there is none. All calls count as
 * armed.
 *
 *	  address of the task's word of the group	<- rsp + TIMED_NEST
 *	  ctx, PAIRFUSE_CTX_WORDS u64		<- rsp
 *
 * Arguments stay where they are. What is said above about preemption,
 * interrupts, sleeping and unloading holds here too. Without a guard, it is the
 * exit call itself that detach turns into one of the code at "gone", which counts;
 * the program cannot go while a CPU has preemption off.
 *
 * The counter is read in place and kept in two halves. The calls behind it (stamp,
 * elapsed) are NOPs, unless the link wants another clock or the counter is lost: then
 * they put that clock's time into edx:eax (clock.c). The factor in stub_data makes
 * nanoseconds of either. Some stubs are for another clock only: they have just the calls,
 * which do all of it.
 */
.macro TIMED n
	.set	.Lmono, \n >= PAIRFUSE_STUB_MONO
	.if	.Lmono
	.set	.Lexact, \n >= PAIRFUSE_STUB_MONO_EXACT
	.else
	.set	.Lexact, \n >= PAIRFUSE_STUB_TIMED_EXACT
	.endif
SYM_START(pairfuse_stub_\n, SYM_L_GLOBAL, SYM_A_ALIGN)
.Lbegin_\n:
	ENTRANCES \n
	FRAME_RECORD
	subq	$TIMED_FRAME, %rsp
	.if	.Lexact
	movzbl	STUB_DATA(\n, PAIRFUSE_STUB_NEST), %eax
	movq	PAIRFUSE_CURRENT, %r11
	addq	PAIRFUSE_TASK_STACK(%r11), %rax
	movq	%rax, TIMED_NEST(%rsp)
	movq	%rsp, (%rax)
	.endif
	.if	.Lmono
	call	__SCT__pairfuse_stamp_\n
	.else
	movq	%rdx, %r10
	lfence
	rdtsc
	call	__SCT__pairfuse_stamp_\n
	movl	%eax, CTX_STAMP
	movl	%edx, CTX_STAMP_HIGH
	movq	%r10, %rdx
	.endif
	call	__SCT__pairfuse_body_\n
	movq	%rax, CTX_RET
	.if	.Lexact
	movq	TIMED_NEST(%rsp), %rax
	cmpq	%rsp, (%rax)
	jne	.Lnested_\n
	.endif
	.if	.Lmono
	call	__SCT__pairfuse_elapsed_\n
	.else
	lfence
	rdtsc
	call	__SCT__pairfuse_elapsed_\n
	subl	CTX_STAMP, %eax
	sbbl	CTX_STAMP_HIGH, %edx
	jnz	.Lfar_\n
.Lcycles_\n:
	CYCLES_TO_NS STUB_DATA(\n, PAIRFUSE_STUB_CYCLE_NS)
	movq	%rax, CTX_ELAPSED
	.endif
	PAIRFUSE_PREEMPT_INC
	movq	%rsp, %rdi
	call	__SCT__pairfuse_exit_\n
	PAIRFUSE_PREEMPT_DEC
	jz	.Lresched_\n
.Lreturn_\n:
	movq	CTX_RET, %rax
	COUNT	\n, PAIRFUSE_COUNT_LEFT, %rcx
	addq	$TIMED_FRAME, %rsp
	FRAME_RECORD_END
	RET

.Lresched_\n:
	PAIRFUSE_PREEMPT_SCHEDULE
	JMP5	.Lreturn_\n

	.if	!.Lmono
	/* Four seconds and more, or less than nothing. */
.Lfar_\n:
	shlq	$32, %rdx
	orq	%rdx, %rax
	jns	.Lcycles_\n
	leaq	CTX_STAMP, %rcx
	call	pairfuse_cycles_again
	JMP5	.Lcycles_\n
	.endif

	.if	.Lexact
.Lnested_\n:
	COUNT	\n, PAIRFUSE_COUNT_NOT_ARMED, %rcx
	JMP5	.Lreturn_\n
	.endif

	FILTERS	\n
.Lend_\n:
	ANNOTATE_NOENDBR
SYM_FUNC_END(pairfuse_stub_\n)
STACK_FRAME_NON_STANDARD_FP(pairfuse_stub_\n)

SYM_FUNC_START_LOCAL(pairfuse_gone_\n)
	ANNOTATE_NOENDBR
	COUNT	\n, PAIRFUSE_COUNT_EXIT_MISSED, %rcx
	RET
SYM_FUNC_END(pairfuse_gone_\n)

	TABLE_ENTRY \n, 0, pairfuse_gone_\n
	KEYS	\n
.endm

/*
 * A stub whose entry program is a leaf (program.c), but wants arguments or the slot. It
 * needs neither guard nor bpf_ctx, so nothing is kept in registers over it and the
 * body: what the exit program needs is read for it, and kept in the frame.
 *
 *	  recursion guard in use, bpf_ctx of the caller
 *	  (around the body: address of the task's word of the group)	<- rsp + LEAF_NEST
 *	  slot, PAIRFUSE_SLOT_SIZE bytes	<- rsp + SLOT
 *	  ctx, PAIRFUSE_CTX_WORDS u64		<- rsp
 *
 * Without a guard, detach turns the entry call into one of the code at "gone", which
 * counts, and arms no exit.
 */
.macro LEAF n
	.set	.Lone, \n < PAIRFUSE_STUB_LEAF_FEW
	.set	.Lall_args, \n >= PAIRFUSE_STUB_LEAF && \n < PAIRFUSE_STUB_LEAF_EXACT
	.set	.Lexact, \n >= PAIRFUSE_STUB_LEAF_EXACT
SYM_START(pairfuse_stub_\n, SYM_L_GLOBAL, SYM_A_ALIGN)
.Lbegin_\n:
	ENTRANCES \n
	FRAME_RECORD
	subq	$LEAF_FRAME, %rsp
	SAVE_ARGS
	call	__SCT__pairfuse_stamp_\n
	PAIRFUSE_PREEMPT_INC
	movq	%rsp, %rdi
	call	__SCT__pairfuse_entry_\n
	movq	%rax, CTX_ARMED
	.if	.Lexact
	movzbl	STUB_DATA(\n, PAIRFUSE_STUB_NEST), %eax
	movq	PAIRFUSE_CURRENT, %rcx
	addq	PAIRFUSE_TASK_STACK(%rcx), %rax
	movq	%rax, LEAF_NEST(%rsp)
	movq	%rsp, (%rax)
	.endif
	PAIRFUSE_PREEMPT_DEC
	jz	.Lentry_resched_\n
.Lbody_\n:
	CALL_BODY \n
	.if	.Lexact
	movq	LEAF_NEST(%rsp), %rcx
	cmpq	%rsp, (%rcx)
	jne	.Lnested_\n
	.endif
	call	__SCT__pairfuse_elapsed_\n

.Lexit_\n:
	PAIRFUSE_PREEMPT_INC
	movq	STUB_DATA(\n, PAIRFUSE_STUB_EXIT_ACTIVE), %rcx
	movq	%rcx, LEAF_GUARD(%rsp)
	incl	%gs:(%rcx)
	cmpl	$1, %gs:(%rcx)
	jne	.Lexit_missed_\n
	movq	PAIRFUSE_CURRENT, %rdx
	movq	PAIRFUSE_TASK_BPF_CTX(%rdx), %rax
	movq	%rax, LEAF_RUN_CTX(%rsp)
	leaq	STUB_DATA(\n, PAIRFUSE_STUB_EXIT_RUN_CTX), %rax
	movq	%rax, PAIRFUSE_TASK_BPF_CTX(%rdx)
	movq	%rsp, %rdi
	call	__SCT__pairfuse_exit_\n
	movq	PAIRFUSE_CURRENT, %rdx
	movq	LEAF_RUN_CTX(%rsp), %rax
	movq	%rax, PAIRFUSE_TASK_BPF_CTX(%rdx)
.Lexit_missed_\n\()_back:
	movq	LEAF_GUARD(%rsp), %rcx
	decl	%gs:(%rcx)
	PAIRFUSE_PREEMPT_DEC
	jz	.Lexit_resched_\n
.Lreturn_\n:
	movq	CTX_RET, %rax
.Lleave_\n:
	COUNT	\n, PAIRFUSE_COUNT_LEFT, %rcx
	addq	$LEAF_FRAME, %rsp
	FRAME_RECORD_END
	RET

	CALL_ENDS \n
	FILTERS	\n
.Lend_\n:
	ANNOTATE_NOENDBR
SYM_FUNC_END(pairfuse_stub_\n)
STACK_FRAME_NON_STANDARD_FP(pairfuse_stub_\n)

SYM_FUNC_START_LOCAL(pairfuse_gone_\n)
	ANNOTATE_NOENDBR
	COUNT	\n, PAIRFUSE_COUNT_ENTRY_MISSED, %rcx
	xorl	%eax, %eax
	RET
SYM_FUNC_END(pairfuse_gone_\n)

	TABLE_ENTRY \n, pairfuse_gone_\n, 0
	KEYS	\n
	KEY	pairfuse_entry_\n
.endm

/*
 * Called by the stubs above, on whose frames they work, one return address
 * further down: stamps keep the arguments, wherever those are; to elapsed times
 * all registers are free that a call may change.
 */
#define CALLER(slot)	8 + slot

/*
 * eax := does less than PAIRFUSE_STACK_RESERVE remain of the task's stack? On any other
 * stack (of interrupts: not aligned as a task's is) it is 0. Keeps all registers but
 * rax, r11.
 */
SYM_FUNC_START(pairfuse_is_deep)
	ANNOTATE_NOENDBR
	movq	PAIRFUSE_CURRENT, %r11
	movq	%rsp, %rax
	subq	PAIRFUSE_TASK_STACK(%r11), %rax
	cmpq	$PAIRFUSE_STACK_RESERVE, %rax
	sbbl	%eax, %eax
	RET
SYM_FUNC_END(pairfuse_is_deep)
STACK_FRAME_NON_STANDARD_FP(pairfuse_is_deep)
_ASM_NOKPROBE(pairfuse_is_deep)

	KEY	pairfuse_clock_entry
	KEY	pairfuse_clock_exit

/*
 * rax: a negative difference to the stamp at (%rcx); becomes one that is not; rdx is
 * gone. Slightly negative: this CPU's counter is a few cycles behind that of the CPU where
 * the call began, or (bpf_ktime_get_ns(), after NMIs) the clock has stepped back: 0. Very
 * much so: the entry's stamp is the counter and the exit's an imitation; then the counter
 * has to do for this call.
 */
SYM_FUNC_START(pairfuse_cycles_again)
	ANNOTATE_NOENDBR
	sarq	$61, %rax
	incq	%rax
	jz	1f
	rdtsc
	shlq	$32, %rdx
	orq	%rdx, %rax
	subq	(%rcx), %rax
	jns	1f
	xorl	%eax, %eax
1:	RET
SYM_FUNC_END(pairfuse_cycles_again)
STACK_FRAME_NON_STANDARD_FP(pairfuse_cycles_again)
_ASM_NOKPROBE(pairfuse_cycles_again)

SYM_FUNC_START(pairfuse_stamp)
	ANNOTATE_NOENDBR
	movq	%rdx, %r10
	STAMP	pairfuse_clock_entry
	movq	%rax, CALLER(CTX_STAMP)
	movq	%r10, %rdx
	RET
SYM_FUNC_END(pairfuse_stamp)
STACK_FRAME_NON_STANDARD_FP(pairfuse_stamp)
_ASM_NOKPROBE(pairfuse_stamp)

SYM_FUNC_START(pairfuse_elapsed)
	ANNOTATE_NOENDBR
	STAMP	pairfuse_clock_exit
	subq	CALLER(CTX_STAMP), %rax
	js	2f
1:	CYCLES_TO_NS pairfuse_cycle_ns(%rip)
	movq	%rax, CALLER(CTX_ELAPSED)
	RET
2:	leaq	CALLER(CTX_STAMP), %rcx
	call	pairfuse_cycles_again
	jmp	1b
SYM_FUNC_END(pairfuse_elapsed)
STACK_FRAME_NON_STANDARD_FP(pairfuse_elapsed)
_ASM_NOKPROBE(pairfuse_elapsed)

/* The same with the clock of bpf_ktime_get_ns(). */
SYM_FUNC_START(pairfuse_stamp_mono)
	ANNOTATE_NOENDBR
	pushq	%rdi
	pushq	%rsi
	pushq	%rdx
	pushq	%rcx
	pushq	%r8
	pushq	%r9
	call	ktime_get_mono_fast_ns
	movq	%rax, 6 * 8 + CALLER(CTX_STAMP)
	popq	%r9
	popq	%r8
	popq	%rcx
	popq	%rdx
	popq	%rsi
	popq	%rdi
	RET
SYM_FUNC_END(pairfuse_stamp_mono)
STACK_FRAME_NON_STANDARD_FP(pairfuse_stamp_mono)
_ASM_NOKPROBE(pairfuse_stamp_mono)

SYM_FUNC_START(pairfuse_elapsed_mono)
	ANNOTATE_NOENDBR
	call	ktime_get_mono_fast_ns
	subq	CALLER(CTX_STAMP), %rax
	js	2f			/* can be, after NMIs: see the kernel's function */
1:	movq	%rax, CALLER(CTX_ELAPSED)
	RET
2:	xorl	%eax, %eax
	jmp	1b
SYM_FUNC_END(pairfuse_elapsed_mono)
STACK_FRAME_NON_STANDARD_FP(pairfuse_elapsed_mono)
_ASM_NOKPROBE(pairfuse_elapsed_mono)

/* edx:eax := what \read returns; keeps all other registers. */
.macro CLOCK name read
SYM_FUNC_START(\name)
	ANNOTATE_NOENDBR
	pushq	%rcx
	pushq	%rsi
	pushq	%rdi
	pushq	%r8
	pushq	%r9
	pushq	%r10
	pushq	%r11
	call	\read
	movq	%rax, %rdx
	shrq	$32, %rdx
	movl	%eax, %eax
	popq	%r11
	popq	%r10
	popq	%r9
	popq	%r8
	popq	%rdi
	popq	%rsi
	popq	%rcx
	RET
SYM_FUNC_END(\name)
STACK_FRAME_NON_STANDARD_FP(\name)
_ASM_NOKPROBE(\name)
.endm

	CLOCK	pairfuse_clock_imitated, pairfuse_clock_read
	CLOCK	pairfuse_clock_mono, ktime_get_mono_fast_ns

/*
 * Where stubs entered by a call return to. The NOP belongs to it: unwinders
 * look up the address before the one on the stack.
 */
SYM_FUNC_START(pairfuse_bare_return)
	nop
SYM_INNER_LABEL(pairfuse_bare_return_here, SYM_L_LOCAL)
	ANNOTATE_NOENDBR
	FRAME_RECORD_END		/* which ENTER_CALL has made */
	RET
SYM_FUNC_END(pairfuse_bare_return)
STACK_FRAME_NON_STANDARD_FP(pairfuse_bare_return)
_ASM_NOKPROBE(pairfuse_bare_return)

	.pushsection .rodata
	.balign	8
SYM_DATA_START(pairfuse_stub_table)
	.popsection

/*
 * Count in decimal, as stub.c does. Only the evaluation of % wants altmacro,
 * whose other rules would spoil the code above.
 */
.macro ONE_STUB n
	.noaltmacro
	.if	\n >= PAIRFUSE_STUB_LEAF_ONE
	LEAF	\n
	.elseif	\n >= PAIRFUSE_STUB_ONE || \n < PAIRFUSE_STUB_TIMED
	STUB	\n
	.else
	TIMED	\n
	.endif
	.altmacro
.endm

	.altmacro
	.set	.Ln, 0
	.rept	PAIRFUSE_STUB_COUNT
	ONE_STUB %.Ln
	.set	.Ln, .Ln + 1
	.endr
	.noaltmacro

	.pushsection .rodata
SYM_DATA_END(pairfuse_stub_table)
	.popsection
