// SPDX-License-Identifier: GPL-2.0
/*
 * Origins of numbers. Those in memory are in a table by address, which forgets: what
 * comes to the same place pushes out what was there.
 */
#include <string.h>

#include "insn.h"
#include "origin.h"

#define WORD 8

static const struct pairfuse_origin nowhere;

/* --- memory that programs have written --- */

static unsigned int place(__u64 addr)
{
	return (addr ^ addr >> 17 ^ addr >> 28) % PAIRFUSE_NR_SHADOWS;
}

static struct pairfuse_origin *shadow(struct pairfuse_world *w, __u64 addr)
{
	unsigned int n = place(addr);

	return w->origins->shadows[n].addr == addr ? &w->origins->shadows[n].origin : NULL;
}

static void forget(struct pairfuse_world *w, __u64 addr, __u32 size)
{
	struct pairfuse_origin *o;
	unsigned int i;

	for (i = 1; i < WORD; i++) {
		o = shadow(w, addr - i);
		if (o && o->size > i)
			*o = nowhere;
	}
	for (i = 0; i < size; i++) {
		o = shadow(w, addr + i);
		if (o)
			*o = nowhere;
	}
}

static void set_shadow(struct pairfuse_world *w, __u64 addr, const struct pairfuse_origin *o,
		       __u32 size)
{
	unsigned int n = place(addr);

	w->origins->shadows[n].addr = addr;
	w->origins->shadows[n].origin = *o;
	w->origins->shadows[n].origin.size = size;
}

void pairfuse_origin_fill(struct pairfuse_world *w, __u64 to, __u32 size, enum pairfuse_source from,
			  __u64 at)
{
	struct pairfuse_origin o = { .from = from, .is_exit = w->is_exit };
	__u32 i, max = size < PAIRFUSE_ASKED_KEY ? size : PAIRFUSE_ASKED_KEY;

	if (!w->origins)
		return;
	o.call = w->origins->call;
	forget(w, to, max);
	for (i = 0; i < max; i += WORD) {
		o.at = at + i;
		set_shadow(w, to + i, &o, max - i < WORD ? max - i : WORD);
	}
}

void pairfuse_origin_copy(struct pairfuse_world *w, __u64 to, __u64 from, __u32 size)
{
	const struct pairfuse_origin *o;
	__u32 i, max = size < PAIRFUSE_ASKED_KEY ? size : PAIRFUSE_ASKED_KEY;

	if (!w->origins)
		return;
	forget(w, to, max);
	for (i = 0; from && i < max; i++) {
		o = shadow(w, from + i);
		if (o && o->from && i + o->size <= max)
			set_shadow(w, to + i, o, o->size);
	}
}

/* --- operations --- */

static void push(struct pairfuse_origin *o, __u8 op, bool is32, __u64 k)
{
	if (!o->from)
		return;
	if (o->nr_ops == PAIRFUSE_ORIGIN_OPS) {
		*o = nowhere;
		return;
	}
	o->ops[o->nr_ops].op = op;
	o->ops[o->nr_ops].is32 = is32;
	o->ops[o->nr_ops++].k = k;
}

static __u64 mask(unsigned int size)
{
	return size >= 8 ? ~0ULL : (1ULL << 8 * size) - 1;
}

/* Bytes of a number that is at addr. */
static bool load_shadow(struct pairfuse_world *w, __u64 addr, unsigned int size,
			struct pairfuse_origin *to)
{
	const struct pairfuse_origin *o;
	unsigned int i;

	for (i = 0; i < WORD; i++) {
		o = shadow(w, addr - i);
		if (!o || !o->from || o->size <= i)
			continue;
		if (o->call != w->origins->call) /* of a call that is over */
			return false;
		*to = *o;
		if (!to->nr_ops && to->from <= PAIRFUSE_FROM_COMM) {
			to->at += i;
			to->size = size;
			return true;
		}
		if (i)
			push(to, BPF_RSH, false, 8 * i);
		if (size < 8)
			push(to, BPF_AND, false, mask(size));
		return true;
	}
	return false;
}

static void load(struct pairfuse_world *w, __u64 addr, unsigned int size, struct pairfuse_origin *o)
{
	struct pairfuse_origin from = {
		.is_exit = w->is_exit, .call = w->origins->call, .size = size, .at = addr
	};
	const struct pairfuse_elem *e;

	*o = nowhere;
	if (!pairfuse_is_region(addr)) {
		from.from = PAIRFUSE_FROM_OUTSIDE;
	} else if (addr - w->ctx < 512) {
		from.from = PAIRFUSE_FROM_CTX;
		from.at = addr - w->ctx;
	} else if (load_shadow(w, addr, size, o)) {
		return;
	} else {
		e = pairfuse_region_elem(w, addr);
		if (!e || e->map >= w->out->in->nr_maps || w->out->carrier[e->map])
			return;
		from.from = PAIRFUSE_FROM_ELEM;
		from.what = e->map;
	}
	*o = from;
}

static void follow_alu(const struct bpf_insn *insn, const __u64 *r, struct pairfuse_origin *o)
{
	bool is32 = pairfuse_insn_class(insn) == BPF_ALU, reg = BPF_SRC(insn->code) == BPF_X;
	struct pairfuse_origin *d = &o[insn->dst_reg];
	const struct pairfuse_origin *s = &o[insn->src_reg];
	__u8 op = BPF_OP(insn->code);

	if (op == BPF_MOV) {
		*d = reg ? *s : nowhere;
		if (is32 && d->size > 4)
			push(d, BPF_AND, false, 0xffffffff);
	} else if (op == BPF_NEG) {
		push(d, BPF_NEG, is32, 0);
	} else if (op == BPF_END) {
		push(d, BPF_END, !is32 || reg, insn->imm);
	} else if (!reg) {
		push(d, op, is32, (__s64)insn->imm);
	} else if (insn->dst_reg == insn->src_reg) {
		*d = nowhere;
	} else if (d->from) {
		push(d, op, is32, r[insn->src_reg]);
	} else if (op == BPF_SUB) {
		*d = *s;
		push(d, BPF_NEG, is32, r[insn->dst_reg]);
	} else {
		*d = op == BPF_ADD || op == BPF_OR || op == BPF_AND || op == BPF_XOR ? *s : nowhere;
		push(d, op, is32, r[insn->dst_reg]);
	}
}

static void follow_store(struct pairfuse_world *w, const struct bpf_insn *insn, const __u64 *r,
			 struct pairfuse_origin *o)
{
	__u64 addr = r[insn->dst_reg] + insn->off;
	unsigned int size = pairfuse_insn_size(insn);

	forget(w, addr, size);
	if (!pairfuse_insn_is_atomic(insn)) {
		if (o[insn->src_reg].from)
			set_shadow(w, addr, &o[insn->src_reg], size);
		return;
	}
	o[insn->imm == BPF_LOAD_ACQ ? insn->dst_reg : insn->src_reg] = nowhere;
	if (insn->imm == BPF_CMPXCHG)
		o[0] = nowhere;
}

void pairfuse_origin_follow(struct pairfuse_world *w, const struct bpf_insn *insn, const __u64 *r,
			    struct pairfuse_origin *o)
{
	switch (pairfuse_insn_class(insn)) {
	case BPF_LD:
		o[insn->dst_reg] = nowhere;
		return;
	case BPF_LDX:
		load(w, r[insn->src_reg] + insn->off, pairfuse_insn_size(insn), &o[insn->dst_reg]);
		return;
	case BPF_ST:
		forget(w, r[insn->dst_reg] + insn->off, pairfuse_insn_size(insn));
		return;
	case BPF_STX:
		follow_store(w, insn, r, o);
		return;
	case BPF_ALU:
	case BPF_ALU64:
		follow_alu(insn, r, o);
		return;
	}
}

/* --- helpers --- */

void pairfuse_origins_begin(struct pairfuse_world *w)
{
	if (!w->origins)
		return;
	w->origins->nr_wishes = 0;
	w->origins->nr_asked = 0;
	w->origins->answer = nowhere;
}

void pairfuse_origin_answer(struct pairfuse_world *w, enum pairfuse_source from, __u32 what)
{
	if (w->origins)
		w->origins->answer = (struct pairfuse_origin){
			.from = from,
			.what = what,
			.size = 8,
			.is_exit = w->is_exit,
			.call = w->origins->call,
		};
}

void pairfuse_origin_lookup(struct pairfuse_world *w, unsigned int map, const void *key)
{
	struct pairfuse_origins *os = w->origins;
	__u32 size;

	if (!os || map >= w->out->in->nr_maps || w->out->carrier[map] ||
	    os->nr_asked == PAIRFUSE_NR_ASKED)
		return;
	size = pairfuse_map_key_size(w->out, map);
	if (size > PAIRFUSE_ASKED_KEY)
		return;
	pairfuse_origin_answer(w, PAIRFUSE_FROM_LOOKUP, map);
	os->answer.at = os->nr_asked;
	os->asked[os->nr_asked].map = map;
	memcpy(os->asked[os->nr_asked++].key, key, size);
}

/* --- wishes --- */

static __u64 swap(__u64 v, unsigned int bits)
{
	return __builtin_bswap64(v) >> (64 - bits);
}

/* x op k is v; what is x? false: nothing, or too hard. */
static bool undo(__u8 op, bool is32, __u64 k, __u64 v, __u64 *x)
{
	unsigned int shift = k & (is32 ? 31 : 63);

	switch (op) {
	case BPF_ADD:
		*x = v - k;
		break;
	case BPF_SUB:
		*x = v + k;
		break;
	case BPF_NEG:
		*x = k - v;
		break;
	case BPF_XOR:
		*x = v ^ k;
		break;
	case BPF_AND:
		*x = v;
		return !(v & ~k);
	case BPF_OR:
		*x = v & ~k;
		return (v & k) == k;
	case BPF_LSH:
		*x = v >> shift;
		return *x << shift == v || is32;
	case BPF_RSH:
	case BPF_ARSH:
		*x = v << shift;
		break;
	case BPF_MUL:
		*x = k ? v / k : 0;
		return k && *x * k == v;
	case BPF_DIV:
		*x = v * k;
		break;
	case BPF_MOD:
		*x = v;
		return v < k;
	case BPF_END:
		*x = is32 ? swap(v, k) : v;
		return true;
	default:
		return false;
	}
	*x = is32 ? (__u32)*x : *x;
	return true;
}

void pairfuse_origin_wish(struct pairfuse_world *w, const struct pairfuse_origin *o, __u64 wanted,
			  size_t pc)
{
	struct pairfuse_origins *os = w->origins;
	unsigned int i;

	if (!o->from || o->call != os->call || os->nr_wishes == PAIRFUSE_NR_WISHES)
		return;
	for (i = o->nr_ops; i-- > 0;)
		if (!undo(o->ops[i].op, o->ops[i].is32, o->ops[i].k, wanted, &wanted))
			return;
	os->wishes[os->nr_wishes++] = (struct pairfuse_wish){
		.origin = *o,
		.value = wanted,
		.pc = pc,
	};
}
