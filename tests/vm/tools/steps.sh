# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154,SC2034,SC2016
# What a tool may do with a pair: attach it in a thread, copy its fds, attach it
# again, become a daemon; another reads the map in between. No call is lost.

declare -A to

# step NAME N ID...: they do it; until then they have seen the load N times
step()
{
	local name=$1 times=$2 id
	shift 2

	for id; do
		echo "$name" >&"${to[$id]}"
	done
	for id; do
		await "$id: no answer to '$name'" grep -q "^$name " "$T/$id.out"
		equal "$(grep "^$name " "$T/$id.out")" "$name $((times * each))" "$id"
	done
}

# pairs N: how many links there are
pairs()
{
	[ "$(pairfuse list | grep -c ext4_sync_file)" = "$1" ]
}

fsload_start
for id in x.plain x.run reader.run; do
	mkfifo "$T/$id.fifo"
	start $id ${id#*.} python3 "$HERE/steps.py" ext4_sync_file "$T/$id.fifo"
	exec {fd}<>"$T/$id.fifo"
	to[$id]=$fd
done
ready '^ready' x.plain x.run reader.run
equal "$(grep -c ': fused: ' "$T/x.run.err")" 1 'fused'
equal "$(grep -c ': fused: ' "$T/reader.run.err")" 1 'reader: fused'
load ok
step nothing 1 x.plain x.run reader.run
step copies 1 x.plain x.run
load ok
step touch 2 reader.run
step again 2 x.plain x.run
equal "$(grep -c ': fused: ' "$T/x.run.err")" 2 'fused again'
equal "$(grep -c 'back to the original programs: the tool reads' "$T/reader.run.err")" 1 \
	'why the reader has its own programs again'
await 'the reader has no pair any more' pairs 1
load ok
step daemon 3 x.plain x.run
for id in x.plain x.run; do
	wait "${pids[$id]}"
	equal $? 0 "$id: exit status of the parent"
done
load ok
step end 4 x.plain x.run reader.run
pairs 1 || fail 'the pair went with the parent'
for fd in "${to[@]}"; do
	exec {fd}>&-
done
wait "${pids[reader.run]}"
ids=()
await 'the pair did not go with the child' pairs 0
