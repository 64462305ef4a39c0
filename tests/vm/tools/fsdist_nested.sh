# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154,SC2034,SC2016
# A write with O_DSYNC syncs the file inside of the write. With one map and one
# key for both the inner call takes what the outer one has left: the plain tool
# does not see these writes, and no more does the fused one, unless it is asked to.

load_start
both x '^Tracing' fsdist-libbpf -t ext4 -p "$load_pid"
options=(--nesting per-call)
start each.run run fsdist-libbpf -t ext4 -p "$load_pid"
all_ready
ready '^Tracing' each.run
load threads sync
stop
fused x 5
fused each 5
# opens, syncs; and where the kernel has left out a sync's exit, the write's finds the state
read -ra plain <<<"$(hist_sums x.plain)"
[ ${#plain[@]} != 3 ] || plain=("${plain[1]}" $((plain[0] + plain[2])))
nearly x.plain "${plain[*]}" "4 $((4 * n))" 'events of the plain tool'
equal "$(hist_sums x.run)" "4 $((4 * n)) " 'events'
equal "$(hist_sums each.run)" "$((4 * n)) 4 $((4 * n)) " 'events, per call'
equal "$(grep -c 'nesting exact' "$T/x.run.err")" 5 'pairs with exact nesting'
equal "$(grep -c 'nesting exact' "$T/each.run.err")" 0 'pairs with exact nesting, per call'
