// SPDX-License-Identifier: GPL-2.0
/*
 * The names of reasons, keys and optimisations, and the recording of a refusal.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "analysis.h"
#include "reason.h"
#include "why.h"

static const struct {
	const char *id;
	const char *text;
} reasons[] = {
	[PAIRFUSE_REASON_NONE] = { "none", "can be fused" },
#define PAIRFUSE_REASON(e, id, text) [PAIRFUSE_REASON_##e] = { id, text },
	PAIRFUSE_REASONS
#undef PAIRFUSE_REASON
};

const char *pairfuse_reason_id(enum pairfuse_reason reason)
{
	return (unsigned int)reason < PAIRFUSE_REASON_COUNT ? reasons[reason].id : "unknown";
}

const char *pairfuse_reason_text(enum pairfuse_reason reason)
{
	return (unsigned int)reason < PAIRFUSE_REASON_COUNT ? reasons[reason].text : "unknown";
}

const char *pairfuse_key_name(enum pairfuse_key key)
{
	static const char *const names[] = {
		[PAIRFUSE_KEY_NONE] = "none",
		[PAIRFUSE_KEY_TID] = "tid",
		[PAIRFUSE_KEY_TGID] = "tgid",
		[PAIRFUSE_KEY_PID_TGID] = "pid_tgid",
		[PAIRFUSE_KEY_TASK] = "task",
		[PAIRFUSE_KEY_CONST] = "const",
		[PAIRFUSE_KEY_ARGS] = "args",
	};

	return (size_t)key < sizeof(names) / sizeof(names[0]) ? names[key] : "unknown";
}

const char *pairfuse_storage_name(enum pairfuse_storage storage)
{
	switch (storage) {
	case PAIRFUSE_STORAGE_SLOT:
		return "slot";
	case PAIRFUSE_STORAGE_TASK:
		return "task";
	case PAIRFUSE_STORAGE_MAP:
		return "map";
	}
	return "unknown";
}

bool pairfuse_nesting_parse(const char *text, enum pairfuse_nesting *nesting)
{
	if (!strcmp(text, "exact"))
		*nesting = PAIRFUSE_NESTING_EXACT;
	else if (!strcmp(text, "per-call"))
		*nesting = PAIRFUSE_NESTING_PER_CALL;
	else
		return false;
	return true;
}

const char *pairfuse_opt_name(enum pairfuse_opt opt)
{
	switch (opt) {
	case PAIRFUSE_OPT_SLOT:
		return "slot";
	case PAIRFUSE_OPT_INLINE:
		return "inline";
	case PAIRFUSE_OPT_CAST:
		return "cast";
	case PAIRFUSE_OPT_SKIP_EXIT:
		return "skip-exit";
	case PAIRFUSE_OPT_COOKIE:
		return "cookie";
	case PAIRFUSE_OPT_DEAD:
		return "dead-code";
	case PAIRFUSE_OPT_RODATA:
		return "rodata";
	case PAIRFUSE_OPT_TASK:
		return "task-storage";
	case PAIRFUSE_OPT_CLOCK:
		return "clock";
	case PAIRFUSE_OPT_DIVISION:
		return "division";
	case PAIRFUSE_OPT_REGISTERS:
		return "registers";
	case PAIRFUSE_OPT_FILTER:
		return "filter";
	case PAIRFUSE_OPT_COPIES:
		return "copies";
	case PAIRFUSE_OPT_PATHS:
		return "paths";
	case PAIRFUSE_OPT_ONCE:
		return "once";
	case PAIRFUSE_OPT_ADDRESS:
		return "address";
	}
	return "unknown";
}

/* The optional one of that name, of len bytes; 0: none. */
static unsigned int opt_named(const char *name, size_t len)
{
	unsigned int opt;

	for (opt = 1; opt <= PAIRFUSE_OPT_OPTIONAL; opt <<= 1)
		if ((opt & PAIRFUSE_OPT_OPTIONAL) && strlen(pairfuse_opt_name(opt)) == len &&
		    !memcmp(pairfuse_opt_name(opt), name, len))
			return opt;
	return 0;
}

bool pairfuse_opt_parse(const char *text, unsigned int *without)
{
	bool minus = text[0] == '-';
	unsigned int named = 0, opt;
	size_t len;

	*without = 0;
	if (!strcmp(text, "all"))
		return true;
	*without = PAIRFUSE_OPT_OPTIONAL;
	if (!strcmp(text, "none"))
		return true;
	for (;; text += len + 1) {
		if ((text[0] == '-') != minus)
			return false;
		text += minus;
		len = strcspn(text, ",");
		opt = opt_named(text, len);
		if (!opt)
			return false;
		named |= opt;
		if (!text[len])
			break;
	}
	*without = minus ? named : PAIRFUSE_OPT_OPTIONAL & ~named;
	return true;
}

const char *pairfuse_clock_name(enum pairfuse_clock clock)
{
	switch (clock) {
	case PAIRFUSE_CLOCK_PROGRAMS:
		return "programs";
	case PAIRFUSE_CLOCK_MONOTONIC:
		return "monotonic";
	case PAIRFUSE_CLOCK_COUNTER:
		return "counter";
	}
	return "unknown";
}

bool pairfuse_clock_parse(const char *text, bool *exact)
{
	*exact = !strcmp(text, "exact");
	return *exact || !strcmp(text, "auto");
}

int pairfuse_refuse(struct pairfuse_why *why, enum pairfuse_reason reason, int insn,
		    const char *fmt, ...)
{
	va_list ap;

	why->reason = reason;
	why->insn = insn;
	va_start(ap, fmt);
	vsnprintf(why->text, sizeof(why->text), fmt, ap);
	va_end(ap);
	return PAIRFUSE_REFUSED;
}
