# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154,SC2034,SC2016
# Begin and end are tracepoints, not entry and exit: nothing to fuse, the same events.

load_start
both x '^TIME' drsnoop-libbpf -p "$load_pid"
both free '^TIME' drsnoop-libbpf -e
all_ready
load reclaim
seen 1 ' last ' x free
stop
for id in x free; do
	fused $id 0
	equal "$(grep -c 'nothing to fuse' "$T/$id.run.err")" 1 "$id: nothing to fuse"
	same_errors $id
	# not when, and how long it took
	same $id '$2, $3, $5'
done
