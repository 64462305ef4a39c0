# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154,SC2034,SC2016
# fentry and kprobes. It never deletes from its map, yet with a filter (-p) no
# exit may find what an earlier call left.

sum="$((2 * each)) "
f=ext4_file_write_iter

fsload_start
both all '^Tracing' funclatency-libbpf $f
both one '^Tracing' funclatency-libbpf -u -p "$load_pid" $f
both probes '^Tracing' funclatency-libbpf -k -T -p "$load_pid" $f
both none '^Tracing' funclatency-libbpf -p $$ $f
all_ready
load ok
load fail
stop
for id in all one probes; do
	fused $id 1
	nearly $id.plain "$(hist_sums $id.plain)" "$sum" "calls, $id, plain"
	equal "$(hist_sums $id.run)" "$sum" "calls, $id"
done
equal "$(hist_sums none.plain)$(hist_sums none.run)" '' 'calls of another process'
same_errors one
grep -q " usec " "$T/one.run.out" || fail "no microseconds"
