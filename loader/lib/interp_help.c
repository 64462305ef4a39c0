// SPDX-License-Identifier: GPL-2.0
/*
 * Helpers of interpreted programs.
 *
 * What matters is that equal calls have equal answers in all worlds, and that
 * effects are recorded. Maps, reading memory, ring buffers and who and when are
 * modelled. Of all other helpers that lib/helper.c describes, the answer, and
 * what they write, follows from the arguments and the run; those with effects
 * are recorded with their arguments. What is not described there cannot be
 * modelled: not even the number of its arguments is known.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "frames.h"
#include "helper.h"
#include "interp.h"
#include "origin.h"

#define MAX_DATA	65536	/* bytes that a helper is given at once */

static __u64 fault(struct pairfuse_world *w, const char *what, __s32 id)
{
	const struct pairfuse_helper *h = pairfuse_helper(id);

	if (h)
		pairfuse_world_fault(w, PAIRFUSE_FAULT_MODEL, "%s%s", h->name, what);
	else
		pairfuse_world_fault(w, PAIRFUSE_FAULT_MODEL, "helper %d%s", id, what);
	return 0;
}

static void log_bytes(struct pairfuse_world *w, const void *data, size_t len)
{
	unsigned char *grown;

	if (w->log_len + len > w->log_cap) {
		grown = realloc(w->log, 2 * (w->log_len + len));
		if (!grown) {
			pairfuse_world_fault(w, PAIRFUSE_FAULT_MODEL, "no memory");
			return;
		}
		w->log = grown;
		w->log_cap = 2 * (w->log_len + len);
	}
	memcpy(w->log + w->log_len, data, len);
	w->log_len += len;
}

static void log_word(struct pairfuse_world *w, __u64 v)
{
	log_bytes(w, &v, sizeof(v));
}

/* Words stay aligned. */
static void log_data(struct pairfuse_world *w, const void *data, __u32 len)
{
	static const unsigned char zero[8];

	log_word(w, len);
	log_bytes(w, data, len);
	log_bytes(w, zero, -len & 7);
}

/* Memory of the program itself; a verified program gives no other. */
static unsigned char *own(struct pairfuse_world *w, __u64 addr, __u32 size, bool write, __s32 id)
{
	const struct pairfuse_helper *h = pairfuse_helper(id);
	unsigned char *data = pairfuse_region(w, addr, size, write);

	pairfuse_world_move(w, size);
	if (!data)
		pairfuse_world_fault(w, PAIRFUSE_FAULT_PROGRAM, "%s: %u bytes at a bad address",
				     h ? h->name : "a helper", size);
	return data;
}

static int map_of(struct pairfuse_world *w, __u64 v)
{
	__u64 n = (v - PAIRFUSE_VA_MAPS) / 4096;

	if (v < PAIRFUSE_VA_MAPS || n >= w->out->in->nr_maps + w->out->nr_storages) {
		pairfuse_world_fault(w, PAIRFUSE_FAULT_MODEL, "a map from a map");
		return -1;
	}
	return n;
}

/* --- maps --- */

/* Chance, the same in all worlds, which do the same of this in the same order. */
static bool bad_luck(struct pairfuse_world *w)
{
	return pairfuse_mix(w->out->run, ++w->records) % 64 == 0;
}

static bool is_carrier(const struct pairfuse_world *w, int m)
{
	return (size_t)m < w->out->in->nr_maps && w->out->carrier[m];
}

static __u64 lookup(struct pairfuse_world *w, int m, __u64 key, __u32 cpu, __s32 id)
{
	const unsigned char *k = own(w, key, pairfuse_map_key_size(w->out, m), false, id);
	struct pairfuse_elem *e;

	if (!k || cpu >= PAIRFUSE_NR_CPUS)
		return 0;
	e = pairfuse_map_get(w, m, k, cpu);
	pairfuse_origin_lookup(w, m, k);
	if (e) {
		w->finds += is_carrier(w, m) &&
			    pairfuse_map_kind(w->out, m) == PAIRFUSE_MAP_HASH;
		return e->value;
	}
	w->missed_map = m;
	w->missed_key = key;
	return 0;
}

static __u64 store_elem(struct pairfuse_world *w, int m, const unsigned char *key,
			const unsigned char *value, const __u64 *r)
{
	__s64 ret = pairfuse_map_update(w, m, key, value, r[4]);
	const struct pairfuse_elem *e;

	w->stores += w->out->carrier[m] && !ret;
	if (!w->origins || ret)
		return ret;
	e = pairfuse_map_get(w, m, key, w->out->cpu);
	if (e)
		pairfuse_origin_copy(w, e->value, r[3], w->out->in->maps[m].value_size);
	return ret;
}

static __u64 update(struct pairfuse_world *w, int m, const __u64 *r, __s32 id)
{
	const struct pairfuse_map *map = &w->out->in->maps[m];
	const unsigned char *key, *value;

	if ((size_t)m >= w->out->in->nr_maps)
		return fault(w, " on task storage", id);
	key = own(w, r[2], map->key_size, false, id);
	value = own(w, r[3], map->value_size, false, id);
	if (!key || !value)
		return 0;
	/* carriers never fail, as they are not in the rewritten programs */
	if (!w->out->carrier[m] && bad_luck(w))
		return -ENOMEM;
	return store_elem(w, m, key, value, r);
}

static __u64 object_storage(struct pairfuse_world *w, int m, const __u64 *r, __s32 id)
{
	const unsigned char *value = NULL;
	struct pairfuse_elem *e;
	__u32 size;

	if (pairfuse_map_kind(w->out, m) != PAIRFUSE_MAP_STORAGE)
		return fault(w, " on a map of another kind", id);
	if (!r[2])
		return 0;
	e = pairfuse_map_get(w, m, &r[2], 0);
	w->finds += e && !(r[4] & 1) && is_carrier(w, m);
	if (e || !(r[4] & 1))	/* BPF_LOCAL_STORAGE_GET_F_CREATE */
		return e ? e->value : 0;
	if ((size_t)m >= w->out->in->nr_maps) {
		e = pairfuse_map_add(w, m, &r[2], 0, NULL, 0);
		return e ? e->value : 0;
	}
	size = w->out->in->maps[m].value_size;
	if (r[3]) {
		value = own(w, r[3], size, false, id);
		if (!value)
			return 0;
	}
	/* new storage is zero */
	e = pairfuse_map_add(w, m, &r[2], 0, value, value ? size : 0);
	if (!e)
		return 0;
	if (!value)
		memset(pairfuse_region(w, e->value, size, true), 0, size);
	w->stores += is_carrier(w, m);
	pairfuse_elem_touch(w, e);
	return e->value;
}

static __u64 helper_map(struct pairfuse_world *w, __s32 id, const __u64 *r)
{
	const unsigned char *key;
	int m = map_of(w, r[1]);

	if (m < 0)
		return 0;
	switch (id) {
	case BPF_FUNC_map_lookup_elem:
		return lookup(w, m, r[2], w->out->cpu, id);
	case BPF_FUNC_map_lookup_percpu_elem:
		return lookup(w, m, r[2], r[3], id);
	case BPF_FUNC_map_update_elem:
		return update(w, m, r, id);
	case BPF_FUNC_map_delete_elem:
		key = own(w, r[2], pairfuse_map_key_size(w->out, m), false, id);
		return key ? pairfuse_map_delete(w, m, key) : 0;
	case BPF_FUNC_task_storage_delete:
	case BPF_FUNC_inode_storage_delete:
		return pairfuse_map_delete(w, m, &r[2]);
	}
	return object_storage(w, m, r, id);
}

/* --- reading memory --- */

static __u64 probe_read(struct pairfuse_world *w, const __u64 *r, __s32 id)
{
	__u32 size = r[2];
	unsigned char *to = own(w, r[1], size, true, id);

	bool ok = to && pairfuse_world_read(w, r[3], to, size);

	if (!to)
		return 0;
	if (pairfuse_is_region(r[3]) || !ok)
		pairfuse_origin_copy(w, r[1], ok ? r[3] : 0, size);
	else
		pairfuse_origin_fill(w, r[1], size, PAIRFUSE_FROM_OUTSIDE, r[3]);
	if (ok)
		return 0;
	memset(to, 0, size);
	return -EFAULT;
}

/* A string of at most that size, with its end; the rest stays what it was. */
static __u64 probe_read_str(struct pairfuse_world *w, const __u64 *r, __s32 id)
{
	__u32 size = r[2], i;
	unsigned char *to = own(w, r[1], size, true, id), c;

	for (i = 0; to && i < size; i++) {
		if (!pairfuse_world_read(w, r[3] + i, &c, 1)) {
			memset(to, 0, size);
			return -EFAULT;
		}
		to[i] = i + 1 < size ? c : 0;
		if (!to[i])
			break;
	}
	if (to && !pairfuse_is_region(r[3]))
		pairfuse_origin_fill(w, r[1], i, PAIRFUSE_FROM_OUTSIDE, r[3]);
	return to && i < size ? i + 1 : 0;
}

/* Padded, and with an end, whatever the size. */
static __u64 get_comm(struct pairfuse_world *w, const __u64 *r, __s32 id)
{
	__u32 size = r[2], i;
	unsigned char *to = own(w, r[1], size, true, id);

	if (!to || !size)
		return 0;
	memset(to, 0, size);
	for (i = 0; i + 1 < size && i < sizeof(w->out->comm) && w->out->comm[i]; i++)
		to[i] = w->out->comm[i];
	pairfuse_origin_fill(w, r[1], size < sizeof(w->out->comm) ? size : sizeof(w->out->comm),
			     PAIRFUSE_FROM_COMM, 0);
	return 0;
}

static __u64 compare(struct pairfuse_world *w, const __u64 *r, __s32 id)
{
	unsigned char a = 0, b = 0;
	__u32 i;

	for (i = 0; i < (__u32)r[2]; i++) {
		if (!pairfuse_world_read(w, r[1] + i, &a, 1) ||
		    !pairfuse_world_read(w, r[3] + i, &b, 1))
			return fault(w, ": beyond its memory", id);
		if (a != b || !a)
			break;
	}
	return (__s64)a - b;
}

/* --- output --- */

static __u64 output(struct pairfuse_world *w, __u64 map, __u64 data, __u64 size, __u64 flags,
		    __s32 id)
{
	const unsigned char *p;
	int m = map_of(w, map);

	if (size > MAX_DATA)
		return fault(w, ": too much data", id);
	p = own(w, data, size, false, id);
	if (m < 0 || !p)
		return 0;
	log_word(w, id);
	log_word(w, m);
	log_word(w, flags);
	log_data(w, p, size);
	return bad_luck(w) ? -ENOSPC : 0;
}

/* A record has its length, and the map, in front. */
static __u64 reserve(struct pairfuse_world *w, const __u64 *r, __s32 id)
{
	int m = map_of(w, r[1]);
	__u64 addr, *head;

	if (r[2] > MAX_DATA)
		return fault(w, ": too much data", id);
	if (m < 0 || bad_luck(w))
		return 0;
	addr = pairfuse_region_new(w, 16 + r[2], true, NULL);
	head = (__u64 *)pairfuse_region(w, addr, 16, false);
	if (!head)
		return 0;
	head[0] = r[2];
	head[1] = m;
	return addr + 16;
}

static __u64 submit(struct pairfuse_world *w, const __u64 *r, __s32 id, bool discard)
{
	const unsigned char *record = own(w, r[1] - 16, 16, false, id);
	__u64 head[2];

	if (!record)
		return 0;
	memcpy(head, record, sizeof(head));
	record = own(w, r[1], head[0], false, id);
	if (record && !discard) {
		log_word(w, BPF_FUNC_ringbuf_submit);
		log_word(w, head[1]);
		log_data(w, record, head[0]);
	}
	pairfuse_region_free(w, r[1] - 16);
	return 0;
}

/* Of the arguments only those are set that the format wants. */
static __u64 printk(struct pairfuse_world *w, const __u64 *r, __s32 id)
{
	const unsigned char *fmt = own(w, r[1], r[2], false, id);
	unsigned int n = 3;
	__u32 i;

	if (!fmt)
		return 0;
	log_word(w, id);
	log_data(w, fmt, r[2]);
	for (i = 0; i + 1 < (__u32)r[2] && fmt[i]; i++) {
		if (fmt[i] != '%')
			continue;
		if (fmt[i + 1] == '%')
			i++;
		else if (n <= 5)
			log_word(w, pairfuse_is_region(r[n]) ? n : r[n]), n++;
	}
	return r[2];
}

/* --- stacks --- */

/* The first frame that is not skipped stands for the whole of the trace. */
static __u64 stack_trace(const struct pairfuse_world *w, __u64 flags)
{
	if (flags & BPF_F_USER_STACK)
		return (w->out->pid_tgid & 0xff) << 8 | flags;
	return (flags & ~(__u64)BPF_F_SKIP_FIELD_MASK) + (flags & BPF_F_SKIP_FIELD_MASK) -
	       w->frames;
}

static __u64 get_stack(struct pairfuse_world *w, __u64 buf, __u32 size, __u64 flags, __s32 id)
{
	__u64 trace = stack_trace(w, flags);
	unsigned char *to = own(w, buf, size, true, id);
	__u32 len = 8 * (1 + pairfuse_mix(w->out->run, 5) % 8), i;

	if (!to)
		return 0;
	/* the rest of the buffer stays what it was */
	len = len < size ? len : size & ~7U;
	for (i = 0; i < len; i += 8, trace = pairfuse_mix(trace, 1))
		memcpy(to + i, &trace, 8);
	return len;
}

/* --- the context --- */

static __u64 func_arg(struct pairfuse_world *w, __s32 id, const __u64 *r, __u64 ctx)
{
	bool ret = id == BPF_FUNC_get_func_ret;
	unsigned char *to = own(w, ret ? r[2] : r[3], 8, true, id);
	const unsigned char *from;

	if (!w->nr_regs)
		return fault(w, " in a rewritten program", id);
	if (!to)
		return 0;
	if (ret ? !w->is_exit : r[2] >= w->nr_regs)
		return ret ? -EOPNOTSUPP : -EINVAL;
	from = own(w, ctx + 8 * (ret ? w->nr_regs : r[2]), 8, false, id);
	if (from)
		memcpy(to, from, 8);
	return 0;
}

/* --- all others --- */

static __u32 mem_size(struct pairfuse_world *w, const struct pairfuse_mem *mem, const __u64 *r)
{
	int m;

	switch (mem->size) {
	case PAIRFUSE_MEM_REG:
		return r[mem->n];
	case PAIRFUSE_MEM_FIXED:
		return mem->n;
	case PAIRFUSE_MEM_KEY:
		m = map_of(w, r[1]);
		return m < 0 ? 0 : pairfuse_map_key_size(w->out, m);
	case PAIRFUSE_MEM_VALUE:
		m = map_of(w, r[1]);
		if (m < 0 || (size_t)m >= w->out->in->nr_maps)
			return 0;
		return w->out->in->maps[m].value_size;
	}
	return 0;
}

struct digest {			/* of a call's arguments */
	struct pairfuse_world *w;
	bool effect;
	__u64 hash;
};

static void digest_word(struct digest *d, __u64 v)
{
	d->hash = pairfuse_mix(d->hash, v);
	if (d->effect)
		log_word(d->w, v);
}

static void digest_mem(struct digest *d, const struct pairfuse_mem *mem, const __u64 *r, __s32 id)
{
	__u32 size = mem_size(d->w, mem, r), i;
	const unsigned char *p;

	if (!size || mem->write)
		return;
	if (size > MAX_DATA) {
		fault(d->w, ": too much data", id);
		return;
	}
	p = own(d->w, r[mem->arg], size, false, id);
	for (i = 0; p && i < size; i++)
		d->hash = pairfuse_mix(d->hash, p[i]);
	if (p && d->effect)
		log_data(d->w, p, size);
}

static void digest_arg(struct digest *d, const struct pairfuse_helper *h, unsigned int arg,
		       const __u64 *r, __s32 id)
{
	unsigned int i;

	if (arg == 1 && (h->flags & PAIRFUSE_H_CTX))
		return;
	for (i = 0; i < 2; i++) {
		if (h->mem[i].arg == arg) {
			digest_mem(d, &h->mem[i], r, id);
			return;
		}
	}
	if (pairfuse_is_region(r[arg]))	/* bytes of unknown number */
		fault(d->w, " with memory of unknown size", id);
	else
		digest_word(d, r[arg]);
}

static __u64 answer(const struct pairfuse_world *w, __u64 h)
{
	switch (h & 7) {
	case 0:
		return 0;
	case 1:
		return -EFAULT;
	case 2:
		return w->out->nr_consts ? w->out->consts[(h >> 8) % w->out->nr_consts] : 1;
	}
	return h >> 32;
}

static void write_answer(struct pairfuse_world *w, const struct pairfuse_mem *mem, const __u64 *r,
			 __u64 hash, __s32 id)
{
	__u32 size = mem_size(w, mem, r), i;
	unsigned char *p;

	if (!mem->write || !size)
		return;
	p = own(w, r[mem->arg], size, true, id);
	for (i = 0; p && i < size; i++)
		p[i] = pairfuse_mix(hash, i / 8) >> i % 8 * 8;
}

/* Whether something is in a bloom filter depends on more than the call. */
static bool asks_bloom(struct pairfuse_world *w, __s32 id, const __u64 *r)
{
	int m;

	if (id != BPF_FUNC_map_peek_elem && id != BPF_FUNC_map_push_elem)
		return false;
	m = map_of(w, r[1]);
	return m >= 0 && (size_t)m < w->out->in->nr_maps &&
	       w->out->in->maps[m].type == BPF_MAP_TYPE_BLOOM_FILTER;
}

static __u64 helper_other(struct pairfuse_world *w, __s32 id, const __u64 *r)
{
	const struct pairfuse_helper *h = pairfuse_helper(id);
	struct digest d = { .w = w, .hash = pairfuse_mix(w->out->run, id) };
	unsigned int i;

	if (!h || (h->flags & PAIRFUSE_H_DENIED))
		return fault(w, "", id);
	if (asks_bloom(w, id, r))
		return fault(w, " of a bloom filter", id);
	d.effect = !(h->flags & PAIRFUSE_H_PURE);
	if (d.effect)
		log_word(w, id);
	for (i = 1; i <= h->nargs; i++)
		digest_arg(&d, h, i, r, id);
	if (h->mem[0].both && !(d.hash & 0xf))	/* the queue is locked */
		return -EBUSY;
	for (i = 0; i < 2; i++)
		write_answer(w, &h->mem[i], r, d.hash, id);
	switch (id) {
	case BPF_FUNC_find_vma:
		return fault(w, ", which calls back", id);
	case BPF_FUNC_per_cpu_ptr:
	case BPF_FUNC_this_cpu_ptr:
	case BPF_FUNC_task_pt_regs:	/* the same of the same, whenever */
		return PAIRFUSE_VA_KERNEL + (pairfuse_mix(pairfuse_mix(w->out->seed, r[1]),
							  h->nargs > 1 ? r[2] : 0) & 0xfff8);
	}
	pairfuse_origin_answer(w, PAIRFUSE_FROM_ANSWER, id);
	return w->out->answer_of == id ? w->out->answer : answer(w, d.hash);
}

static __u64 helper_out(struct pairfuse_world *w, __s32 id, const __u64 *r, __u64 ctx)
{
	switch (id) {
	case BPF_FUNC_perf_event_output:
		return output(w, r[2], r[4], r[5], r[3], id);
	case BPF_FUNC_ringbuf_output:
		return output(w, r[1], r[2], r[3], r[4], id);
	case BPF_FUNC_ringbuf_reserve:
		return reserve(w, r, id);
	case BPF_FUNC_ringbuf_submit:
	case BPF_FUNC_ringbuf_discard:
		return submit(w, r, id, id == BPF_FUNC_ringbuf_discard);
	case BPF_FUNC_trace_printk:
		return printk(w, r, id);
	case BPF_FUNC_get_stackid:
		return stack_trace(w, r[3]);
	case BPF_FUNC_get_stack:
		return get_stack(w, r[2], r[3], r[4], id);
	case BPF_FUNC_get_func_arg:
	case BPF_FUNC_get_func_ret:
		return func_arg(w, id, r, ctx);
	case BPF_FUNC_get_func_arg_cnt:
		return w->nr_regs ? w->nr_regs : fault(w, " in a rewritten program", id);
	case BPF_FUNC_map_lookup_elem:
	case BPF_FUNC_map_lookup_percpu_elem:
	case BPF_FUNC_map_update_elem:
	case BPF_FUNC_map_delete_elem:
	case BPF_FUNC_task_storage_get:
	case BPF_FUNC_task_storage_delete:
	case BPF_FUNC_inode_storage_get:
	case BPF_FUNC_inode_storage_delete:
		return helper_map(w, id, r);
	}
	return helper_other(w, id, r);
}

__u64 pairfuse_interp_helper(struct pairfuse_world *w, __s32 id, const __u64 *r, __u64 ctx)
{
	const struct pairfuse_outside *out = w->out;

	w->calls++;
	switch (id) {
	case BPF_FUNC_ktime_get_ns:
	case BPF_FUNC_ktime_get_boot_ns:
	case BPF_FUNC_ktime_get_coarse_ns:
	case BPF_FUNC_ktime_get_tai_ns:
		pairfuse_origin_answer(w, PAIRFUSE_FROM_TIME, 0);
		return out->now + out->shift + (__u64)w->readings++ * out->step;
	case BPF_FUNC_get_current_pid_tgid:
		pairfuse_origin_answer(w, PAIRFUSE_FROM_IDS, 0);
		return out->pid_tgid;
	case BPF_FUNC_get_current_uid_gid:
		pairfuse_origin_answer(w, PAIRFUSE_FROM_USER, 0);
		return out->uid_gid;
	case BPF_FUNC_get_current_task:
	case BPF_FUNC_get_current_task_btf:
		return out->task;
	case BPF_FUNC_get_smp_processor_id:
		return out->cpu;
	case BPF_FUNC_get_prandom_u32:
		pairfuse_origin_answer(w, PAIRFUSE_FROM_RANDOM, 0);
		return out->random;
	case BPF_FUNC_get_attach_cookie:
		return out->cookie;
	case BPF_FUNC_get_func_ip:
		return out->addr;
	case BPF_FUNC_get_current_comm:
		return get_comm(w, r, id);
	case BPF_FUNC_probe_read:
	case BPF_FUNC_probe_read_kernel:
	case BPF_FUNC_probe_read_user:
		return probe_read(w, r, id);
	case BPF_FUNC_probe_read_str:
	case BPF_FUNC_probe_read_kernel_str:
	case BPF_FUNC_probe_read_user_str:
		return probe_read_str(w, r, id);
	case BPF_FUNC_strncmp:
		return compare(w, r, id);
	}
	return helper_out(w, id, r, ctx);
}
