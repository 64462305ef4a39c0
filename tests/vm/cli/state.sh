# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154
# State of several fields, read in part after it was deleted; typed arguments.

threads=2 n=50
declare -A maps=([fused]=0 [split]=1)

# How many there are; what is given back goes after a grace period.
maps_of_state()
{
	local n try

	for try in $(seq 50); do
		n=$(bpftool map show | grep -c ' name in_progress ')
		[ "$n" != "$1" ] || break
		sleep 0.1
	done
	echo "$n"
}


for engine in fused split; do
	load_start "l$engine" $threads $n
	pid=load_pid_l$engine
	tool_start $engine --engine $engine --set target_pid="${!pid}" "$OBJ"/state.bpf.o
	# Fused, neither the original programs nor the map between them are kept.
	equal "$(maps_of_state "${maps[$engine]}")" "${maps[$engine]}" "$engine: maps of state"
	load_go "l$engine" ok
	load_go "l$engine" fail
	tool_stop $engine
	# Each thread has its file: n reads of a page and n of nothing. The
	# process also reads its orders, from a FIFO.
	got=$(data $engine "sorted((v['calls'], v['errors'], v['asked'], v['got'])
		for k, v in entries(d, 'reads') if v['calls'] >= $n)")
	one="($((2 * n)), 0, $((n * 4096)), $((n * 4096)))"
	equal "$got" "[$one, $one]" "$engine: calls, errors, asked, got of each file"
	equal "$(data $engine "{(v['last_comm'], v['last_tgid'], v['ns'] > 0)
		for k, v in entries(d, 'reads') if v['calls'] >= $n}")" \
		"{('fsload', ${!pid}, True)}" "$engine: who and how long"
	equal "$(data $engine 'value(d, "dropped")')" 0 dropped
done
equal "$(fused fused)" 1 'pairs fused'
