# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154,SC2034,SC2016
# kill, tkill, tgkill; also under its other name, and without pairs.

load_start
both all '^TIME' killsnoop-libbpf
both failed '^TIME' sigsnoop-libbpf -k -x -n -p "$load_pid"
both some '^TIME' sigsnoop-libbpf -k -s 10,12
both unpaired '^TIME' sigsnoop-libbpf -s 10,12 -p "$load_pid"
all_ready
load kill
load threads kill
load last kill
seen "$cpus" 'load .* 12 ' all some
seen "$cpus" 'load .*SIGUSR2' failed
# nobody was there, so no signal was made: a real one for the last
load signal
seen 1 'load .* 12 ' unpaired
stop
fused all 3
fused failed 3
fused some 3
fused unpaired 0
for id in all failed some unpaired; do
	# the time is when it was printed
	same $id '$2, $3, $4, $5, $6'
	same_errors $id
done
m=$((5 * n))
counted all $((2 * m)) 'load 10 [0-9]* 0$'
counted all "$m" 'load 0 [0-9]* 0$'
counted all "$m" 'load 10 1073741808 -3$'
counted all "$m" 'load 28 [0-9]* 0$'
counted failed "$m" 'load SIGUSR1 1073741808 -3$'
counted failed 0 ' 0$'
counted some 0 'load 28'
