# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154,SC2034,SC2016
# A thread that is not the leader executes: in the middle of the call it gets the
# leader's id, and the plain tool does not find what it had left under its own.

load_start
both x '^PCOMM' execsnoop-libbpf
all_ready
load exec_thread
load last exec
seen "$cpus" 'true .* last' x
stop
fused x 1
equal "$(grep -c 'true .* thread' "$T/x.plain.out")" 0 'threads seen by the plain tool'
equal "$(grep -c 'true .* thread' "$T/x.run.out")" $((n / 4)) 'threads'
