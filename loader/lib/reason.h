/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Why a pair is not fused. Ids are stable: scripts and tests match them.
 */
#ifndef PAIRFUSE_REASON_H
#define PAIRFUSE_REASON_H

/* PAIRFUSE_REASON(enumerator, id, explanation for humans) */
#define PAIRFUSE_REASONS							\
	/* found by the analysis */						\
	PAIRFUSE_REASON(NO_PARTNER, "no-partner",				\
		"no program at the other end of the same function")		\
	PAIRFUSE_REASON(AMBIGUOUS, "ambiguous",					\
		"several programs at one end of the function share the map")	\
	PAIRFUSE_REASON(NO_TARGET, "no-target",					\
		"the function is a placeholder or unknown")			\
	PAIRFUSE_REASON(NO_CARRIER, "no-carrier",				\
		"no map carries state from entry to exit")			\
	PAIRFUSE_REASON(CARRIER_TYPE, "carrier-type",				\
		"the carrier map is of a type that is not supported")		\
	PAIRFUSE_REASON(CARRIER_PINNED, "carrier-pinned",			\
		"the carrier map is pinned or lives outside the object")	\
	PAIRFUSE_REASON(CARRIER_SHARED, "carrier-shared",			\
		"another program uses the carrier map")				\
	PAIRFUSE_REASON(CARRIER_USER, "carrier-user",				\
		"user space reads the carrier map")				\
	PAIRFUSE_REASON(CARRIER_ACCESS, "carrier-access",			\
		"the carrier map is used in a way that a slot cannot imitate")	\
	PAIRFUSE_REASON(UPDATE_FLAGS, "update-flags",				\
		"the state is stored with flags that depend on older entries")	\
	PAIRFUSE_REASON(NOT_CONSUMED, "not-consumed",				\
		"the exit leaves something in the map, for later calls or user space to see")	\
	PAIRFUSE_REASON(KEY_UNKNOWN, "key-unknown",				\
		"the key is not known to be constant during the call")		\
	PAIRFUSE_REASON(KEY_DIFFERS, "key-differs",				\
		"entry and exit use different keys")				\
	PAIRFUSE_REASON(STATE_SIZE, "state-size",				\
		"the state is larger than the slot")				\
	PAIRFUSE_REASON(STATE_ESCAPES, "state-escapes",				\
		"a pointer to the state goes where it cannot be followed")	\
	PAIRFUSE_REASON(STATE_OFFSET, "state-offset",				\
		"the state is accessed at a variable offset")			\
	PAIRFUSE_REASON(STATE_UNKNOWN, "state-unknown",				\
		"the bytes stored as state cannot be followed")			\
	PAIRFUSE_REASON(HELPER, "helper",					\
		"a helper or kfunc that the fused program cannot call")		\
	PAIRFUSE_REASON(CONTEXT, "context",					\
		"the context is used in a way that cannot be translated")	\
	PAIRFUSE_REASON(SLEEPABLE, "sleepable",					\
		"sleepable programs are not supported")				\
	PAIRFUSE_REASON(ARGUMENTS, "arguments",					\
		"the function takes more than 6 argument registers or returns more than 8 bytes") \
	PAIRFUSE_REASON(STACK, "stack",						\
		"the rewritten program needs more than 512 bytes of stack")	\
	PAIRFUSE_REASON(SUBPROG, "subprog",					\
		"a bpf-to-bpf call that cannot be inlined")			\
	PAIRFUSE_REASON(BYTECODE, "bytecode",					\
		"malformed bytecode")						\
	PAIRFUSE_REASON(COMPLEX, "complex",					\
		"too complex to follow")					\
	PAIRFUSE_REASON(NESTING, "nesting",					\
		"nested calls cannot be told apart as the map does (--nesting exact)") \
	PAIRFUSE_REASON(ORDER, "order",						\
		"programs of one end of a function use the same data, in an order that stubs do not keep") \
	PAIRFUSE_REASON(ANSWERED, "answered",					\
		"a program can answer the function's calls in its place")	\
	PAIRFUSE_REASON(SYS_EXIT, "sys-exit",					\
		"the exit of a system call has something to do where its function does not return") \
	/* found when it is tried */						\
	PAIRFUSE_REASON(STORAGE, "storage",					\
		"the task storage for the state cannot be made")		\
	PAIRFUSE_REASON(VERIFIER, "verifier",					\
		"the kernel's verifier refused the rewritten program")		\
	PAIRFUSE_REASON(NOT_TRACEABLE, "not-traceable",				\
		"the kernel does not let this function be traced")		\
	PAIRFUSE_REASON(MODULE, "module",					\
		"the pairfuse kernel module is not available")			\
	PAIRFUSE_REASON(ATTACH, "attach",					\
		"the kernel module refused the pair")				\
	PAIRFUSE_REASON(SELF_CHECK, "self-check",				\
		"tried before attaching, the rewritten pair does something else") \
	PAIRFUSE_REASON(UNCHECKED, "unchecked",					\
		"the rewritten pair cannot be tried before attaching (--self-check)") \
	PAIRFUSE_REASON(GROUP, "group",						\
		"another pair that shares the carrier map cannot be fused")	\
	PAIRFUSE_REASON(ENGINE, "engine",					\
		"not fused on request (--engine split)")

enum pairfuse_reason {
	PAIRFUSE_REASON_NONE = 0,
#define PAIRFUSE_REASON(e, id, text) PAIRFUSE_REASON_##e,
	PAIRFUSE_REASONS
#undef PAIRFUSE_REASON
	PAIRFUSE_REASON_COUNT
};

/* "no-partner" ...; "none" for PAIRFUSE_REASON_NONE */
const char *pairfuse_reason_id(enum pairfuse_reason reason);
/* the sentence above */
const char *pairfuse_reason_text(enum pairfuse_reason reason);

#endif /* PAIRFUSE_REASON_H */
