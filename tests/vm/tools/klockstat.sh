# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154,SC2034,SC2016
# It takes a kernel stack at the entry, on which our frames would be: not fused,
# the same counts.

load_start
both locks '^Tracing' klockstat-libbpf -p "$load_pid" -n 1000
all_ready
load pipe
load_idle
stop
same_errors locks
equal "$(grep -c ': not fused: .*: context: ' "$T/locks.run.err")" 8 'pairs not fused'
equal "$(grep -c ': fused: ' "$T/locks.run.err")" 0 'pairs fused'

# who took locks and who held them, how often
for how in plain run; do
	awk '$1 ~ /[+]0x/ { print $1, ++seen[$1], $4 }' "$T/locks.$how.out" |
		LC_ALL=C sort >"$T/locks.$how.counts"
done
same_counts locks
# both ends of each pipe were closed
closed=$(sed -n 's/^\(__fput\|__x64_sys_close\)[^ ]* 1 //p' "$T/locks.run.counts")
nearly locks.run "$closed" $((2 * n)) 'closed'
