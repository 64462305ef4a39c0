/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Log2 histograms as `pairfuse load` shows them: a global `struct hist` (or an
 * array of them) in .bss. Slot N counts values from 2^N to 2^(N+1) - 1, slot 0
 * zero too. For an array NAME[], the strings in NAME_names[] (.rodata) are the
 * headings and NAME_unit says what is counted.
 */
#ifndef PAIRFUSE_HIST_BPF_H
#define PAIRFUSE_HIST_BPF_H

#define MAX_SLOTS	32

struct hist {
	__u32 slots[MAX_SLOTS];
};

static __always_inline __u64 hist_log2(__u64 v)
{
	__u64 r = 0;

	/* No loop: straight code is the cheapest and verifies everywhere. */
	if (v >> 32) {
		v >>= 32;
		r += 32;
	}
	if (v >> 16) {
		v >>= 16;
		r += 16;
	}
	if (v >> 8) {
		v >>= 8;
		r += 8;
	}
	if (v >> 4) {
		v >>= 4;
		r += 4;
	}
	if (v >> 2) {
		v >>= 2;
		r += 2;
	}
	return r + (v >> 1);
}

static __always_inline void hist_add(struct hist *h, __u64 v)
{
	__u64 slot = hist_log2(v);

	if (slot >= MAX_SLOTS)
		slot = MAX_SLOTS - 1;
	__sync_fetch_and_add(&h->slots[slot], 1);
}

#endif /* PAIRFUSE_HIST_BPF_H */
