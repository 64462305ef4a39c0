# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154,SC2034,SC2016
# Alone: every event with its fields, time stamps and latencies apart.

want=$((6 * each + threads))

# complete ID: with what the kernel has left out
complete()
{
	count_lost "$1"
	[ $(($(grep -c ' fsload ' "$T/$1.out") + lost[$1])) -ge $want ]
}

for how in plain run; do
	fsload_start
	start x.$how $how fsslower-libbpf -t ext4 -m 0 -p "$load_pid"
	ready '^TIME' x.$how
	load ok
	load fail
	await "x.$how: not all events" complete x.$how
	stop
	awk '$2 == "fsload" { sub(/fsload.*\./, "", $8); print $2, $8, $4, $5, $6 }' \
		"$T/x.$how.out" | sort | uniq -c | awk '{ $1 = $1; print }' |
		sort -k 2 >"$T/x.$how.events"
done
fused x 4
for ((i = 0; i < threads; i++)); do
	printf "%d fsload $i %s\n" "$n" 'F LL_MAX 0' "$n" 'R 0 0' "$n" 'R 4096 0' \
		"$n" 'W -27 256' "$n" 'W 4096 0' $((n + 1)) 'O 0 0'
done | sort -k 2 >"$T/want"
diff "$T/want" "$T/x.run.events" | head -20 >"$T/diff"
[ ! -s "$T/diff" ] || { fail 'events: < expected, > fused'; cat "$T/diff"; }
nearly x.plain "$(awk '{ s += $1 } END { print s }' "$T/x.plain.events")" $want \
	'events of the plain tool'
! cut -d ' ' -f 2- "$T/x.plain.events" | grep -qvxF -f <(cut -d ' ' -f 2- "$T/want") ||
	fail 'the plain tool has others'
