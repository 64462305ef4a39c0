/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The stubs: code around a traced function that runs the entry program, the
 * function, and the exit program.
 *
 * There is a fixed number of copies, each with three direct calls of its own
 * (static calls named pairfuse_entry_N, pairfuse_exit_N, pairfuse_body_N) and a
 * line of data, pairfuse_stub_data[N]. No code is generated at run time and
 * nothing is called through a pointer.
 *
 * Frame, below the return address:
 *
 *	rbp	saved rbp			<- rbp
 *	-8	saved rbx	rbx: current
 *	-16	saved r12	r12: current->bpf_ctx of the caller
 *	-24	saved r13	r13: recursion guard in use (per-CPU offset);
 *				around the body, the task's word of the group
 *	  slot, PAIRFUSE_SLOT_SIZE bytes	<- rsp + SLOT
 *	  ctx, PAIRFUSE_CTX_WORDS u64		<- rsp
 *
 * A stack belongs to one task and what is called here leaves bpf_ctx as it found
 * it, so both are read once. The programs and the function preserve rbx and
 * r12..r15.
 *
 * Some stubs keep only the first PAIRFUSE_FEW_ARGS argument registers, for
 * functions that have no more. Some imitate the nesting of a map (group.c): they
 * write into a word of the task which invocation is the latest, and take one
 * that is not the latest any more at its exit for not armed. A frame's address
 * tells it from all others that are alive.
 *
 * Two ways in:
 *
 *   _jmp	on the stack: [caller]. From the shared hook (ftrace returns here
 *		instead of into the function), from a patched jump, or by the
 *		body call of an outer stub.
 *   _call	on the stack: [function+5] [caller]. From a patched call. The
 *		function's return address is not needed, since the body is a
 *		direct call; its slot gets the address of a bare RET. The stub
 *		then returns there and from there to the caller: two returns for
 *		the two calls that the CPU's return stack has seen. (Dropping
 *		the slot with add $8,%rsp would leave it out of step for the
 *		whole call chain.)
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
 *   unload: not before in-flight is zero and an RCU-tasks grace period has
 *	covered the instructions before `entered` and after `left`.
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

#include "offsets.h"
#include "compat.h"

#define CTX(word)	((word) * 8)(%rsp)
/* a member of pairfuse_stub_data[n] */
#define STUB_DATA(n, member)	pairfuse_stub_data + n * PAIRFUSE_STUB_DATA_SIZE + member(%rip)

#define CTX_SLOT	CTX(0)
#define CTX_RET		CTX(7)
#define CTX_ARMED	CTX(8)
#define SLOT		(12 * 8)
#define FRAME		(SLOT + 64 + 8)		/* keeps rsp aligned to 16 */

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

.macro STUB n
	.set	.Lexact, \n >= PAIRFUSE_STUB_PLAIN
	.if	.Lexact
	.set	.Lall_args, \n >= PAIRFUSE_STUB_EXACT_FEW
	.else
	.set	.Lall_args, \n >= PAIRFUSE_STUB_PLAIN_FEW
	.endif
SYM_FUNC_START(pairfuse_stub_\n)
.Lcall_\n:
	ANNOTATE_NOENDBR
	movq	$pairfuse_bare_return_here, (%rsp)
.Ljmp_\n:
	ANNOTATE_NOENDBR
	pushq	%rbp
	movq	%rsp, %rbp
	pushq	%rbx
	pushq	%r12
	pushq	%r13
	subq	$FRAME, %rsp
	movq	%rdi, CTX(1)
	movq	%rsi, CTX(2)
	movq	%rdx, CTX(3)
	.if	.Lall_args
	movq	%rcx, CTX(4)
	movq	%r8, CTX(5)
	movq	%r9, CTX(6)
	.endif
	leaq	SLOT(%rsp), %rax
	movq	%rax, CTX_SLOT
	COUNT	\n, PAIRFUSE_COUNT_ENTERED, %rax
	movq	PAIRFUSE_CURRENT, %rbx
	movq	PAIRFUSE_TASK_BPF_CTX(%rbx), %r12

	PAIRFUSE_PREEMPT_INC
	PROGRAM_ENTER \n, PAIRFUSE_STUB_ENTRY_ACTIVE, PAIRFUSE_STUB_ENTRY_RUN_CTX, .Lentry_missed_\n
	call	__SCT__pairfuse_entry_\n
	movq	%rax, CTX_ARMED
	PROGRAM_LEAVE .Lentry_missed_\n
	.if	.Lexact
	movl	STUB_DATA(\n, PAIRFUSE_STUB_NEST), %r13d
	addq	PAIRFUSE_TASK_STACK(%rbx), %r13
	movq	%rsp, (%r13)
	.endif
	PAIRFUSE_PREEMPT_DEC
	jz	.Lentry_resched_\n
.Lbody_\n:
	movq	CTX(1), %rdi
	movq	CTX(2), %rsi
	movq	CTX(3), %rdx
	.if	.Lall_args
	movq	CTX(4), %rcx
	movq	CTX(5), %r8
	movq	CTX(6), %r9
	.endif
	call	__SCT__pairfuse_body_\n
	movq	%rax, CTX_RET
	cmpq	$0, CTX_ARMED
	je	.Lnot_armed_\n
	.if	.Lexact
	cmpq	%rsp, (%r13)
	jne	.Lnested_\n
	.endif

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
	movq	-24(%rbp), %r13
	movq	-16(%rbp), %r12
	movq	-8(%rbp), %rbx
	leave
	RET

.Lentry_missed_\n:
	COUNT	\n, PAIRFUSE_COUNT_ENTRY_MISSED, %rcx
	movq	$0, CTX_ARMED
	jmp	.Lentry_missed_\n\()_back

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
	jmp	.Lreturn_\n
SYM_FUNC_END(pairfuse_stub_\n)

	.pushsection .rodata
	.quad	.Ljmp_\n
	.quad	.Lcall_\n
	.popsection
.endm

/*
 * Where stubs entered by a call return to. The NOP belongs to it: unwinders
 * look up the address before the one on the stack.
 */
SYM_FUNC_START(pairfuse_bare_return)
	nop
SYM_INNER_LABEL(pairfuse_bare_return_here, SYM_L_LOCAL)
	ANNOTATE_NOENDBR
	RET
SYM_FUNC_END(pairfuse_bare_return)

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
	STUB	\n
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
