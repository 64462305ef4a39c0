# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154,SC2034,SC2016
# It takes a kernel stack at the entry, on which our frames would be: not fused,
# the same counts.

load_start
both locks '^Tracing' klockstat-libbpf -p "$load_pid" -n 1000
all_ready
load pipe
count_lost locks.plain locks.run
stop
same_errors locks
equal "$(grep -c ': not fused: .*: context: ' "$T/locks.run.err")" 8 'pairs not fused'
equal "$(grep -c ': fused: ' "$T/locks.run.err")" 0 'pairs fused'

# taken ID FUNCTION: how often the function took a lock, and held one
taken()
{
	awk -v f="$2" '$1 ~ "^(anon_)?" f "[+]" { print $4 }' "$T/$1.out" | tr '\n' ' '
}
for id in locks.plain locks.run; do
	nearly $id "$(taken $id pipe_write)" "$n $n" "$id: writes"
	nearly $id "$(taken $id pipe_read)" "$n $n" "$id: reads"
done
