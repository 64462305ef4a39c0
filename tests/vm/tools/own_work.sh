# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154,SC2034,SC2016
# What the interposer does itself is not in the tool's data: a tool that counts only
# the calls of its own process counts the same started directly and under `run`.

# calls HOW FUNCTION [OPTION...]: prints how many calls its process made while it traced
calls()
{
	local how=$1 function=$2 id=$1.$2${3:-}
	shift 2

	run=()
	[ "$how" = plain ] || run=(pairfuse run -v --)
	# the filter is the process id that the tool is going to have
	env --default-signal=INT stdbuf -oL bash -c \
		'p=$1; shift; exec "$@" -p $$ "$p"' bash "$function" \
		"${run[@]}" funclatency-libbpf "$@" >"$T/$id.out" 2>"$T/$id.err" &
	pids[$id]=$!
	ready '^Tracing' "$id" >&2
	sleep 1
	stop_one "$id" 0 >&2
	[ "$how" = plain ] || grep -q ': fused: ' "$T/$id.err" || echo 'not fused '
	hist_sums "$id"
}

for f in vfs_read vfs_open vfs_statx security_bpf security_mmap_file kernel_clone; do
	for option in '' -k; do
		equal "$(calls run $f $option)" "$(calls plain $f $option)" "$f $option"
	done
done
