# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154,SC2034,SC2016
# raw_syscalls has no function around each call: not fused, the same counts.

load_start
both count '^Tracing' syscount-libbpf -p "$load_pid" -i 100 -T 50
both latency '^Tracing' syscount-libbpf -p "$load_pid" -i 100 -T 50 -L -m
both failed '^Tracing' syscount-libbpf -p "$load_pid" -i 100 -x
all_ready
load stat
load open
load_idle
stop
for id in count latency failed; do
	equal "$(grep -c ': fused: ' "$T/$id.run.err")" 0 "$id: pairs fused"
	same_errors $id
	for how in plain run; do
		# what the load reads and writes to talk to us, apart
		awk '$2 ~ /^[0-9]+$/ { print $1, $2 }' "$T/$id.$how.out" | sort >"$T/$id.$how.counts"
	done
	diff "$T/$id.plain.counts" "$T/$id.run.counts" || fail "$id: counts differ"
done
grep -q 'nothing to fuse' "$T/latency.run.err" || fail 'no word about missing pairs'
grep -q "^statfs $n$" "$T/count.run.counts" || fail 'count: statfs'
grep -q "^open $((2 * n))$\|^open $n$" "$T/latency.run.counts" || fail 'latency: open'
grep -q "^openat $n$" "$T/failed.run.counts" || fail 'failed: openat'
! grep -q '^statfs' "$T/failed.run.counts" || fail 'failed: statfs'
