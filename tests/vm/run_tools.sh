#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# run_tools.sh [CASE...]: tools of Debian's libbpf-tools, unmodified, started
# directly and under `pairfuse run`: the same events with the same fields, the
# same counts, the same exit status. In the guest, as root.
#
# Each case is a function case_NAME. Ends with `N passed, N failed`.
set -u
DIR=${DIR:-/usr/lib/pairfuse/tests}
HERE=$(dirname "$(readlink -f "$0")")
T=$(mktemp -d /tmp/run.XXXXXX)
trap 'rm -rf "$T"' EXIT
passed=0 failed=0
declare -A missed
threads=3 n=40
each=$((threads * n))

# --- what cases are made of ---

fail()
{
	echo "    $*"
	bad=1
}

equal()
{
	[ "$1" = "$2" ] || fail "$3: have '$1', want '$2'"
}

# nearly ID HAVE WANT WHAT: numbers, none more, and in all only as many less as the
# kernel says that it left out: when a task is preempted in the middle of a
# program, other tasks on that CPU go without it. The pair is not preempted.
nearly()
{
	local have want i lost=0

	read -ra have <<<"$2"
	read -ra want <<<"$3"
	for ((i = 0; i < ${#want[@]}; i++)); do
		[ "${have[i]:-0}" -le "${want[i]}" ] || lost=1000000
		lost=$((lost + want[i] - ${have[i]:-0}))
	done
	[ $lost -le "${missed[$1]}" ] ||
		fail "$4: have '$2', want '$3'; the kernel missed ${missed[$1]}"
}

# load_start; load ok|fail; load_end: a known number of file operations,
# see prog/fsload.c
# load_start COMMAND...: another program of that kind
load_start()
{
	rm -f "$T/to" "$T/from"
	mkfifo "$T/to" "$T/from"
	[ $# -gt 0 ] || set -- "$DIR/fsload" /scratch $threads $n
	"$@" <"$T/to" >"$T/from" &
	exec 8>"$T/to" 9<"$T/from"
	read -r -t 60 -u 9 word load_pid
	equal "$word" ready "the load's first word"
}

load()
{
	echo "$1" >&8
	read -r -t 200 -u 9 word
	equal "$word" 'done' "the load's answer"
}

load_end()
{
	exec 8>&- 9<&-
}

# fused ID: how many pairs were fused
fused()
{
	grep -c ': fused: ' "$T/$1.err"
}

# start ID plain|run READY TOOL ARG...: in the background, until its output or
# standard error matches READY
start()
{
	local id=$1 how=$2 ready=$3 i
	shift 3

	if [ "$how" = run ]; then
		# shellcheck disable=SC2086
		set -- pairfuse run ${options:-} -v -- "$@"
	fi
	# line by line, into a file too; stdbuf is another LD_PRELOAD
	stdbuf -oL "$@" >"$T/$id.out" 2>"$T/$id.err" &
	tool=$!
	for ((i = 0; i < 1200; i++)); do
		grep -q -e "$ready" "$T/$id.out" "$T/$id.err" && break
		kill -0 $tool 2>/dev/null || break
		sleep 0.1
	done
	[ $i -lt 1200 ] || fail "$id: not ready"
}

# stop ID STATUS
stop()
{
	local status

	missed[$1]=$(bpftool -j prog | python3 -c 'import json, sys
print(sum(p.get("recursion_misses", 0) for p in json.load(sys.stdin)))')
	kill -INT "$tool" 2>/dev/null
	wait "$tool"
	status=$?
	equal $status "$2" "$1: exit status"
}

# hist_sums FILE: events in each histogram
hist_sums()
{
	awk '/count *distribution|distribution/ { if (seen) print s; s = 0; seen = 1; next }
		seen && /->/ { s += $5 }
		END { if (seen) print s }' "$1" | tr '\n' ' '
}

# --- cases ---

# The same histograms, for failing and early returning calls too.
case_fsdist()
{
	local how sums

	for how in plain run; do
		load_start
		start $how $how '^Tracing' fsdist-libbpf -t ext4 -p "$load_pid"
		load ok
		load fail
		stop $how 0
		load_end
		grep '^operation' "$T/$how.out" >"$T/$how.ops"
	done
	equal "$(fused run)" 5 'pairs fused'
	sums="$((2 * each)) $((2 * each)) $((each + threads)) $each $each "
	nearly plain "$(hist_sums "$T/plain.out")" "$sums" 'plain sums'
	equal "$(hist_sums "$T/run.out")" "$sums" 'sums'
	cmp -s "$T/plain.ops" "$T/run.ops" || fail 'the operations differ'
}

# Every event with its fields, time stamps and latencies apart.
case_fsslower()
{
	local how i

	for how in plain run; do
		load_start
		start $how $how '^TIME' fsslower-libbpf -t ext4 -m 0 -p "$load_pid"
		load ok
		load fail
		sleep 2		# it polls its buffer
		stop $how 0
		load_end
		awk '$2 == "fsload" { sub(/fsload.*\./, "", $8); print $2, $8, $4, $5, $6 }' \
			"$T/$how.out" | sort | uniq -c | awk '{ $1 = $1; print }' |
			sort -k 2 >"$T/$how.events"
	done
	nearly plain "$(awk '{ s += $1 } END { print s }' "$T/plain.events")" $((6 * each + threads)) \
		'events of the plain tool'
	equal "$(fused run)" 4 'pairs fused'
	for ((i = 0; i < threads; i++)); do
		printf "%d fsload $i %s\n" $n 'F LL_MAX 0' $n 'R 0 0' $n 'R 4096 0' \
			$n 'W -27 256' $n 'W 4096 0' $((n + 1)) 'O 0 0'
	done | sort -k 2 >"$T/want"
	diff "$T/want" "$T/run.events" | head -20 >"$T/diff"
	[ ! -s "$T/diff" ] || { fail 'events differ'; cat "$T/diff"; }
	! cut -d ' ' -f 2- "$T/plain.events" | grep -qvxF -f <(cut -d ' ' -f 2- "$T/want") ||
		fail 'the plain tool has others'
}

# It never deletes from its map, yet with a filter (-p) no exit may find what an
# earlier call left.
case_funclatency()
{
	local how filter

	for filter in '' -p; do
		for how in plain run; do
			load_start
			# shellcheck disable=SC2086
			start $how $how '^Tracing' funclatency-libbpf \
				${filter:+$filter $load_pid} ext4_file_write_iter
			load ok
			load fail
			stop $how 0
			load_end
		done
		equal "$(fused run)" 1 "pairs fused ($filter)"
		nearly plain "$(hist_sums "$T/plain.out")" "$((2 * each)) " "plain sum ($filter)"
		equal "$(hist_sums "$T/run.out")" "$((2 * each)) " "sum ($filter)"
	done
}

case_funclatency_kprobe()
{
	load_start
	start run run '^Tracing' funclatency-libbpf -k -p "$load_pid" ext4_file_write_iter
	load ok
	load fail
	stop run 0
	load_end
	equal "$(fused run)" 1 'pairs fused'
	equal "$(hist_sums "$T/run.out")" "$((2 * each)) " 'sum'
}

# Tools with a loader of their own. Nobody but the load calls fsync.
bpftrace_counts()
{
	load_start
	start run run '^ready' bpftrace -e "BEGIN { printf(\"ready\\n\"); }
		$1:ext4_sync_file { @start[tid] = nsecs; }
		$2:ext4_sync_file /@start[tid]/ {
			@ns = hist(nsecs - @start[tid]); @calls = count(); delete(@start, tid); }"
	load ok
	stop run 0
	load_end
	equal "$(fused run)" 1 "pairs fused ($1)"
	equal "$(sed -n 's/^@calls: //p' "$T/run.out")" $each "calls ($1)"
}

case_bpftrace()
{
	bpftrace_counts kprobe kretprobe
	bpftrace_counts fentry fexit
}

case_bcc()
{
	load_start
	start run run '^Tracing' funclatency-bpfcc ext4_sync_file
	load ok
	stop run 0
	load_end
	equal "$(fused run)" 1 'pairs fused'
	equal "$(sed -n 's/.*count: //p' "$T/run.out")" $each 'calls'
}

# All of its output is at the end, with -i it comes in between: user space reads
# .bss, which is no carrier.
case_interval()
{
	load_start
	start run run '^Tracing' fsdist-libbpf -t ext4 -p "$load_pid" 1
	load ok
	sleep 3
	load ok
	sleep 3
	stop run 0
	load_end
	equal "$(awk '/->/ { s += $5 } END { print s }' "$T/run.out")" $((10 * each)) 'events'
	equal "$(fused run)" 5 'pairs fused'
	! grep -q 'back to the original' "$T/run.err" || fail 'fell back'
}

# shellcheck disable=SC2016	# awk's
# differ LOAD PAIRS READY COLUMNS TOOL ARG...: the same lines from both, in these
# columns (awk); -p PID is added
differ()
{
	local load=$1 pairs=$2 ready=$3 columns=$4 how
	shift 4

	for how in plain run; do
		load_start python3 "$HERE/run_load.py" $n
		start $how $how "$ready" "$@" -p "$load_pid"
		load "$load"
		sleep 2		# it polls its buffer
		stop $how 0
		load_end
		sed "0,/$ready/d; s/\\b$load_pid\\b/PID/g" "$T/$how.out" | awk "{ print $columns }" |
			sort | uniq -c >"$T/$how.events"
	done
	equal "$(fused run)" "$pairs" 'pairs fused'
	equal "$(awk '{ s += $1 } END { print (s >= '$n') }' "$T/plain.events")" 1 'enough events'
	diff "$T/plain.events" "$T/run.events" | head -20 >"$T/diff"
	[ ! -s "$T/diff" ] || { fail 'events differ'; cat "$T/diff"; }
}

case_opensnoop()
{
	differ open 2 '^PID' '$0' opensnoop-libbpf
}

case_statsnoop()
{
	differ stat 5 '^PID' '$0' statsnoop-libbpf
}

case_killsnoop()
{
	differ kill 3 '^TIME' '$2, $3, $4, $5, $6' killsnoop-libbpf
}

case_bindsnoop()
{
	differ bind 2 '^PID' '$0' bindsnoop-libbpf
}

case_tcpconnect()
{
	differ connect 2 '^PID' '$0' tcpconnect-libbpf
}

# tcp_v6_connect() calls tcp_v4_connect(): one event, as with the map.
case_tcpconnect_mapped()
{
	differ mapped 2 '^PID' '$0' tcpconnect-libbpf
}

case_mountsnoop()
{
	differ mount 2 '^COMM' '$0' mountsnoop-libbpf
}

case_capable()
{
	differ chown 1 '^TIME' '$2, $3, $4, $5, $6, $7, $8' capable-libbpf
}

# A pair that the kernel never calls here: attached, and gone afterwards.
case_numamove()
{
	start run run 'fused' numamove-libbpf
	equal "$(pairfuse list --json | grep -c migrate_misplaced)" 1 'listed'
	stop run 0
	equal "$(fused run)" 1 'pairs fused'
}

# Nothing stays behind, however the tool ends.
case_gone()
{
	local sig left

	for sig in INT KILL; do
		start run run '^Tracing' fsdist-libbpf -t ext4
		kill -$sig $tool
		wait $tool 2>/dev/null
		for ((i = 0; i < 50; i++)); do
			left=$(pairfuse list | grep -c ext4_)
			[ "$left" = 0 ] && break
			sleep 0.2
		done
		equal "$left" 0 "links after SIG$sig"
	done
	equal "$(bpftool prog | grep -c file_)" 0 'programs'
	equal "$(grep -c ext4_ /sys/kernel/tracing/enabled_functions)" 0 'functions held'
}

# Another tool on the same functions, before and after.
case_neighbour()
{
	local first

	load_start
	fsdist-libbpf -t ext4 -p "$load_pid" >"$T/first.out" 2>/dev/null &
	first=$!
	sleep 4
	start run run '^Tracing' fsdist-libbpf -t ext4 -p "$load_pid"
	load ok
	kill -INT $first
	wait $first
	load ok
	stop run 0
	load_end
	equal "$(hist_sums "$T/first.out")" "$each $each $each $each $each " 'the first'
	equal "$(hist_sums "$T/run.out")" \
		"$((2 * each)) $((2 * each)) $((2 * each)) $((2 * each)) $((2 * each)) " 'the fused one'
}

# Programs that trace nothing.
case_no_tool()
{
	local out

	equal "$(pairfuse run -- sh -c 'echo out; echo err >&2; exit 7' 2>&1; echo $?)" \
		"out
err
7" 'a shell'
	out=$(pairfuse run -- env | grep -E 'PRELOAD|PAIRFUSE')
	equal "$out" '' 'environment'
	out=$(LD_PRELOAD=libelf.so.1 pairfuse run -- env | grep PRELOAD)
	equal "$out" 'LD_PRELOAD=libelf.so.1' 'LD_PRELOAD of the user'
	out=$(pairfuse run -- sh -c 'echo $$' & wait $!; echo $!)
	equal "${out%%?[0-9]*}" "${out##*[0-9]?}" 'pid'
	pairfuse run -- sh -c 'kill -TERM $$'
	equal $? 143 'killed by SIGTERM'
	pairfuse run -- /nonexistent 2>/dev/null
	equal $? 127 'no such tool'
	pairfuse run -- /etc/passwd 2>/dev/null
	equal $? 126 'not executable'
	equal "$(pairfuse run -- python3 -c '
import os, subprocess
r, w = os.pipe()
pid = os.fork()
if not pid:
    os.closerange(3, 4000 if w > 3 else 3)
    os._exit(5)
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
print(subprocess.run(["echo", "x"], capture_output=True).stdout)
os.dup2(w, 100); os.close(100); os.close(w)
print(os.read(r, 1))' 2>&1)" "5
b'x\\n'
b''" 'python'
	equal "$(pairfuse run -- vfsstat-libbpf 1 1 2>&1 | head -1)" \
		"$(vfsstat-libbpf 1 1 2>&1 | head -1)" 'a tool without pairs'
}

# Not root; the module not loaded.
case_refused()
{
	rmmod pairfuse || fail 'rmmod'
	mv /lib/modules/"$(uname -r)"/extra "$T/extra"
	depmod
	start run run '^Tracing' fsdist-libbpf -t ext4
	equal "$(grep -c '^pairfuse:' "$T/run.err")" 1 'lines'
	grep -q 'nothing will be fused' "$T/run.err" || fail 'the line'
	stop run 0
	mv "$T/extra" /lib/modules/"$(uname -r)"/extra
	depmod
	modprobe pairfuse
	equal "$(setpriv --reuid=65534 pairfuse run -- id -u 2>"$T/user.err")" 65534 'as nobody'
	equal "$(wc -l <"$T/user.err")" 1 'lines as nobody'
}

# The carrier map is read from outside of the tool's hooks: nothing happens. By
# the tool itself: see the unit tests.
case_direct()
{
	local options='--hook direct'

	load_start
	start run run '^Tracing' fsdist-libbpf -t ext4 -p "$load_pid"
	load ok
	stop run 0
	load_end
	equal "$(grep -c 'direct hook' "$T/run.err")" 5 'pairs fused'
	equal "$(hist_sums "$T/run.out")" "$each $each $each $each $each " 'sums'
}

# --- all of them ---

modprobe pairfuse || exit 1
# shellcheck disable=SC2048
for name in ${*:-fsdist fsslower funclatency funclatency_kprobe interval numamove gone neighbour direct \
		opensnoop statsnoop killsnoop bindsnoop tcpconnect tcpconnect_mapped mountsnoop \
		capable bpftrace bcc no_tool refused}; do
	bad=0 began=$SECONDS
	"case_$name"
	if [ $bad = 0 ]; then
		passed=$((passed + 1)) word=PASS
	else
		failed=$((failed + 1)) word=FAIL
		head -c 1500 "$T/run.err" | sed 's/^/    | /'
	fi
	printf '%-34s %s %4d s\n' "[run: $name]" $word $((SECONDS - began))
done
echo "$passed passed, $failed failed"
[ $failed = 0 ]
