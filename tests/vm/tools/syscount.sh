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
		awk '$2 ~ /^[0-9]+$/ { print $1, $2 }' "$T/$id.$how.out" | sort >"$T/$id.$how.counts"
	done
	same_counts $id
done
grep -q 'nothing to fuse' "$T/latency.run.err" || fail 'no word about missing pairs'

# calls ID NAME
calls()
{
	sed -n "s/^$2 //p" "$T/$1.run.counts"
}
nearly count.run "$(calls count statfs)" "$n" 'statfs'
nearly latency.run "$(calls latency open)" "$n" 'open'
nearly failed.run "$(calls failed openat)" "$n" 'failing openat'
equal "$(calls failed statfs)" '' 'failing statfs'
