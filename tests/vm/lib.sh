#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# lib.sh CASE HOOK: run a test of the command line; CASE is a script that uses
# what is defined here.
#
# While a tool counts file operations, the shell must make none: only builtins
# are used between tool_start and tool_stop, and talking goes through FIFOs on
# a tmpfs.
set -u
export hook=$2
export OBJ=/usr/lib/pairfuse
T=$(mktemp -d /tmp/case.XXXXXX)
export T TIMES=${TIMES:-1}

finish()
{
	local pid

	for pid in $(jobs -p); do
		kill -KILL "$pid" 2>/dev/null
	done
	wait 2>/dev/null
	rm -rf "$T"
}
trap finish EXIT

fail()
{
	echo "$0: $*"
	local f
	for f in "$T"/*.out "$T"/*.err; do
		[ ! -s "$f" ] || { echo "--- ${f##*/}"; head -c 3000 "$f"; }
	done
	exit 1
}

# equal HAVE WANT WHAT
equal()
{
	[ "$1" = "$2" ] || fail "$3: have '$1', want '$2'"
}

# tool_start ID ARG...: `pairfuse load --json ARG...` in the background; returns
# when all is attached. Its JSON lines are in $T/ID.out after tool_stop.
tool_start()
{
	local id=$1 fd line
	shift

	mkfifo "$T/$id.fifo"
	pairfuse load --json --hook "$hook" "$@" >"$T/$id.fifo" 2>"$T/$id.err" &
	eval "pid_$id=\$!"
	exec {fd}<"$T/$id.fifo"
	eval "fd_$id=$fd"
	: >"$T/$id.out"
	while read -r -t $((60 * TIMES)) -u "$fd" line; do
		echo "$line" >>"$T/$id.out"
		case $line in
		*'"event":"attached"'*|*'"event": "attached"'*) return ;;
		esac
	done
	fail "pairfuse load $*: did not attach"
}

# tool_stop ID: the way Ctrl-C does; the exit status must be 0.
tool_stop()
{
	local id=$1 line pid=pid_$1 fd=fd_$1

	kill -INT "${!pid}" || fail "$id ended by itself"
	while read -r -t $((60 * TIMES)) -u "${!fd}" line; do
		echo "$line" >>"$T/$id.out"
	done
	wait "${!pid}" || fail "$id: exit status $?"
	eval "exec ${!fd}<&-"
}

# load_start ID THREADS N: see prog/fsload.c; sets load_pid_ID.
load_start()
{
	local id=$1 in out word pid

	mkfifo "$T/$id.to" "$T/$id.from"
	"$DIR/fsload" /scratch "$2" "$3" <"$T/$id.to" >"$T/$id.from" 2>"$T/$id.err" &
	exec {in}>"$T/$id.to" {out}<"$T/$id.from"
	eval "in_$id=$in out_$id=$out"
	read -r -t $((60 * TIMES)) -u "$out" word pid || fail "$id is not ready"
	equal "$word" ready "$id's first word"
	eval "load_pid_$id=$pid"
}

# load_go ID ok|fail ...
load_go()
{
	local in=in_$1 out=out_$1 word

	echo "$2" >&"${!in}"
	read -r -t $((120 * TIMES)) -u "${!out}" word || fail "$1: no answer"
	equal "$word" "done" "$1's answer"
}

# data ID EXPR: what a Python expression makes of the final data `d`.
# fused ID: how many pairs were fused.
data()
{
	python3 "$DIR/json_of.py" "$T/$1.out" data "$2" || fail "no data: $2"
}

fused()
{
	python3 "$DIR/json_of.py" "$T/$1.out" attached 'd["fused"]' || fail 'not attached'
}

# hists ID: events of each kind, in the order of fsdist's histograms.
hists()
{
	data "$1" 'hists(d, "hists")'
}

# shellcheck disable=SC1090
. "$1"
