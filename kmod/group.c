// SPDX-License-Identifier: GPL-2.0
/*
 * Groups: links whose nesting is that of one map keyed by thread.
 *
 * In such a map an inner call overwrites the state of the outer one, and its
 * exit removes it; the outer exit then finds nothing. As long as all calls of a
 * thread arm alike, that says: an exit has state if no other call of the group
 * began on its task since its own entry. So each task needs one word for each
 * group, into which every call writes the address of its stub's frame: what is
 * found at the exit is one's own, or a call came in between (whose frame was at
 * another address, since this one was alive). It may start as anything.
 *
 * Where can a task have words, without allocation, without a lookup, gone with
 * the task? At the far end of its kernel stack: above STACK_END_MAGIC, which the
 * kernel keeps in the last word. Nothing else is stored there, and no live frame
 * reaches so far down when a stub writes. On the task's own stack: because no stub makes a
 * frame when less than PAIRFUSE_RESERVE bytes are left (DEEP in stub_text.S), so the words
 * are far below. On another stack (interrupts, softirqs, NMIs and exceptions that have
 * their own): the interrupted task may be as far down as it likes, within the last few
 * words even, and then a word is written under its feet. The kernel's stacks are not
 * used to within 72 bytes by anybody who lives: a task there cannot take a single
 * interrupt, whose registers alone need more, and those are stored on its stack before
 * interrupts switch. NMIs, machine checks and debug exceptions switch without storing; what
 * they would meet is a task that the next timer tick ends on the guard page.
 *
 * Frames of the body that reached this far would
 * be gone, with whatever they have written, when it has returned: then an outer
 * call of the group may be taken for one with a nested call, on a stack that was
 * full to within PAIRFUSE_NR_GROUPS words.
 *
 * Interrupts on another stack write into the word of the task they interrupt; it
 * is that task's id that the map would be keyed by, too.
 *
 * (With CONFIG_DEBUG_STACK_USAGE the kernel's statistics of unused stack, made by
 * looking for zeroes from the far end, see these words.)
 */
#include <linux/bitmap.h>
#include <linux/sched/task_stack.h>
#include <linux/slab.h>

#include "pairfuse.h"

#define PAIRFUSE_NR_GROUPS 8
static_assert((1 + PAIRFUSE_NR_GROUPS) * sizeof(unsigned long) <= U8_MAX); /* stub_data.nest */

struct pairfuse_group {
	unsigned int users;	/* links, those that drain included */
	unsigned int word;
};

static DECLARE_BITMAP(words_used, PAIRFUSE_NR_GROUPS);

#ifdef CONFIG_STACK_GROWSUP
#error "pairfuse: groups expect the far end of a stack at its lowest address"
#endif

struct pairfuse_group *pairfuse_group_new(void)
{
	unsigned long word = find_first_zero_bit(words_used, PAIRFUSE_NR_GROUPS);
	struct pairfuse_group *group;

	lockdep_assert_held(&pairfuse_mutex);
	if (word >= PAIRFUSE_NR_GROUPS)
		return ERR_PTR(-EUSERS);
	group = kzalloc(sizeof(*group), GFP_KERNEL);
	if (!group)
		return ERR_PTR(-ENOMEM);
	__set_bit(word, words_used);
	group->word = word;
	group->users = 1;
	return group;
}

struct pairfuse_group *pairfuse_group_get(struct pairfuse_group *group)
{
	lockdep_assert_held(&pairfuse_mutex);
	group->users++;
	return group;
}

/* A link lets go of its group when its stub has drained: calls in flight compare. */
void pairfuse_group_put(struct pairfuse_group *group)
{
	lockdep_assert_held(&pairfuse_mutex);
	if (!group || --group->users)
		return;
	__clear_bit(group->word, words_used);
	kfree(group);
}

/* Of the group's word, from task_struct.stack, in bytes. */
u32 pairfuse_group_offset(const struct pairfuse_group *group)
{
	return (1 + group->word) * sizeof(unsigned long);
}

unsigned int pairfuse_group_nr(void)
{
	return PAIRFUSE_NR_GROUPS;
}

unsigned int pairfuse_group_nr_free(void)
{
	return PAIRFUSE_NR_GROUPS - bitmap_weight(words_used, PAIRFUSE_NR_GROUPS);
}
