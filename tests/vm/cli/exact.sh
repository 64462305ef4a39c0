# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154
# N operations of each kind by several threads: fused counts exactly N, and so
# does split; calls that fail or return early count too.

threads=4 n=60
each=$((threads * n))
# `ok`: n of each. `fail`: n reads and writes more, after one open by each thread.
want="$((2 * each)) $((2 * each)) $((each + threads)) $each $each"

for engine in fused split; do
	load_start "l$engine" $threads $n
	tool_start $engine --engine $engine --fs ext4 "$OBJ"/fsdist.bpf.o
	load_go "l$engine" ok
	load_go "l$engine" fail
	tool_stop $engine
	equal "$(hists $engine)" "$want" "$engine: read write open fsync getattr"
done
equal "$(fused fused)" 5 'pairs fused'
equal "$(fused split)" 0 'pairs fused with --engine split'
