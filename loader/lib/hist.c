// SPDX-License-Identifier: GPL-2.0
/*
 * log2 histograms, laid out as the bcc tools print them because people's eyes
 * and scripts are used to that.
 */
#include <string.h>

#include <bpf/btf.h>

#include "hist.h"
#include "value.h"

#define NARROW_SLOTS 33		/* up to here the borders fit 10 digits */
#define STARS	     40

static bool ends_in(const char *name, const char *end)
{
	size_t len = strlen(name), end_len = strlen(end);

	return len >= end_len && !strcmp(name + len - end_len, end);
}

static bool slots_of(const struct btf *btf, __u32 type_id, const char *name, __u32 offset,
		     struct pairfuse_hist *out)
{
	const struct btf_type *t = pairfuse_type(btf, type_id), *elem;

	if (!t || !btf_is_array(t) || (!ends_in(name, "slots") && !ends_in(name, "hist")))
		return false;
	elem = pairfuse_type(btf, btf_array(t)->type);
	if (!elem || !btf_is_int(elem) || elem->size < 2 || elem->size > sizeof(__u64) ||
	    btf_array(t)->nelems < PAIRFUSE_HIST_MIN || btf_array(t)->nelems > PAIRFUSE_HIST_MAX)
		return false;
	out->offset = offset;
	out->nr_slots = btf_array(t)->nelems;
	out->slot_size = elem->size;
	return true;
}

bool pairfuse_hist_find(const struct btf *btf, __u32 type_id, const char *name,
			struct pairfuse_hist *out)
{
	const struct btf_type *t = pairfuse_type(btf, type_id);
	const struct btf_member *m;
	__u32 i;

	if (slots_of(btf, type_id, name, 0, out))
		return true;
	if (!t || !btf_is_struct(t))
		return false;
	for (i = 0, m = btf_members(t); i < btf_vlen(t); i++, m++)
		if (slots_of(btf, m->type, btf__name_by_offset(btf, m->name_off),
			     btf_member_bit_offset(t, i) / 8, out))
			return true;
	return false;
}

void pairfuse_hist_load(const struct pairfuse_hist *h, const void *data, __u64 *slots)
{
	const char *p = (const char *)data + h->offset;
	__u32 i;

	for (i = 0; i < h->nr_slots; i++)
		slots[i] = pairfuse_load_int(p + i * h->slot_size, h->slot_size, false);
}

static void bar(FILE *out, __u64 value, __u64 max, int width)
{
	int i, stars = (int)((unsigned __int128)value * width / max);

	fputc('|', out);
	for (i = 0; i < width; i++)
		fputc(i < stars ? '*' : ' ', out);
	fputs("|\n", out);
}

void pairfuse_hist_draw(FILE *out, const __u64 *slots, unsigned int nr_slots, const char *unit)
{
	unsigned int i, used = 0;
	__u64 low, high, max = 0;
	int digits, stars;

	for (i = 0; i < nr_slots; i++) {
		if (!slots[i])
			continue;
		used = i + 1;
		max = slots[i] > max ? slots[i] : max;
	}
	if (!used)
		return;

	/* wide borders take their room from the bars, so that lines stay in 80 columns */
	digits = used <= NARROW_SLOTS ? 10 : 20;
	stars = used <= NARROW_SLOTS ? STARS : STARS / 2;
	fprintf(out, "%*s%-*s : count    distribution\n", digits - 5, "", digits + 9, unit);
	for (i = 0; i < used; i++) {
		low = i ? 1ULL << i : 0;
		high = i < 63 ? (2ULL << i) - 1 : ~0ULL;
		fprintf(out, "%*llu -> %-*llu : %-8llu ", digits, (unsigned long long)low, digits,
			(unsigned long long)high, (unsigned long long)slots[i]);
		bar(out, slots[i], max, stars);
	}
}
