# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154,SC2034,SC2016
# What a tool may do with a pair: attach it in a thread, copy its fds, read its map,
# attach it again, become a daemon. Nothing is lost by that.

# step NAME N: both do it; until then they have seen the load N times
step()
{
	local how

	echo "$1" >&"$to_plain"
	echo "$1" >&"$to_run"
	for how in plain run; do
		await "x.$how: no answer to '$1'" grep -q "^$1 " "$T/x.$how.out"
		equal "$(grep "^$1 " "$T/x.$how.out")" "$1 $(($2 * each))" "x.$how"
	done
}

fsload_start
for how in plain run; do
	mkfifo "$T/$how.fifo"
	start x.$how $how python3 "$HERE/steps.py" ext4_sync_file "$T/$how.fifo"
done
exec {to_plain}<>"$T/plain.fifo" {to_run}<>"$T/run.fifo"
ready '^ready' x.plain x.run
equal "$(grep -c ': fused: ' "$T/x.run.err")" 1 'fused'
load ok
step nothing 1
step copies 1
equal "$(pairfuse list | grep -c ext4_sync_file)" 1 'still fused'
load ok
step touch 2
equal "$(pairfuse list | grep -c ext4_sync_file)" 0 'its own programs again'
equal "$(grep -c 'back to the original programs: the tool reads' "$T/x.run.err")" 1 'why'
load ok
step again 3
load ok
step daemon 4
load ok
echo nothing >&"$to_plain"
