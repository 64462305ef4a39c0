# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154,SC2034,SC2016
# A tool on functions where another is already, which leaves before it.

fsload_start
start x.plain plain fsdist-libbpf -t ext4 -p "$load_pid"
ready '^Tracing' x.plain
start x.run run fsdist-libbpf -t ext4 -p "$load_pid"
ready '^Tracing' x.run
load ok
count_lost x.plain
stop_one x.plain 0
load ok
stop_one x.run 0
fused x 5
nearly x.plain "$(hist_sums x.plain)" "$each $each $each $each $each " 'the first'
m=$((2 * each))
equal "$(hist_sums x.run)" "$m $m $m $m $m " 'the fused one'
