# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154
# N operations of each kind by several threads: fused counts exactly N, and so
# does split; calls that fail or return early count too.

n=60

# count ID THREADS ARG...
count()
{
	local id=$1 threads=$2 each=$(($2 * n))
	shift 2

	load_start "l$id" "$threads" $n
	tool_start "$id" "$@" --fs ext4 "$OBJ"/fsdist.bpf.o
	load_go "l$id" ok
	load_go "l$id" fail
	tool_stop "$id"
	# `ok`: n of each. `fail`: n reads and writes more, after one open by each thread.
	equal "$(hists "$id")" "$((2 * each)) $((2 * each)) $((each + threads)) $each $each" \
		"$id: read write open fsync getattr"
}

count fused 2
# With more threads than CPUs split would not be exact: on kernels where it can
# be preempted (7.3), it loses the events of whoever runs meanwhile.
count split 2 --engine split
count many 5
equal "$(fused fused) $(fused split) $(fused many)" '5 0 5' 'pairs fused'
