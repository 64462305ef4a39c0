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

# taken ID: who took or held locks, how often
taken()
{
	awk '$1 ~ /[+]0x/ { print $1, ++seen[$1], $4 }' "$T/$1.out" | LC_ALL=C sort
}
taken locks.plain >"$T/plain.taken"
taken locks.run >"$T/run.taken"
equal "$(cut -d ' ' -f 1,2 "$T/run.taken")" "$(cut -d ' ' -f 1,2 "$T/plain.taken")" 'callers'
# both closed two ends of each pipe; each may have missed some
less=$(paste -d ' ' "$T/plain.taken" "$T/run.taken" |
	awk '{ d = $3 - $6; s += d < 0 ? -d : d } END { print s + 0 }')
[ "$less" -le "${lost[locks.run]}" ] ||
	fail "counts differ by $less, the kernel missed ${lost[locks.run]}"
[ "${lost[locks.run]}" != 0 ] || grep -q "^__fput.* $((2 * n))\$" "$T/run.taken" ||
	fail 'not all closed'
