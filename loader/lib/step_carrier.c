// SPDX-License-Identifier: GPL-2.0
/*
 * One step of the abstract interpretation: accesses to the carrier map.
 *
 * Only one entry of the map matters, that of the key which all accesses of the
 * pair use; "present" in the state says whether it is there. A lookup is
 * therefore decided here: a pointer to the state or NULL.
 */
#include <errno.h>
#include <string.h>

#include "key.h"
#include "state.h"

bool pairfuse_carrier_kind(enum bpf_map_type type, enum pairfuse_carrier_kind *kind)
{
	switch (type) {
	case BPF_MAP_TYPE_HASH:
	case BPF_MAP_TYPE_LRU_HASH:
	case BPF_MAP_TYPE_PERCPU_HASH:
	case BPF_MAP_TYPE_LRU_PERCPU_HASH:
		*kind = PAIRFUSE_CARRIER_HASH;
		return true;
	case BPF_MAP_TYPE_ARRAY:
	case BPF_MAP_TYPE_PERCPU_ARRAY:
		*kind = PAIRFUSE_CARRIER_ARRAY;
		return true;
	case BPF_MAP_TYPE_TASK_STORAGE:
		*kind = PAIRFUSE_CARRIER_TASK;
		return true;
	default:
		return false;
	}
}

/* --- key --- */

static int key_unknown(struct pairfuse_step *s, const char *what)
{
	int insn = pairfuse_step_insn(s);

	return pairfuse_refuse(s->run->why, PAIRFUSE_REASON_KEY_UNKNOWN, insn,
			       "insn %d accesses '%s' with a key that %s", insn,
			       pairfuse_step_map(s), what);
}

/* The key's bytes from read-only data of the object. */
static bool key_global(struct pairfuse_step *s, const struct pairfuse_expr *e,
		       struct pairfuse_key_bytes *key)
{
	const struct pairfuse_map *map = &s->run->in->maps[e->a];
	unsigned int i;
	__u64 off = e->imm;

	if (!map->frozen || !map->rodata || (__s64)off < 0 || off + key->size > map->value_size)
		return false;
	for (i = 0; i < key->size; i++)
		key->root[i] = pairfuse_expr_const(s->run->x,
						   ((const __u8 *)map->rodata)[off + i]);
	return true;
}

static int key_read(struct pairfuse_step *s, struct pairfuse_key_bytes *key)
{
	const struct pairfuse_expr e = *pairfuse_expr(s->run->x, s->st->reg[2]);
	struct pairfuse_state *st = s->st;
	unsigned int i;
	int err;

	if (key->size > PAIRFUSE_MAX_KEY)
		return key_unknown(s, "is too long to follow");
	if (e.kind == PAIRFUSE_E_GLOBAL && key_global(s, &e, key))
		return 0;
	if (e.kind != PAIRFUSE_E_STACK)
		return key_unknown(s, "is not on the stack");
	err = pairfuse_stack_check(s, (__s64)e.imm, key->size);
	if (err)
		return err;
	memcpy(key->root, &st->stack[(__s64)e.imm + PAIRFUSE_STACK_SIZE],
	       key->size * sizeof(key->root[0]));
	memcpy(key->idx, &st->stack_idx[(__s64)e.imm + PAIRFUSE_STACK_SIZE], key->size);
	for (i = 0; i < key->size; i++)
		pairfuse_key_reduce(s->run->x, &key->root[i], &key->idx[i]);
	return 0;
}

/* The same key as every other access of the pair? The first one decides. */
static int check_key(struct pairfuse_step *s, const struct pairfuse_key_bytes *key)
{
	struct pairfuse_key_bytes *want = s->run->key;
	int insn = pairfuse_step_insn(s);
	unsigned int i;

	for (i = 0; i < key->size; i++)
		if (!pairfuse_expr(s->run->x, key->root[i])->fixed)
			return key_unknown(s, "may change between entry and exit");
	if (!want->set) {
		*want = *key;
		want->set = true;
		return 0;
	}
	if (pairfuse_key_same(want, key))
		return 0;
	return pairfuse_refuse(s->run->why, PAIRFUSE_REASON_KEY_DIFFERS, insn,
			       "insn %d accesses '%s' with another key than the rest of the pair",
			       insn, pairfuse_step_map(s));
}

static int map_key(struct pairfuse_step *s)
{
	const struct pairfuse_map *map = &s->run->in->maps[s->run->carrier];
	struct pairfuse_key_bytes key = { .size = map->key_size };
	__u64 index = 0, byte;
	unsigned int i;
	int err;

	err = key_read(s, &key);
	if (!err)
		err = check_key(s, &key);
	if (err || s->run->kind != PAIRFUSE_CARRIER_ARRAY)
		return err;
	/* an element of an array is always there, provided it is in range */
	for (i = 0; i < key.size && i < 8; i++) {
		if (!pairfuse_expr_is_const(s->run->x, key.root[i], &byte))
			return key_unknown(s, "is not a constant, as an index must be");
		index |= byte << 8 * i;
	}
	if (index >= map->max_entries)
		return pairfuse_refuse(s->run->why, PAIRFUSE_REASON_CARRIER_ACCESS,
				       pairfuse_step_insn(s),
				       "insn %d: index %llu is beyond the end of '%s'",
				       pairfuse_step_insn(s), (unsigned long long)index, map->name);
	return 0;
}

static int task_key(struct pairfuse_step *s)
{
	struct pairfuse_key_bytes key = { .size = 8 };
	unsigned int i;

	if (pairfuse_expr(s->run->x, s->st->reg[2])->kind != PAIRFUSE_E_TASK)
		return key_unknown(s, "is not the current task");
	for (i = 0; i < key.size; i++) {
		key.root[i] = s->st->reg[2];
		key.idx[i] = i;
	}
	return check_key(s, &key);
}

/* --- other maps --- */

/*
 * An element of an array is always there. (The verifier of older kernels wants to see a
 * comparison with NULL all the same.)
 */
pairfuse_val pairfuse_step_element(struct pairfuse_step *s)
{
	const struct pairfuse_expr m = *pairfuse_expr(s->run->x, s->st->reg[1]);
	const struct pairfuse_expr e = *pairfuse_expr(s->run->x, s->st->reg[2]);
	const struct pairfuse_map *map = &s->run->in->maps[m.a];
	__s64 at = (__s64)e.imm + PAIRFUSE_STACK_SIZE;
	__u64 index;

	if (!s->run->proving || m.kind != PAIRFUSE_E_MAP || map->reused ||
	    (map->type != BPF_MAP_TYPE_ARRAY && map->type != BPF_MAP_TYPE_PERCPU_ARRAY) ||
	    e.kind != PAIRFUSE_E_STACK || at < 0 || at + 4 > PAIRFUSE_STACK_SIZE)
		return PAIRFUSE_TOP;
	if (!pairfuse_expr_is_const(s->run->x,
				    pairfuse_bytes_get(s->run->x, &s->st->stack[at],
						       &s->st->stack_idx[at], 4), &index) ||
	    index >= map->max_entries)
		return PAIRFUSE_TOP;
	return pairfuse_expr_leaf(s->run->x, PAIRFUSE_E_ELEMENT, m.a,
				  s->node - s->run->ir->nodes, 0);
}

/* --- programs of no pair --- */

int pairfuse_step_watch(struct pairfuse_step *s)
{
	struct pairfuse_key_bytes key = {
		.size = s->run->in->maps[s->run->carrier].key_size,
	};
	unsigned int w;
	int err;

	if (s->run->kind == PAIRFUSE_CARRIER_TASK)
		return key_unknown(s, "has no constant byte");
	s->run->loads |= s->node->insn.imm == BPF_FUNC_map_lookup_elem;
	err = key_read(s, &key);
	for (w = 0; !err && w < s->run->nr_watch; w++)
		s->run->watch[w].met |= !pairfuse_key_apart(s->run->x, &key,
							    s->run->watch[w].key);
	return err;
}

/* --- accesses --- */

static pairfuse_val state_or_null(struct pairfuse_step *s)
{
	if (!s->st->present)
		return pairfuse_expr_const(s->run->x, 0);
	return pairfuse_expr_leaf(s->run->x, PAIRFUSE_E_STATE, s->run->carrier, 0, 0);
}

/* Does anybody want to know what this call returns? */
static bool result_used(const struct pairfuse_step *s)
{
	return !s->run->live || (s->run->live[s->node - s->run->ir->nodes] & 1);
}

/* The entry program sees whether an earlier call has left something. */
static void sees_absence(struct pairfuse_step *s)
{
	if (s->run->is_exit || s->st->present)
		return;
	s->run->looks |= result_used(s);
	s->run->absent_seen = true;
	s->run->absent_insn = pairfuse_step_insn(s);
}

static pairfuse_val lookup(struct pairfuse_step *s)
{
	s->run->loads = true;
	sees_absence(s);
	pairfuse_step_known(s->st);
	return state_or_null(s);
}

/*
 * A hash makes a new element at each update; what a program has looked up before
 * keeps the old bytes. Slot and task storage have one place for both.
 */
int pairfuse_step_outlived(struct pairfuse_step *s, unsigned int taint)
{
	const struct pairfuse_exprs *x = s->run->x;
	__u16 live = s->run->live ? s->run->live[s->node - s->run->ir->nodes] : 0xffff;
	bool kept = false;
	unsigned int i;

	/* what a call preserves */
	for (i = 6; i <= 9; i++)
		kept |= (live & (1U << i)) && (pairfuse_expr(x, s->st->reg[i])->taint & taint);
	for (i = 0; i < PAIRFUSE_STACK_SIZE; i++)
		kept |= pairfuse_expr(x, s->st->stack[i])->taint & taint;
	if (!kept)
		return 0;
	return pairfuse_refuse(s->run->why, PAIRFUSE_REASON_STATE_ESCAPES, pairfuse_step_insn(s),
			       "insn %d updates '%s' while a pointer to what was there is kept",
			       pairfuse_step_insn(s), pairfuse_step_map(s));
}

/* A time, or the address of a structure of the kernel: it names nothing outside. */
static bool is_private(const struct pairfuse_run *run, pairfuse_val v)
{
	const struct pairfuse_expr *e = pairfuse_expr(run->x, v);
	const struct pairfuse_proto *proto = run->prog->proto;

	return e->kind == PAIRFUSE_E_TIME ||
	       (e->kind == PAIRFUSE_E_WORD && proto && e->a < PAIRFUSE_MAX_REGS &&
		proto->btf_id[e->a]);
}

bool pairfuse_step_tells(const struct pairfuse_step *s, pairfuse_val v, unsigned int len)
{
	__u64 imm;

	if (s->run->is_exit)
		return true;
	if (pairfuse_expr_is_const(s->run->x, v, &imm))
		return imm != 0;
	return len != 8 || !is_private(s->run, v);
}

/* An update: constants beside something private are no more than that is. */
void pairfuse_update_tells(struct pairfuse_step *s, unsigned int size)
{
	const struct pairfuse_expr e = *pairfuse_expr(s->run->x, s->st->reg[3]);
	bool constant, private = false, tells = s->run->is_exit || e.kind != PAIRFUSE_E_STACK;
	__s64 i, from = (__s64)e.imm + PAIRFUSE_STACK_SIZE;

	for (i = from; !tells && i < from + size; i++) {
		constant = pairfuse_expr_is_const(s->run->x, s->st->stack[i], NULL);
		private |= is_private(s->run, s->st->stack[i]);
		tells = !constant && !is_private(s->run, s->st->stack[i]);
	}
	s->run->tells |= tells || !private;
}

/*
 * May the element be stored without a look at what is there? BPF_NOEXIST says the same as
 * BPF_ANY where it is known that there is none. That is a look, too: at what an earlier call
 * has left, or one that this call is in.
 */
static bool update_is_plain(struct pairfuse_step *s)
{
	struct pairfuse_run *run = s->run;
	__u64 flags;

	if (!pairfuse_expr_is_const(run->x, s->st->reg[4], &flags))
		return false;
	if (flags != BPF_NOEXIST || run->kind != PAIRFUSE_CARRIER_HASH || run->is_exit ||
	    s->st->present)
		return flags == BPF_ANY;
	run->looks = true;
	run->absent_seen = true;
	run->absent_insn = pairfuse_step_insn(s);
	return true;
}

static int update(struct pairfuse_step *s)
{
	struct pairfuse_run *run = s->run;
	struct pairfuse_state *st = s->st;
	const struct pairfuse_expr e = *pairfuse_expr(run->x, st->reg[3]);
	unsigned int size = run->in->maps[run->carrier].value_size, i, n;
	int insn = pairfuse_step_insn(s), err;

	if (!update_is_plain(s))
		return pairfuse_refuse(run->why, PAIRFUSE_REASON_UPDATE_FLAGS, insn,
				       "insn %d updates '%s' with other flags than BPF_ANY", insn,
				       pairfuse_step_map(s));
	if (e.kind != PAIRFUSE_E_STACK &&
	    (e.taint & (PAIRFUSE_T_STACK | PAIRFUSE_T_STATE | PAIRFUSE_T_CTX)))
		return pairfuse_refuse(run->why, PAIRFUSE_REASON_STATE_UNKNOWN, insn,
				       "insn %d stores bytes in '%s' whose place is not known", insn,
				       pairfuse_step_map(s));
	if (run->kind == PAIRFUSE_CARRIER_HASH &&
	    pairfuse_step_outlived(s, PAIRFUSE_T_STATE))
		return PAIRFUSE_REFUSED;
	n = size < PAIRFUSE_SLOT_BYTES ? size : PAIRFUSE_SLOT_BYTES;
	for (i = 0; i < n; i++) {
		st->slot[i] = PAIRFUSE_TOP;
		st->slot_idx[i] = 0;
	}
	if (e.kind == PAIRFUSE_E_STACK) {
		err = pairfuse_stack_check(s, (__s64)e.imm, size);
		if (err)
			return err;
		memcpy(st->slot, &st->stack[(__s64)e.imm + PAIRFUSE_STACK_SIZE],
		       n * sizeof(st->slot[0]));
		memcpy(st->slot_idx, &st->stack_idx[(__s64)e.imm + PAIRFUSE_STACK_SIZE], n);
		/* a pointer into the state, saved in the state, has left our sight */
		if (pairfuse_stack_escape(s, (__s64)e.imm, size))
			return PAIRFUSE_REFUSED;
		for (i = 0; i < n; i++)
			if (pairfuse_expr(run->x, st->slot[i])->taint & PAIRFUSE_T_SURPLUS)
				run->surplus |= 1ULL << i;
	}
	pairfuse_update_tells(s, size);
	run->stores = true;
	st->present = true;
	st->left = PAIRFUSE_LEFT_KNOWN;
	if (!run->is_exit)
		st->written |= pairfuse_bytes(0, n);
	return 0;
}

static int task_get(struct pairfuse_step *s, __u8 *op, pairfuse_val *out)
{
	struct pairfuse_run *run = s->run;
	int insn = pairfuse_step_insn(s);
	__u64 init, flags;

	if (!pairfuse_expr_is_const(run->x, s->st->reg[4], &flags) ||
	    (flags & ~BPF_LOCAL_STORAGE_GET_F_CREATE))
		return pairfuse_refuse(run->why, PAIRFUSE_REASON_UPDATE_FLAGS, insn,
				       "insn %d gets '%s' with unknown flags", insn,
				       pairfuse_step_map(s));
	if (!flags) {
		*op = PAIRFUSE_OP_LOOKUP;
		*out = lookup(s);
		return 0;
	}
	if (!pairfuse_expr_is_const(run->x, s->st->reg[3], &init) || init)
		return pairfuse_refuse(run->why, PAIRFUSE_REASON_STATE_UNKNOWN, insn,
				       "insn %d creates '%s' with an initial value", insn,
				       pairfuse_step_map(s));
	/* it would be zero, and old pointers would go on seeing the old one */
	if (!s->st->present && s->st->deleted)
		return pairfuse_refuse(run->why, PAIRFUSE_REASON_STATE_UNKNOWN, insn,
				       "insn %d creates '%s' again after deleting it", insn,
				       pairfuse_step_map(s));
	*op = PAIRFUSE_OP_CREATE;
	s->st->present = true;
	s->st->left = PAIRFUSE_LEFT_KNOWN;
	*out = state_or_null(s);
	return 0;
}

static int delete(struct pairfuse_step *s, pairfuse_val *out)
{
	if (s->run->kind == PAIRFUSE_CARRIER_ARRAY)
		return pairfuse_refuse(s->run->why, PAIRFUSE_REASON_CARRIER_ACCESS,
				       pairfuse_step_insn(s),
				       "insn %d deletes from array '%s'", pairfuse_step_insn(s),
				       pairfuse_step_map(s));
	sees_absence(s);
	*out = pairfuse_expr_const(s->run->x, s->st->present ? 0 : (__u64)-ENOENT);
	s->st->deleted |= s->st->present;
	s->st->present = false;
	return 0;
}

int pairfuse_step_carrier(struct pairfuse_step *s, __u8 *op, pairfuse_val *out)
{
	__s32 id = s->node->insn.imm;
	bool task = id == BPF_FUNC_task_storage_get || id == BPF_FUNC_task_storage_delete;
	int err;

	if (task != (s->run->kind == PAIRFUSE_CARRIER_TASK))
		return pairfuse_refuse(s->run->why, PAIRFUSE_REASON_BYTECODE, pairfuse_step_insn(s),
				       "insn %d: helper does not fit map '%s'",
				       pairfuse_step_insn(s), pairfuse_step_map(s));
	err = task ? task_key(s) : map_key(s);
	if (err)
		return err;
	if (s->run->task)
		return pairfuse_step_task(s, op, out);
	switch (id) {
	case BPF_FUNC_map_lookup_elem:
		*op = PAIRFUSE_OP_LOOKUP;
		*out = lookup(s);
		return 0;
	case BPF_FUNC_map_update_elem:
		*op = PAIRFUSE_OP_UPDATE;
		*out = pairfuse_expr_const(s->run->x, 0);
		return update(s);
	case BPF_FUNC_task_storage_get:
		return task_get(s, op, out);
	}
	*op = PAIRFUSE_OP_DELETE;
	return delete(s, out);
}
