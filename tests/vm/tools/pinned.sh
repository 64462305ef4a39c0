# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154,SC2034,SC2016
# A tool that attaches, pins its links and leaves: they go on without it, so they
# have to be its own.

fs=$T/bpf
mkdir "$fs"
mount -t bpf none "$fs"
pairfuse run -v -- bpftool prog loadall /usr/lib/pairfuse/pair.bpf.o "$fs" autoattach \
	>"$T/bpftool.out" 2>"$T/bpftool.err"
equal $? 0 'bpftool: exit status'
equal "$(grep -c ': fused: ' "$T/bpftool.err")" 0 'fused'
equal "$(pairfuse list | grep -c vfs_read)" 0 'pairs'
equal "$(bpftool link show pinned "$fs/pair_entry" | grep -c trace_fentry)" 1 'entry'
equal "$(bpftool link show pinned "$fs/pair_exit" | grep -c trace_fexit)" 1 'exit'

map=$(bpftool map show | sed -n 's/^\([0-9]*\): .* name pair.*\.bss .*/\1/p')
calls()
{
	bpftool map dump id "$map" | sed -n 's/.*"calls": \([0-9]*\).*/\1/p'
}
before=$(calls)
dd if=/dev/zero of=/dev/null bs=1 count=1000 2>/dev/null
[ "$(calls)" -ge $((before + 1000)) ] || fail "calls: $before, then $(calls)"
umount "$fs"
