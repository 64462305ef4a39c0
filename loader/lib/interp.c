// SPDX-License-Identifier: GPL-2.0
/*
 * The instructions of interpreted programs. Arithmetic and conditions are written
 * here once more, not taken from expr.c, where the rewriter has its own from: what
 * is wrong there shall show.
 */
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "insn.h"
#include "interp.h"
#include "origin.h"

#define MAX_INSNS	1000000
#define WHERE_MASK	0xffff		/* of the numbers of regions, some bits */

struct machine {
	struct pairfuse_world *w;
	const struct pairfuse_code_run *run;
	unsigned int depth;
};

void pairfuse_world_fault(struct pairfuse_world *w, enum pairfuse_fault fault, const char *fmt, ...)
{
	va_list ap;

	if (w->fault)
		return;
	w->fault = fault;
	va_start(ap, fmt);
	vsnprintf(w->what, sizeof(w->what), fmt, ap);
	va_end(ap);
}

/* --- arithmetic --- */

static __u64 sign_extend(__u64 v, unsigned int bits)
{
	return bits >= 64 ? v : (__u64)((__s64)(v << (64 - bits)) >> (64 - bits));
}

static __u64 divide64(bool mod, bool is_signed, __u64 a, __u64 b)
{
	if (!b)
		return mod ? a : 0;
	if (!is_signed)
		return mod ? a % b : a / b;
	if (b == ~0ULL)		/* the smallest number has no opposite */
		return mod ? 0 : -a;
	return mod ? (__u64)((__s64)a % (__s64)b) : (__u64)((__s64)a / (__s64)b);
}

static __u64 divide(bool mod, bool is_signed, bool is32, __u64 a, __u64 b)
{
	if (!is32)
		return divide64(mod, is_signed, a, b);
	if (is_signed)
		return (__u32)divide64(mod, true, sign_extend(a, 32), sign_extend(b, 32));
	return divide64(mod, false, (__u32)a, (__u32)b);
}

/* op is one of those that atomic instructions have too */
static __u64 combine(__u8 op, __u64 a, __u64 b, bool is32)
{
	unsigned int shift = b & (is32 ? 31 : 63);

	if (is32)
		a = (__u32)a;
	switch (op) {
	case BPF_ADD:
		a += b;
		break;
	case BPF_SUB:
		a -= b;
		break;
	case BPF_MUL:
		a *= b;
		break;
	case BPF_OR:
		a |= b;
		break;
	case BPF_AND:
		a &= b;
		break;
	case BPF_XOR:
		a ^= b;
		break;
	case BPF_LSH:
		a <<= shift;
		break;
	case BPF_RSH:
		a >>= shift;
		break;
	case BPF_ARSH:
		a = (__u64)((__s64)sign_extend(a, is32 ? 32 : 64) >> shift);
		break;
	}
	return is32 ? (__u32)a : a;
}

static __u64 swap(__u64 v, unsigned int bits, bool reverse)
{
	if (reverse)
		v = __builtin_bswap64(v) >> (64 - bits);
	return bits == 64 ? v : v & ((1ULL << bits) - 1);
}

static void alu(const struct bpf_insn *insn, __u64 *r)
{
	bool is32 = pairfuse_insn_class(insn) == BPF_ALU, reg = BPF_SRC(insn->code) == BPF_X;
	__u64 b = reg ? r[insn->src_reg] : (__u64)(__s64)insn->imm, *d = &r[insn->dst_reg];
	__u8 op = BPF_OP(insn->code);

	switch (op) {
	case BPF_NEG:
		*d = is32 ? (__u32)-*d : -*d;
		return;
	case BPF_END:		/* ALU64: bswap; else to little or big endian */
		*d = swap(*d, insn->imm, !is32 || reg);
		return;
	case BPF_MOV:
		b = insn->off ? sign_extend(b, insn->off) : b;
		*d = is32 ? (__u32)b : b;
		return;
	case BPF_DIV:
	case BPF_MOD:
		*d = divide(op == BPF_MOD, insn->off, is32, *d, b);
		return;
	}
	*d = combine(op, *d, b, is32);
}

static bool holds(const struct bpf_insn *insn, const __u64 *r)
{
	unsigned int bits = pairfuse_insn_class(insn) == BPF_JMP32 ? 32 : 64;
	__u64 a = r[insn->dst_reg], b;
	__s64 sa, sb;

	b = BPF_SRC(insn->code) == BPF_X ? r[insn->src_reg] : (__u64)(__s64)insn->imm;
	sa = sign_extend(a, bits);
	sb = sign_extend(b, bits);
	if (bits == 32) {
		a = (__u32)a;
		b = (__u32)b;
	}
	switch (BPF_OP(insn->code)) {
	case BPF_JEQ:
		return a == b;
	case BPF_JNE:
		return a != b;
	case BPF_JGT:
		return a > b;
	case BPF_JGE:
		return a >= b;
	case BPF_JLT:
		return a < b;
	case BPF_JLE:
		return a <= b;
	case BPF_JSET:
		return a & b;
	case BPF_JSGT:
		return sa > sb;
	case BPF_JSGE:
		return sa >= sb;
	case BPF_JSLT:
		return sa < sb;
	case BPF_JSLE:
		return sa <= sb;
	}
	return false;		/* may_goto: the loop goes on */
}

/* --- memory --- */

/* A region, or a pointer to an object of the kernel, where a page that is not there reads as 0. */
static __u64 load(struct pairfuse_world *w, __u64 addr, unsigned int size, bool sign)
{
	const unsigned char *data = pairfuse_region(w, addr, size, false);
	__u64 v = 0;

	if (data)
		memcpy(&v, data, size);
	else if (pairfuse_is_region(addr))
		pairfuse_world_fault(w, PAIRFUSE_FAULT_PROGRAM, "reads %u bytes at a bad address",
				     size);
	else if (!pairfuse_outside_read(w->out, addr, &v, size))
		v = 0;
	return sign ? sign_extend(v, 8 * size) : v;
}

static void store(struct pairfuse_world *w, __u64 addr, __u64 v, unsigned int size)
{
	unsigned char *data = pairfuse_region(w, addr, size, true);

	if (data)
		memcpy(data, &v, size);
	else
		pairfuse_world_fault(w, PAIRFUSE_FAULT_PROGRAM, "writes %u bytes at a bad address",
				     size);
}

static void atomic(struct pairfuse_world *w, const struct bpf_insn *insn, __u64 *r)
{
	unsigned int size = pairfuse_insn_size(insn);
	bool is32 = size == 4;
	__u64 addr = r[insn->dst_reg] + insn->off, src = r[insn->src_reg], old;

	if (insn->imm == BPF_LOAD_ACQ) {
		r[insn->dst_reg] = load(w, r[insn->src_reg] + insn->off, size, false);
		return;
	}
	if (insn->imm == BPF_STORE_REL) {
		store(w, addr, src, size);
		return;
	}
	old = load(w, addr, size, false);
	if (insn->imm == BPF_CMPXCHG) {
		if (old == (is32 ? (__u32)r[0] : r[0]))
			store(w, addr, src, size);
		r[0] = old;
		return;
	}
	store(w, addr, insn->imm == BPF_XCHG ? src : combine(insn->imm & 0xf0, old, src, is32),
	      size);
	if (insn->imm & BPF_FETCH)
		r[insn->src_reg] = old;
}

/* --- constants --- */

static __u64 map_value(struct pairfuse_world *w, int map, __u32 off)
{
	struct pairfuse_elem *e;
	__u32 zero = 0;

	if (pairfuse_map_kind(w->out, map) != PAIRFUSE_MAP_ARRAY) {
		pairfuse_world_fault(w, PAIRFUSE_FAULT_MODEL, "an address in map '%s'",
				     w->out->in->maps[map].name);
		return 0;
	}
	e = pairfuse_map_get(w, map, &zero, 0);
	return e ? e->value + off : 0;
}

static __u64 imm64(struct pairfuse_world *w, const struct bpf_insn *insn)
{
	const struct pairfuse_input *in = w->out->in;
	int map;

	switch (insn->src_reg) {
	case 0:
		return (__u32)insn->imm | (__u64)insn[1].imm << 32;
	case BPF_PSEUDO_MAP_FD:
	case BPF_PSEUDO_MAP_IDX:
	case BPF_PSEUDO_MAP_VALUE:
	case BPF_PSEUDO_MAP_IDX_VALUE:
		if (insn->src_reg == BPF_PSEUDO_MAP_FD && insn->imm == PAIRFUSE_TASK_CARRIER)
			map = w->storage_size ? (int)in->nr_maps + w->storage : -1;
		else
			map = in->map_ref(in->map_ref_arg, insn);
		if (map < 0)
			break;
		if (insn->src_reg == BPF_PSEUDO_MAP_VALUE ||
		    insn->src_reg == BPF_PSEUDO_MAP_IDX_VALUE)
			return map_value(w, map, insn[1].imm);
		return PAIRFUSE_VA_MAPS + (__u64)map * 4096;
	case BPF_PSEUDO_BTF_ID:		/* a variable of the kernel */
		return PAIRFUSE_VA_KERNEL + (pairfuse_mix(w->out->seed, insn->imm) & 0xfff8);
	}
	pairfuse_world_fault(w, PAIRFUSE_FAULT_MODEL, "a reference of kind %u", insn->src_reg);
	return 0;
}

/* --- calls, and all of it --- */

/* A function: args[], and where they came from, become r1 to r5. */
static __u64 run_from(struct machine *vm, size_t pc, const __u64 *args, struct pairfuse_origin *o);

static void call(struct machine *vm, size_t pc, __u64 *r, struct pairfuse_origin *o)
{
	const struct bpf_insn *insn = &vm->run->insns[pc];
	struct pairfuse_world *w = vm->w;

	if (insn->src_reg == BPF_PSEUDO_CALL)
		r[0] = run_from(vm, pc + 1 + insn->imm, r, o);
	else if (insn->src_reg == 0)
		r[0] = pairfuse_interp_helper(w, insn->imm, r, vm->run->ctx);
	else if (insn->src_reg == BPF_PSEUDO_KFUNC_CALL && w->out->in->rdonly_cast_id > 0 &&
		 insn->imm == w->out->in->rdonly_cast_id)
		r[0] = r[1];
	else
		pairfuse_world_fault(w, PAIRFUSE_FAULT_MODEL, "kfunc %d", insn->imm);
	pairfuse_junk(w, (unsigned char *)&r[1], 5 * sizeof(r[1]));
	if (!o)
		return;
	if (insn->src_reg != BPF_PSEUDO_CALL) {
		o[0] = w->origins->answer;
		w->origins->answer.from = PAIRFUSE_FROM_NOWHERE;
	}
	memset(&o[1], 0, 5 * sizeof(*o));
}

/* Numbers near which a condition changes, of those that o can be. */
static __u64 near(const struct pairfuse_origin *o, __u64 v, unsigned int n)
{
	const __u64 all[] = { v, v + 1, v - 1, 0, ~v };
	bool masked = o->nr_ops && o->ops[o->nr_ops - 1].op == BPF_AND;

	return masked ? all[n] & o->ops[o->nr_ops - 1].k : all[n];
}

#define NR_NEAR 5

/* Wish that the condition were the opposite, up to twice. */
static void wish(struct pairfuse_world *w, const struct bpf_insn *insn, size_t pc, const __u64 *r,
		 const struct pairfuse_origin *o, bool is)
{
	bool reg = BPF_SRC(insn->code) == BPF_X, left = o[insn->dst_reg].from;
	unsigned int changed = left || !reg ? insn->dst_reg : insn->src_reg, n, found = 0;
	__u64 other = !reg ? (__u64)(__s64)insn->imm : left ? r[insn->src_reg] : r[insn->dst_reg];
	__u64 tried[PAIRFUSE_NR_REGS];

	if (!o[changed].from || (reg && insn->src_reg == insn->dst_reg))
		return;
	memcpy(tried, r, sizeof(tried));
	for (n = 0; n < NR_NEAR && found < 2; n++) {
		tried[changed] = near(&o[changed], other, n);
		if (holds(insn, tried) == is)
			continue;
		found++;
		pairfuse_origin_wish(w, &o[changed], tried[changed], pc);
	}
}

static void jump(struct machine *vm, size_t *pc, const __u64 *r, const struct pairfuse_origin *o)
{
	const struct bpf_insn *insn = &vm->run->insns[*pc];
	bool is = pairfuse_insn_is_ja(insn) || holds(insn, r);
	unsigned char *seen = vm->run->seen;
	size_t at = *pc;

	if (is)
		*pc += insn->off;
	if (!seen || pairfuse_insn_is_ja(insn))
		return;
	seen[at] |= is ? PAIRFUSE_SEEN_TAKEN : PAIRFUSE_SEEN_PASSED;
	if (o && !(seen[at] & (is ? PAIRFUSE_SEEN_PASSED : PAIRFUSE_SEEN_TAKEN)))
		wish(vm->w, insn, at, r, o, is);
}

static void step(struct machine *vm, size_t *pc, __u64 *r, struct pairfuse_origin *o)
{
	const struct bpf_insn *insn = &vm->run->insns[*pc];
	struct pairfuse_world *w = vm->w;

	if (o)
		pairfuse_origin_follow(w, insn, r, o);
	switch (pairfuse_insn_class(insn)) {
	case BPF_LD:
		r[insn->dst_reg] = imm64(w, insn);
		++*pc;
		return;
	case BPF_LDX:
		r[insn->dst_reg] = load(w, r[insn->src_reg] + insn->off, pairfuse_insn_size(insn),
					BPF_MODE(insn->code) == BPF_MEMSX);
		return;
	case BPF_ST:
		store(w, r[insn->dst_reg] + insn->off, (__s64)insn->imm, pairfuse_insn_size(insn));
		return;
	case BPF_STX:
		if (pairfuse_insn_is_atomic(insn))
			atomic(w, insn, r);
		else
			store(w, r[insn->dst_reg] + insn->off, r[insn->src_reg],
			      pairfuse_insn_size(insn));
		return;
	case BPF_ALU:
	case BPF_ALU64:
		alu(insn, r);
		return;
	}
	if (pairfuse_insn_is_call(insn))
		call(vm, *pc, r, o);
	else if (insn->code == (BPF_JMP32 | BPF_JA))
		*pc += insn->imm;
	else
		jump(vm, pc, r, o);
}

/* A 64 bit constant has a second half. */
static bool can_step(struct machine *vm, size_t pc)
{
	const struct pairfuse_code_run *run = vm->run;
	struct pairfuse_world *w = vm->w;

	if (pc >= run->nr || !pairfuse_insn_valid(&run->insns[pc]) ||
	    (pairfuse_insn_is_imm64(&run->insns[pc]) && pc + 1 >= run->nr))
		pairfuse_world_fault(w, PAIRFUSE_FAULT_PROGRAM, "no instruction at %zd",
				     (ssize_t)pc);
	else if (++w->insns > MAX_INSNS)
		pairfuse_world_fault(w, PAIRFUSE_FAULT_MODEL, "more than %d instructions in a run",
				     MAX_INSNS);
	return !w->fault;
}

static __u64 run_from(struct machine *vm, size_t pc, const __u64 *args, struct pairfuse_origin *o)
{
	struct pairfuse_origin own[PAIRFUSE_NR_REGS];
	struct pairfuse_world *w = vm->w;
	__u64 r[PAIRFUSE_NR_REGS];
	unsigned char *stack;

	if (vm->depth == PAIRFUSE_INTERP_DEPTH) {
		pairfuse_world_fault(w, PAIRFUSE_FAULT_PROGRAM, "calls too deep");
		return 0;
	}
	r[10] = w->stack[vm->depth++] + PAIRFUSE_STACK_SIZE;
	stack = pairfuse_region(w, r[10] - PAIRFUSE_STACK_SIZE, PAIRFUSE_STACK_SIZE, true);
	if (stack)
		pairfuse_junk(w, stack, PAIRFUSE_STACK_SIZE);
	pairfuse_junk(w, (unsigned char *)r, 10 * sizeof(r[0]));
	memcpy(&r[1], &args[1], 5 * sizeof(r[0]));
	if (w->origins)
		memset(own, 0, sizeof(own));
	if (o)
		memcpy(&own[1], &o[1], 5 * sizeof(own[0]));
	while (can_step(vm, pc)) {
		if (vm->run->seen)
			vm->run->seen[pc] |= PAIRFUSE_SEEN_RUN;
		if (pairfuse_insn_is_exit(&vm->run->insns[pc]))
			break;
		step(vm, &pc, r, w->origins ? own : NULL);
		pc++;
	}
	vm->depth--;
	if (o)
		o[0] = own[0];
	return r[0];
}

__u64 pairfuse_interp(struct pairfuse_world *w, const struct pairfuse_code_run *run)
{
	struct machine vm = { .w = w, .run = run };
	__u64 args[6];

	pairfuse_junk(w, (unsigned char *)args, sizeof(args));
	args[1] = run->ctx;
	w->insns = 0;
	w->records = 0;
	w->readings = 0;
	w->missed_map = -1;
	w->ctx = run->ctx;
	pairfuse_origins_begin(w);
	return run_from(&vm, 0, args, NULL);
}

/* --- worlds --- */

struct pairfuse_world *pairfuse_world_new(const struct pairfuse_outside *out, __u64 seed,
					  bool invert, int pattern)
{
	struct pairfuse_world *w = calloc(1, sizeof(*w));
	unsigned int i;

	if (!w)
		return NULL;
	w->out = out;
	w->junk = seed;
	w->invert = invert;
	w->pattern = pattern;
	w->where = pairfuse_mix(seed, 0) & WHERE_MASK;
	if (invert)
		w->where ^= WHERE_MASK;
	w->missed_map = -1;
	w->tables = calloc(out->in->nr_maps + out->nr_storages + 1, sizeof(*w->tables));
	for (i = 0; w->tables && i < PAIRFUSE_INTERP_DEPTH; i++)
		w->stack[i] = pairfuse_region_new(w, PAIRFUSE_STACK_SIZE, true, NULL);
	if (w->tables && !w->fault)
		return w;
	pairfuse_world_free(w);
	return NULL;
}

void pairfuse_world_free(struct pairfuse_world *w)
{
	__u32 i;

	if (!w)
		return;
	if (w->tables)
		pairfuse_map_free_all(w);
	for (i = 0; i < w->nr_regions; i++)
		free(w->regions[i].data);
	free(w->regions);
	free(w->tables);
	free(w->log);
	free(w);
}

static bool clone_regions(struct pairfuse_world *to, const struct pairfuse_world *from)
{
	__u32 i;

	to->regions = calloc(from->cap_regions, sizeof(*to->regions));
	for (i = 0; to->regions && i < from->nr_regions; i++) {
		to->regions[i] = from->regions[i];
		to->regions[i].elem = NULL;
		if (!from->regions[i].data)
			continue;
		to->regions[i].data = malloc(from->regions[i].size + !from->regions[i].size);
		if (!to->regions[i].data) {
			to->nr_regions = i;
			return false;
		}
		memcpy(to->regions[i].data, from->regions[i].data, from->regions[i].size);
	}
	return to->regions;
}

struct pairfuse_world *pairfuse_world_clone(const struct pairfuse_world *w)
{
	struct pairfuse_world *to = malloc(sizeof(*to));

	if (!to)
		return NULL;
	*to = *w;
	to->log = NULL;
	to->log_len = to->log_cap = 0;
	to->touched = to->grave = NULL;
	to->regions = NULL;
	to->tables = calloc(w->out->in->nr_maps + w->out->nr_storages + 1,
			    sizeof(*to->tables));
	if (to->tables && clone_regions(to, w) && pairfuse_map_clone_all(to, w))
		return to;
	if (!to->regions)
		to->nr_regions = 0;
	pairfuse_world_free(to);
	return NULL;
}

void pairfuse_world_settle(struct pairfuse_world *w)
{
	w->log_len = 0;
	w->moved = 0;
	pairfuse_grave_clear(w);
}
