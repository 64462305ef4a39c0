// SPDX-License-Identifier: GPL-2.0
/*
 * A plugin for QEMU's TCG: supervisor IBT as a CPU with CET has it and the kernel
 * switches it on (ENDBR_EN; no NO_TRACK_EN, no legacy bitmap). After an indirect near
 * call or jump in kernel mode the next instruction has to be endbr64. TCG has no CET, and
 * where a CPU would raise #CP, which the kernel makes a BUG(), this writes a line to
 * the file that the argument out= names, and goes on:
 *
 *	FROM TO COUNT B B B B B B B B
 *
 * FROM is the address of the branch, TO that of what it led to, B the bytes there, all in
 * hexadecimal; COUNT, in decimal, is how often these two were seen. It is kept up to
 * date in the file, since QEMU is killed in the end. `ret` is no indirect branch, for
 * the CPU either; far calls and jumps are, but the kernel has none that matter; notrack
 * changes nothing without NO_TRACK_EN.
 *
 * Every indirect branch ends a translation block. So what has to be known of each CPU is
 * one word: the address of the branch while a block's last instruction was one, else 0.
 * Blocks that begin with endbr64 clear it, all others of the kernel call check() unless
 * it is 0: a few instructions more per block, and a call only for what is reported.
 *
 * An interrupt or a fault between a branch and its target leads to an entry of the IDT
 * first, and all of those begin with endbr64. The word is cleared there, and the target is
 * not looked at after the iret. That is what a CPU without FRED does: it keeps no such
 * state across an event that does not change the privilege level. It can only make this
 * see less, and QEMU is seldom interrupted just there.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What is used of qemu-plugin.h, version 4, which Debian has in no package. */
#define EXPORT __attribute__((visibility("default")))

typedef uint64_t qemu_plugin_id_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
struct qemu_plugin_scoreboard;
typedef struct {
	struct qemu_plugin_scoreboard *score;
	size_t offset;
} qemu_plugin_u64;

enum qemu_plugin_cb_flags { QEMU_PLUGIN_CB_NO_REGS };
enum qemu_plugin_op { QEMU_PLUGIN_INLINE_ADD_U64, QEMU_PLUGIN_INLINE_STORE_U64 };
enum qemu_plugin_cond {
	QEMU_PLUGIN_COND_NEVER, QEMU_PLUGIN_COND_ALWAYS, QEMU_PLUGIN_COND_EQ, QEMU_PLUGIN_COND_NE,
};

typedef void (*qemu_plugin_simple_cb_t)(qemu_plugin_id_t);
typedef void (*qemu_plugin_vcpu_udata_cb_t)(unsigned int, void *);
typedef void (*qemu_plugin_vcpu_tb_trans_cb_t)(qemu_plugin_id_t, struct qemu_plugin_tb *);

void qemu_plugin_register_flush_cb(qemu_plugin_id_t id, qemu_plugin_simple_cb_t cb);
void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id, qemu_plugin_vcpu_tb_trans_cb_t cb);
void qemu_plugin_register_vcpu_tb_exec_cond_cb(struct qemu_plugin_tb *tb,
	qemu_plugin_vcpu_udata_cb_t cb, enum qemu_plugin_cb_flags flags,
	enum qemu_plugin_cond cond, qemu_plugin_u64 entry, uint64_t imm, void *userdata);
void qemu_plugin_register_vcpu_tb_exec_inline_per_vcpu(struct qemu_plugin_tb *tb,
	enum qemu_plugin_op op, qemu_plugin_u64 entry, uint64_t imm);
void qemu_plugin_register_vcpu_insn_exec_inline_per_vcpu(struct qemu_plugin_insn *insn,
	enum qemu_plugin_op op, qemu_plugin_u64 entry, uint64_t imm);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t i);
size_t qemu_plugin_insn_data(const struct qemu_plugin_insn *insn, void *dest, size_t len);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);
struct qemu_plugin_scoreboard *qemu_plugin_scoreboard_new(size_t size);
void qemu_plugin_u64_set(qemu_plugin_u64 entry, unsigned int cpu, uint64_t value);
int qemu_plugin_num_vcpus(void);
uint64_t qemu_plugin_u64_get(qemu_plugin_u64 entry, unsigned int cpu);

EXPORT int qemu_plugin_version = 4;
EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const void *info, int argc, char **argv);

#define SHOWN		8	/* bytes of the target */
#define MAX_PAIRS	4096

/* The start of a block that does not begin with endbr64. */
struct start {
	struct start *next;
	uint64_t addr;
	uint8_t bytes[SHOWN];
};

struct pair {
	uint64_t from, to;
	unsigned long count;
};

static qemu_plugin_u64 branch;	/* by CPU: where the branch is that has just been taken, or 0 */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
/* under lock: */
static struct start *starts;
static struct pair pairs[MAX_PAIRS];
static unsigned int nr_pairs;
static int out;

/* Write, or write again, line I of the file; all of them are of one length. */
static void tell(unsigned int i, const struct start *to)
{
	char line[128];
	size_t n, k;

	n = snprintf(line, sizeof(line), "%016lx %016lx %10lu", pairs[i].from, pairs[i].to,
		     pairs[i].count);
	for (k = 0; k < SHOWN; k++)
		n += snprintf(line + n, sizeof(line) - n, " %02x", to->bytes[k]);
	line[n++] = '\n';
	if (pwrite(out, line, n, (off_t)i * n) != (ssize_t)n)
		abort();
}

static void check(unsigned int cpu, void *data)
{
	const struct start *to = data;
	unsigned int i;
	uint64_t from;

	/*
	 * In blocks made for one CPU at a time QEMU 10.0 has the number of the CPU that
	 * translated them, and now and then 8 times that. With several CPUs in threads of
	 * their own that is a single instruction here and there, with several CPUs in
	 * one thread it is everything: ibt.sh does not let that happen.
	 */
	if ((int)cpu >= qemu_plugin_num_vcpus())
		return;
	from = qemu_plugin_u64_get(branch, cpu);
	qemu_plugin_u64_set(branch, cpu, 0);
	pthread_mutex_lock(&lock);
	for (i = 0; i < nr_pairs; i++)
		if (pairs[i].from == from && pairs[i].to == to->addr)
			break;
	if (i < MAX_PAIRS) {
		if (i == nr_pairs)
			pairs[nr_pairs++] = (struct pair){ .from = from, .to = to->addr };
		pairs[i].count++;
		tell(i, to);
	}
	pthread_mutex_unlock(&lock);
}

static bool in_kernel(uint64_t addr)
{
	return addr >> 63;
}

/* Is this FF /2 or FF /4, behind whatever prefixes? */
static bool is_indirect(const struct qemu_plugin_insn *insn)
{
	uint8_t b[16] = {};
	size_t n = qemu_plugin_insn_data(insn, b, sizeof(b)), i;

	for (i = 0; i + 1 < n; i++) {
		switch (b[i]) {
		case 0x26: case 0x2e: case 0x36: case 0x3e: case 0x64 ... 0x67:
		case 0xf2: case 0xf3: case 0x40 ... 0x4f:
			continue;
		case 0xff:
			return (b[i + 1] >> 3 & 7) == 2 || (b[i + 1] >> 3 & 7) == 4;
		default:
			return false;
		}
	}
	return false;
}

static void begins(struct qemu_plugin_tb *tb, uint64_t addr)
{
	static const uint8_t endbr64[] = { 0xf3, 0x0f, 0x1e, 0xfa };
	size_t n = qemu_plugin_tb_n_insns(tb), i, len = 0;
	struct start *start = calloc(1, sizeof(*start));
	uint8_t data[16];

	if (!start)
		abort();
	start->addr = addr;
	for (i = 0; i < n && len < SHOWN; i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
		size_t size = qemu_plugin_insn_data(insn, data, sizeof(data));

		if (size > SHOWN - len)
			size = SHOWN - len;
		memcpy(start->bytes + len, data, size);
		len += size;
	}
	if (!memcmp(start->bytes, endbr64, sizeof(endbr64))) {
		free(start);
		qemu_plugin_register_vcpu_tb_exec_inline_per_vcpu(tb, QEMU_PLUGIN_INLINE_STORE_U64,
								  branch, 0);
		return;
	}
	pthread_mutex_lock(&lock);
	start->next = starts;
	starts = start;
	pthread_mutex_unlock(&lock);
	qemu_plugin_register_vcpu_tb_exec_cond_cb(tb, check, QEMU_PLUGIN_CB_NO_REGS,
						  QEMU_PLUGIN_COND_NE, branch, 0, start);
}

/* A block has been translated. Only its last instruction can be a branch. */
static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	uint64_t addr = qemu_plugin_tb_vaddr(tb);
	struct qemu_plugin_insn *last;

	if (!in_kernel(addr))
		return;
	begins(tb, addr);
	last = qemu_plugin_tb_get_insn(tb, qemu_plugin_tb_n_insns(tb) - 1);
	if (is_indirect(last))
		qemu_plugin_register_vcpu_insn_exec_inline_per_vcpu(last,
			QEMU_PLUGIN_INLINE_STORE_U64, branch, qemu_plugin_insn_vaddr(last));
}

/* All blocks have gone; nothing runs meanwhile. */
static void flushed(qemu_plugin_id_t id)
{
	struct start *next;

	for (; starts; starts = next) {
		next = starts->next;
		free(starts);
	}
}

int qemu_plugin_install(qemu_plugin_id_t id, const void *info, int argc, char **argv)
{
	const char *name = NULL;
	int i;

	for (i = 0; i < argc; i++)
		if (!strncmp(argv[i], "out=", 4))
			name = argv[i] + 4;
	out = name ? open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666) : -1;
	if (out < 0) {
		fprintf(stderr, "ibt: needs out=FILE, a file that can be written\n");
		return -1;
	}
	branch.score = qemu_plugin_scoreboard_new(sizeof(uint64_t));
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	qemu_plugin_register_flush_cb(id, flushed);
	return 0;
}
