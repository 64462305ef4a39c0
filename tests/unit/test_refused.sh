#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Which kernels `make kmod` refuses, each in one sentence and before it compiles: build
# trees of kernels with nothing in them but what that looks at.
#
# Ends with `N passed, N failed`.
set -u
# Of the make that runs this: O, SANITIZE, a jobserver.
unset MAKEFLAGS MAKEOVERRIDES MAKELEVEL MFLAGS
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
passed=0 failed=0
readonly ALL='X86_64 DYNAMIC_FTRACE_WITH_DIRECT_CALLS DYNAMIC_FTRACE_WITH_ARGS
	HAVE_STATIC_CALL_INLINE BPF_JIT DEBUG_INFO_BTF TASKS_RCU'

# tree MAJOR MINOR OPTION...
tree()
{
	local generated=$dir/tree/include/generated
	local version=$(($1 << 16 | $2 << 8 | 99))
	shift 2

	rm -rf "$dir/tree" "$dir/out"
	mkdir -p "$generated/uapi/linux"
	printf '#define CONFIG_%s 1\n' "$@" >"$generated/autoconf.h"
	{
		echo "#define LINUX_VERSION_CODE $version"
		echo '#define KERNEL_VERSION(a, b, c) (((a) << 16) + ((b) << 8) + (c))'
	} >"$generated/uapi/linux/version.h"
	printf 'modules:\n\t@touch "$(M)/pairfuse.ko"\n' >"$dir/tree/Makefile"
}

# What make says but for what it is doing and that it has failed.
module()
{
	make -s O="$dir/out" KDIR="$dir/tree" "$dir/out/pairfuse.ko" 2>&1 </dev/null |
		grep -v -e '^make: \*\*\*' -e '^  KBUILD '
	ls "$dir/out/pairfuse.ko" 2>/dev/null
}

result()
{
	if [ "$2" = "$3" ]; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		printf 'FAIL: %s\nhave: %s\nwant: %s\n' "$1" "$2" "$3"
	fi
}

# accepted MAJOR MINOR OPTION...
accepted()
{
	tree "$@"
	result "$1.$2" "$(module)" "$dir/out/pairfuse.ko"
}

# refused SENTENCE MAJOR MINOR OPTION...
refused()
{
	local want=$1
	shift

	tree "$@"
	result "$*" "$(module)" "kmod: $dir/tree: $want"
}

# without OPTION: all the others
without()
{
	# shellcheck disable=SC2086
	printf '%s\n' $ALL | grep -vx "$1"
}

# shellcheck disable=SC2046,SC2086
{
	accepted 6 12 $ALL
	accepted 7 3 $ALL
	refused 'pairfuse needs Linux 6.12 or newer: older kernels lack bpf_rdonly_cast() for raw tracepoint programs' \
		6 1 $ALL
	refused 'pairfuse needs Linux 6.12 or newer: older kernels lack bpf_rdonly_cast() for raw tracepoint programs' \
		6 11 $ALL
	refused 'pairfuse does not know this kernel yet: it was checked up to Linux 7.3' 7 4 $ALL
	refused 'pairfuse does not support PREEMPT_RT: its stubs run programs with preemption off' \
		6 12 $ALL PREEMPT_RT
	refused 'pairfuse supports x86-64 only: its stubs are assembly' 6 12 $(without X86_64)
	refused 'pairfuse needs CONFIG_TASKS_RCU: without it stubs can never be used again' \
		6 12 $(without TASKS_RCU)
	for option in DYNAMIC_FTRACE_WITH_DIRECT_CALLS DYNAMIC_FTRACE_WITH_ARGS \
		HAVE_STATIC_CALL_INLINE BPF_JIT DEBUG_INFO_BTF; do
		refused "pairfuse needs CONFIG_$option" 6 12 $(without $option)
	done
}
echo "$passed passed, $failed failed"
[ $failed = 0 ]
