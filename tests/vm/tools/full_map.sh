# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154,SC2034,SC2016
# A map that is full of threads that never came back: the plain tool loses what it
# has no room for, slots do not care.

load_start
both x '^PID' statsnoop-libbpf -p "$load_pid"
all_ready
bpftool -j map show name values | python3 -c '
import json, sys
for m in json.load(sys.stdin):
    for key in range(m["max_entries"]):
        # beyond what a thread id can be
        key_bytes = (0x70000000 + key).to_bytes(4, "little")
        print("map update id", m["id"], "key", *key_bytes, "value", *[0] * m["bytes_value"])
' >"$T/batch"
equal "$(wc -l <"$T/batch")" $((2 * 10240)) 'entries'
bpftool batch file "$T/batch" >"$T/bpftool.out" 2>&1
equal "$(tail -n 1 "$T/bpftool.out")" "processed $((2 * 10240)) commands" 'the maps are full'
load stat
load last stat
await 'x.run: all' has_seen x.run "$cpus" ' /last'
stop
fused x 5
equal "$(grep -c ' /scratch' "$T/x.plain.out")" 0 'events of the plain tool'
equal "$(grep -c ' /scratch$' "$T/x.run.out")" $((3 * n)) 'events'
equal "$(grep -c ' /scratch/nowhere.0$' "$T/x.run.out")" "$n" 'failing ones'
