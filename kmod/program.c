// SPDX-License-Identifier: GPL-2.0
/*
 * What comes in from user space as a BPF program: the two programs of a pair,
 * and the descriptor of the target. Everything that the verifier leaves to the
 * attach point is checked here.
 */
#include <linux/bpf.h>
#include <linux/err.h>
#include <linux/filter.h>

#include "pairfuse.h"

/* Subprograms are part of prog->insnsi. */
static bool has_insn(const struct bpf_prog *prog, u8 code)
{
	u32 i;

	for (i = 0; i < prog->len; i++)
		if (prog->insnsi[i].code == code)
			return true;
	return false;
}

/*
 * Can a load or store of the program fault? The verifier makes instructions of a kind of
 * their own where an address may be that of nothing (typed pointers, arenas).
 */
static bool may_fault(const struct bpf_prog *prog)
{
	u32 i;

	for (i = 0; i < prog->len; i++) {
		u8 code = prog->insnsi[i].code, mode = BPF_MODE(code);

		switch (BPF_CLASS(code)) {
		case BPF_LDX:
			if (mode != BPF_MEM && mode != BPF_MEMSX)
				return true;
			break;
		case BPF_ST:
		case BPF_STX:
			if (mode != BPF_MEM && mode != BPF_ATOMIC)
				return true;
			break;
		}
	}
	return false;
}

/*
 * A program of a pair, by file descriptor; the caller owns the reference.
 *
 * For raw tracepoint programs the kernel checks how far a program reaches into
 * its context and into the writable buffer only when it is attached to a
 * tracepoint, so we do it. The interpreter is refused since the stub calls the
 * program's text directly, and a sleepable program since preemption is off.
 *
 * What is checked has to be what runs. A program with BTF can be replaced later by
 * one of type EXT (freplace), and a tail call leads to whatever is put into the array:
 * both may reach further, and nobody looks at that again.
 */
struct bpf_prog *pairfuse_prog_get(int fd)
{
	struct bpf_prog *prog;
	int err;

	prog = bpf_prog_get_type_dev(fd, BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE, false);
	if (IS_ERR(prog))
		return ERR_PTR(-EBADF);

	err = -ENOEXEC;
	if (!prog->jited)
		goto put;
	err = -EACCES;
	if (prog->sleepable || prog->aux->btf || has_insn(prog, BPF_JMP | BPF_TAIL_CALL) ||
	    prog->aux->max_ctx_offset > PAIRFUSE_CTX_WORDS * sizeof(u64) ||
	    prog->aux->max_tp_access > PAIRFUSE_SLOT_SIZE)
		goto put;
	return prog;
put:
	bpf_prog_put(prog);
	return ERR_PTR(err);
}

/*
 * Does the program call nothing (no helper that looks at bpf_ctx, takes a lock or
 * uses something per CPU), cannot fault, and has no private stack? Then it may run above itself and
 * without bpf_ctx: it needs neither guard nor context. Calls are what is left of
 * them after the verifier: what it has inlined does not need more than preemption to be
 * off. Where an interrupt runs the program above itself, both may change one number per
 * CPU, and the inner change may be lost: a guard would not have let the inner one run.
 *
 * A load that faults leads into the function, if that is one that handles faults, and so
 * back into the program. Only a guard ends that on the stacks of interrupts and exceptions,
 * where no call passes by.
 */
bool pairfuse_prog_is_leaf(const struct bpf_prog *prog)
{
	return !pairfuse_has_private_stack(prog->aux) && !may_fault(prog) &&
	       !has_insn(prog, BPF_JMP | BPF_CALL) && !has_insn(prog, BPF_JMP | BPF_CALL | BPF_X);
}

bool pairfuse_prog_uses_slot(const struct bpf_prog *prog)
{
	return prog->aux->max_tp_access;
}

/*
 * Argument registers of a function: one for every 8 bytes (structures of up to
 * 16 bytes are passed by value in registers). As long as all fit into the six
 * registers, none is on the stack.
 */
static unsigned int model_regs(const struct btf_func_model *model)
{
	unsigned int i, regs = 0;

	for (i = 0; i < model->nr_args; i++)
		regs += DIV_ROUND_UP(model->arg_size[i], 8);
	return regs;
}

static int target_from_prog(struct bpf_prog *prog, struct pairfuse_target *target)
{
	struct bpf_prog_aux *aux = prog->aux;
	const struct btf_func_model *model;
	int err = 0;

	if (prog->expected_attach_type != BPF_TRACE_FEXIT || aux->dst_prog)
		return -EBADF;
	/*
	 * A stub reads `current` once, at the entry. Here it changes in between, on one
	 * stack. (Kernels with the graph tracer do not let it be traced.)
	 */
	if (aux->attach_func_name && !strcmp(aux->attach_func_name, "__switch_to"))
		return -EOPNOTSUPP;

	/* Attaching takes the trampoline away, under this mutex. */
	mutex_lock(&aux->dst_mutex);
	if (!aux->dst_trampoline) {
		err = -ENOTUNIQ;
		goto unlock;
	}
	model = &aux->dst_trampoline->func.model;
	target->regs = model_regs(model);
	if (target->regs > PAIRFUSE_MAX_ARGS || model->ret_size > 8) {
		err = -EPROTOTYPE;
		goto unlock;
	}
	target->addr = (unsigned long)aux->dst_trampoline->func.addr;
unlock:
	mutex_unlock(&aux->dst_mutex);
	if (err)
		return err;

	/*
	 * The program holds its module, so that cannot be going now. The link
	 * needs it for longer: until no stub can call into the function.
	 */
	target->mod = aux->mod;
	if (target->mod)
		__module_get(target->mod);
	strscpy(target->name, aux->attach_func_name ?: "?", sizeof(target->name));
	return 0;
}

/*
 * The target described by an fexit program that was loaded but never attached:
 * the verifier has looked up the function, its calling convention, and all of
 * the kernel's lists of what must not be traced. Release with
 * pairfuse_target_put().
 */
int pairfuse_target_get(int fd, struct pairfuse_target *target)
{
	struct bpf_prog *prog;
	int err;

	prog = bpf_prog_get_type_dev(fd, BPF_PROG_TYPE_TRACING, false);
	if (IS_ERR(prog))
		return -EBADF;
	err = target_from_prog(prog, target);
	if (!err)
		target->prog = prog;
	else
		bpf_prog_put(prog);
	return err;
}

#if !PAIRFUSE_TRAMPOLINE_MUTEX
static bool trampoline_used(struct bpf_trampoline *tr)
{
	int kind;

	for (kind = 0; kind < BPF_TRAMP_MAX; kind++)
		if (READ_ONCE(tr->progs_cnt[kind]))
			return true;
	return false;
}
#endif

/*
 * With the mutex, or else by atomic operations on a trampoline that nobody uses.
 * Should somebody start to at this moment, either the kernel's own plain stores to the
 * flags win, and all is as without us; or ours is seen and a trampoline is made that
 * can share; or ours comes after its image was made, which then says that it shares
 * and does not: so we look once more, and take back what we have set. ftrace tells a
 * trampoline in use by itself when it has to share.
 */
static void trampoline_share(struct bpf_trampoline *tr, bool share)
{
#if PAIRFUSE_TRAMPOLINE_MUTEX
	guard(mutex)(&tr->mutex);
	if (tr->cur_image)
		return;
	if (share)
		tr->flags |= BPF_TRAMP_F_SHARE_IPMODIFY;
	else
		tr->flags &= ~BPF_TRAMP_F_SHARE_IPMODIFY;
#else
	atomic_t *flags = (atomic_t *)&tr->flags;
	int was;

	static_assert(sizeof(tr->flags) == sizeof(atomic_t));
	if (trampoline_used(tr))
		return;
	if (share) {
		was = atomic_fetch_or(BPF_TRAMP_F_SHARE_IPMODIFY, flags);
		if ((was & BPF_TRAMP_F_SHARE_IPMODIFY) || !trampoline_used(tr))
			return;
	}
	atomic_andnot(BPF_TRAMP_F_SHARE_IPMODIFY, flags);
#endif
}

/* By what it was told, or by its image, which may be older than that. */
static bool trampoline_shares(struct bpf_trampoline *tr)
{
	const u32 shares = BPF_TRAMP_F_SHARE_IPMODIFY | BPF_TRAMP_F_ORIG_STACK;

#if PAIRFUSE_TRAMPOLINE_MUTEX
	guard(mutex)(&tr->mutex);
	return tr->cur_image && (tr->flags & shares);
#else
	return trampoline_used(tr) && (READ_ONCE(tr->flags) & shares);
#endif
}

/*
 * Attaching the first fexit program to a function with IPMODIFY takes the kernel
 * two tries: the first image is for functions without, ftrace answers -EAGAIN,
 * and the image is freed at once. In between
 *
 *  - its ops was on ftrace's list for a moment, and a CPU that was there (somebody
 *    else is on the function too) may be on its way into the image: int3 Oops;
 *  - (7.0 and later) the trampoline's flags say that it shares and its image that
 *    it does not; whoever changes any other trampoline then finds that, warns and
 *    fails (bpf_tramp_ftrace_ops_func()).
 *
 * Neither happens to a trampoline that knows beforehand, so tell it. It lives as
 * long as a program does that was loaded for it: while we hold one, whoever
 * attaches to the function finds what we said. One in use is told by ftrace when
 * we register and unregister; that is why only an idle one is touched. If somebody
 * has attached our program, it has no trampoline any more: all is as without us.
 *
 * The order of locks is that of bpf_tracing_prog_attach(). Sleeps.
 */
void pairfuse_target_share(struct pairfuse_target *target, bool share)
{
	struct bpf_prog_aux *aux = target->prog->aux;

	guard(mutex)(&aux->dst_mutex);
	if (aux->dst_trampoline)
		trampoline_share(aux->dst_trampoline, share);
}

/* Sleeps. False where nobody can tell, since somebody has attached our program. */
bool pairfuse_target_shares(struct pairfuse_target *target)
{
	struct bpf_prog_aux *aux = target->prog->aux;

	guard(mutex)(&aux->dst_mutex);
	return aux->dst_trampoline && trampoline_shares(aux->dst_trampoline);
}

void pairfuse_target_put_prog(struct pairfuse_target *target)
{
	if (target->prog)
		bpf_prog_put(target->prog);
	target->prog = NULL;
}

void pairfuse_target_put(struct pairfuse_target *target)
{
	pairfuse_target_put_prog(target);
	module_put(target->mod);
	target->mod = NULL;
}
