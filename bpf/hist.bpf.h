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

/*
 * floor(log2(v)), 0 for 0, at most MAX_SLOTS - 1: five comparisons with
 * constants down a tree, no loop, no shifts.
 */
#define HIST_LESS(v, n)	((v) < (1ULL << (n)))
#define HIST_2(v, n)	(HIST_LESS(v, (n) + 1) ? (n) : (n) + 1)
#define HIST_4(v, n)	(HIST_LESS(v, (n) + 2) ? HIST_2(v, n) : HIST_2(v, (n) + 2))
#define HIST_8(v, n)	(HIST_LESS(v, (n) + 4) ? HIST_4(v, n) : HIST_4(v, (n) + 4))
#define HIST_16(v, n)	(HIST_LESS(v, (n) + 8) ? HIST_8(v, n) : HIST_8(v, (n) + 8))
#define HIST_32(v, n)	(HIST_LESS(v, (n) + 16) ? HIST_16(v, n) : HIST_16(v, (n) + 16))

static __always_inline void hist_add(struct hist *h, __u64 v)
{
	__u64 slot = HIST_32(v, 0);

	__sync_fetch_and_add(&h->slots[slot], 1);
}

#endif /* PAIRFUSE_HIST_BPF_H */
