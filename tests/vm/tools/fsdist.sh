# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154,SC2034,SC2016
# Alone: the same histograms, for failing and early returning calls too.

sums="$((2 * each)) $((2 * each)) $((each + threads)) $each $each "
for how in plain run; do
	fsload_start
	start x.$how $how fsdist-libbpf -t ext4 -p "$load_pid"
	ready '^Tracing' x.$how
	load ok
	load fail
	stop
	grep '^operation' "$T/x.$how.out" >"$T/x.$how.ops"
done
fused x 5
nearly x.plain "$(hist_sums x.plain)" "$sums" 'events of the plain tool'
equal "$(hist_sums x.run)" "$sums" 'events'
cmp -s "$T/x.plain.ops" "$T/x.run.ops" || fail 'the operations differ'
