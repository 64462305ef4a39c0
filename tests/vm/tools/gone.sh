# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154,SC2034,SC2016
# Nothing stays behind, however the tool ends.

none_left()
{
	! pairfuse list | grep -q ext4_ && ! bpftool prog | grep -q file_ &&
		! grep -q ext4_ /sys/kernel/tracing/enabled_functions
}

for sig in TERM KILL; do
	start $sig run fsdist-libbpf -t ext4
done
ready '^Tracing' TERM KILL
for sig in TERM KILL; do
	equal "$(grep -c ': fused: ' "$T/$sig.err")" 5 "$sig: pairs fused"
	kill -$sig "${pids[$sig]}"
	wait "${pids[$sig]}" 2>/dev/null
	equal $? $((128 + $(kill -l $sig))) "SIG$sig: exit status"
done
await 'something is left' none_left
