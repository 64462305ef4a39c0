#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# lib.sh CASE: run a test of a tool; CASE is a script that uses what is defined
# here. A test goes on after what was not as it should be, and fails at its end.
#
# Most tools are started twice at the same time, as `plain` and under `pairfuse
# run`: what happens then, both have to tell, to the last field.
set -u
HERE=$(dirname "$(readlink -f "$0")")
DIR=${DIR:-$(dirname "$HERE")}
T=$(mktemp -d /tmp/tool.XXXXXX)
TIMES=${TIMES:-1}
bad=0
# of fsload: operations in each kind; of load.py: repetitions
threads=3 n=20
export each=$((threads * n))
declare -A pids lost
ids=() patterns=() load_pid=''
# for tests to set: options of `pairfuse run`, what goes in front of a tool
options=() wrapper=()
# shellcheck disable=SC2034
cpus=$(nproc)

finish()
{
	local status=$? pid

	for pid in $(jobs -p); do
		kill -KILL "$pid" 2>/dev/null
	done
	wait 2>/dev/null
	if [ $status != 0 ] || [ $bad != 0 ]; then
		show
	fi
	rm -rf "$T"
	[ $status = 0 ] || exit "$status"
	exit $bad
}
trap finish EXIT

show()
{
	local f

	for f in "$T"/*.err "$T"/*.out; do
		[ ! -s "$f" ] || { echo "--- ${f##*/}"; head -n 12 "$f" | cut -c 1-160; }
	done
}

fail()
{
	echo "$*"
	bad=1
}

give_up()
{
	fail "$*"
	exit 1
}

# equal HAVE WANT WHAT
equal()
{
	[ "$1" = "$2" ] || fail "$3: have '$1', want '$2'"
}

# await WHAT COMMAND...: until it succeeds
await()
{
	local what=$1 limit=$((${LIMIT:-150} * TIMES)) end
	end=$((SECONDS + limit))
	shift

	until "$@"; do
		[ $SECONDS -lt $end ] || give_up "$what: not within $limit s"
		sleep 0.1
	done
}

# --- loads ---

# load_start [COMMAND...]: load.py, or another that says `ready PID ...`, reads
# lines and answers `done`; sets load_pid, load_lock
load_start()
{
	local word

	load_end
	[ $# -gt 0 ] || set -- python3 "$HERE/load.py" $n
	mkfifo "$T/to" "$T/from"
	"$@" <"$T/to" >"$T/from" &
	exec 8>"$T/to" 9<"$T/from"
	rm "$T/to" "$T/from"
	read -r -t $((150 * TIMES)) -u 9 word load_pid load_lock || give_up 'the load is not ready'
	equal "$word" ready "the load's first word"
	export load_lock
}

fsload_start()
{
	load_start "$DIR/fsload" /scratch $threads $n
}

# load LINE
load()
{
	local word

	echo "$*" >&8
	read -r -t $((200 * TIMES)) -u 9 word || give_up "load $*: no answer"
	equal "$word" 'done' "the load's answer"
}

# load_idle: until it has nothing more to do than to wait for a line, in read(0)
load_idle()
{
	await 'the load is busy' grep -q '^0 0x0 ' "/proc/$load_pid/syscall"
}

load_end()
{
	exec 8>&- 9<&-
}
exec 8>/dev/null 9</dev/null

# --- tools ---

# matches ID PATTERN: in its output or standard error
matches()
{
	grep -q -e "$2" "$T/$1.out" "$T/$1.err"
}

# is_ready ID PATTERN: it says so, or for `SIGINT` has a handler for that, which is
# the last thing that tools do before they wait
is_ready()
{
	if [ "$2" != SIGINT ]; then
		matches "$1" "$2" && return
	elif grep -q 'SigCgt:.*[2367abef]$' "/proc/${pids[$1]}/status" 2>/dev/null; then
		return
	fi
	! kill -0 "${pids[$1]}" 2>/dev/null
}

# start ID plain|run TOOL ARG...: in the background
start()
{
	local id=$1 how=$2
	shift 2

	[ "$how" = plain ] || set -- pairfuse run "${options[@]}" -v -- "$@"
	# line by line, into a file too (stdbuf is another LD_PRELOAD, Python has a buffer of
	# its own); and with SIGINT, which is ignored in the background: Python leaves it so
	env --default-signal=INT PYTHONUNBUFFERED=1 stdbuf -oL "${wrapper[@]}" "$@" \
		>"$T/$id.out" 2>"$T/$id.err" &
	pids[$id]=$!
	ids+=("$id")
}

# ready PATTERN ID...: until each has said that
ready()
{
	local pattern=$1 id
	shift

	for id; do
		await "$id is not ready" is_ready "$id" "$pattern"
		kill -0 "${pids[$id]}" 2>/dev/null || fail "$id has ended"
	done
}

# both ID READY TOOL ARG...: as ID.plain and ID.run, at the same time
both()
{
	local id=$1 pattern=$2
	shift 2

	start "$id.plain" plain "$@"
	start "$id.run" run "$@"
	patterns+=("$id:$pattern")
}

# all_ready: those started with `both`
all_ready()
{
	local p

	for p in "${patterns[@]}"; do
		ready "${p#*:}" "${p%%:*}.plain" "${p%%:*}.run"
	done
	patterns=()
}

has_seen()
{
	[ "$(grep -c -e "$3" "$T/$1.out")" -ge "$2" ]
}

# seen COUNT PATTERN ID...: until ID.plain and ID.run each have that many lines
# like this, or one that is not fused evidently misses some of the last
seen()
{
	local count=$1 pattern=$2 id how
	shift 2

	for id; do
		for how in run plain; do
			since=$SECONDS
			await "$id.$how has not seen '$pattern'" has_seen_or_missed "$id.$how" \
				"$count" "$pattern"
		done
	done
}

has_seen_or_missed()
{
	has_seen "$@" && return
	grep -q ': fused: ' "$T/$1.err" && return 1
	count_lost "$1"
	[ $SECONDS -gt $((since + 20)) ] && [ "${lost[$1]}" -gt 0 ]
}

# count_lost ID...: how often until now the kernel left a program out, because a
# task was preempted in the middle of it on that CPU; ours are not
count_lost()
{
	local id count

	count=$(bpftool prog | awk '!/raw_tracepoint_writable/ { for (i = 1; i < NF; i++)
		if ($i == "recursion_misses") s += $(i + 1) } END { print s + 0 }')
	for id; do
		lost[$id]=$count
	done
}

# stop_one ID STATUS
stop_one()
{
	local status

	kill -INT "${pids[$1]}" 2>/dev/null
	wait "${pids[$1]}"
	status=$?
	[ "$2" = any ] || equal $status "$2" "$1: exit status"
	echo $status >"$T/$1.status"
}

# stop [STATUS]: all that run
stop()
{
	local id

	count_lost "${ids[@]}"
	for id in "${ids[@]}"; do
		stop_one "$id" "${1:-0}"
	done
	ids=()
}

# --- what they said ---

# fused ID N: pairs of ID.run that were fused, and still were at the end
fused()
{
	equal "$(grep -c ': fused: ' "$T/$1.run.err")" "$2" "$1: pairs fused"
	! grep -q 'back to the original' "$T/$1.run.err" || fail "$1: fell back"
}

# refused ID REASON N: pairs that are not fused because of that
refused()
{
	equal "$(grep -c ": not fused: .*: $2: " "$T/$1.run.err")" "$3" \
		"$1: pairs not fused: $2"
	equal "$(grep -c ': fused: ' "$T/$1.run.err")" 0 "$1: pairs fused"
}

# lines ID.HOW [COLUMNS]: of the load, and those columns (awk) of them
lines()
{
	grep -w -e load -e "$load_pid" -e "${other:-load}" "$T/$1.out" |
		awk "{ print ${2:-\$0} }" | sed "s/ *$//" | LC_ALL=C sort
}

# same ID [COLUMNS]: both have the same lines, whatever their order, but for those
# that the plain one missed, or either if nothing is fused
same()
{
	local missed=${lost[$1.plain]} fewer=0

	lines "$1.plain" "${2:-\$0}" >"$T/$1.plain.lines"
	lines "$1.run" "${2:-\$0}" >"$T/$1.run.lines"
	[ -s "$T/$1.plain.lines" ] || fail "$1: nothing seen"
	grep -q ': fused: ' "$T/$1.run.err" || fewer=$missed
	diff "$T/$1.plain.lines" "$T/$1.run.lines" >"$T/diff"
	[ "$(grep -c '^>' "$T/diff")" -gt "$missed" ] ||
		[ "$(grep -c '^<' "$T/diff")" -gt "$fewer" ] || return 0
	fail "$1: < plain, > fused; the kernel missed $missed"
	head -n 20 "$T/diff"
}

# same_counts ID: the lines `WHAT... COUNT` in ID.plain.counts and ID.run.counts, but
# for what either missed
same_counts()
{
	local less

	equal "$(sed 's/ [0-9]*$//' "$T/$1.run.counts")" \
		"$(sed 's/ [0-9]*$//' "$T/$1.plain.counts")" "$1: what is counted"
	less=$(paste -d ' ' <(sed 's/.* //' "$T/$1.plain.counts") <(sed 's/.* //' "$T/$1.run.counts") |
		awk '{ d = $1 - $2; s += d < 0 ? -d : d } END { print s + 0 }')
	[ "$less" -le "${lost[$1.run]}" ] ||
		fail "$1: counts differ by $less, the kernel missed ${lost[$1.run]}"
}

# counted ID COUNT PATTERN: that many lines, of the fused one
counted()
{
	equal "$(grep -c -e "$3" "$T/$1.run.lines")" "$2" "$1: lines like '$3'"
}

# same_errors ID: on standard error, apart from what we say with -v, and from buffers
# that were full of the events of others
same_errors()
{
	diff <(grep -v '^[Ll]ost [0-9]* events' "$T/$1.plain.err") \
		<(grep -v '^[Ll]ost [0-9]* events\|^pairfuse: ' "$T/$1.run.err") >"$T/diff" ||
		{ fail "$1: standard error: < plain, > fused"; head -20 "$T/diff"; }
}

# same_end ID: the same exit status, the same output
same_end()
{
	equal "$(cat "$T/$1.run.status")" "$(cat "$T/$1.plain.status")" "$1: exit status"
	same_errors "$1"
}

# nearly ID HAVE WANT WHAT: numbers, none more, and in all only as many less as the
# kernel missed
nearly()
{
	local have want i less=0

	read -ra have <<<"$2"
	read -ra want <<<"$3"
	for ((i = 0; i < ${#want[@]}; i++)); do
		[ "${have[i]:-0}" -le "${want[i]}" ] || less=1000000
		less=$((less + want[i] - ${have[i]:-0}))
	done
	[ $less -le "${lost[$1]}" ] ||
		fail "$4: have '$2', want '$3'; the kernel missed ${lost[$1]}"
}

# hist_sums ID: events in each histogram
hist_sums()
{
	awk '/distribution/ { if (seen) print s; s = 0; seen = 1; next }
		seen && /->/ { s += $5 }
		END { if (seen) print s }' "$T/$1.out" | tr '\n' ' '
}

# shellcheck disable=SC1090
. "$1"
