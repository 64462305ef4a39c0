# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154
# A map of 64 elements, 200 calls under way at a time: as written the tool loses what it has
# no room for, fused it does not. As written it may lose more: a program that is preempted
# bars all others on its CPU from running it, and 200 threads that wait for the CPU are
# many others (79 of 200 entries were seen).

mkfifo "$T/s.to" "$T/s.from"
python3 -c '
import sys, threading, time

def sleep():
	start.wait()
	time.sleep(3)

print("ready", flush=True)
for line in sys.stdin:
	start = threading.Barrier(200)
	all = [threading.Thread(target=sleep) for i in range(200)]
	for t in all: t.start()
	for t in all: t.join()
	print("done", flush=True)' <"$T/s.to" >"$T/s.from" &
pid=$!
# shellcheck disable=SC2034
exec {in_s}>"$T/s.to" {out_s}<"$T/s.from"
read -r -t $((60 * TIMES)) -u "${out_s}" word
equal "$word" ready 'first word'

for engine in fused split; do
	tool_start $engine --engine $engine --set target_pid=$pid "$DIR"/bpf/small_map.bpf.o
	load_go s go
	tool_stop $engine
done
equal "$(fused fused) $(fused split)" '1 0' 'pairs fused'
equal "$(data fused '[value(d, n) for n in ("entries", "events")]')" '[200, 200]' 'fused'
equal "$(data split '0 < value(d, "events") <= min(64, value(d, "entries"))')" True 'as written'
