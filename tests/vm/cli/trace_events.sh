# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154
#
# What is attached to the kernel can be seen by those who watch it: events pairfuse:*.
tracing=/sys/kernel/tracing/instances/pairfuse_events

mkdir "$tracing" || fail 'no instance of tracefs'
trap 'rmdir "$tracing"; finish' EXIT
echo 1 >"$tracing/events/pairfuse/enable" || fail 'no events of pairfuse'
tool_start a "$OBJ/fsdist.bpf.o" --fs ext4
n=$(fused a)
tool_stop a
cat "$tracing/trace" >"$T/trace.out"
for what in attach detach; do
	equal "$(grep -cE "pairfuse_$what: link=[0-9]+ function=ext4_[a-z_]+ hook=$hook entry_prog=[0-9]+ exit_prog=[1-9][0-9]*\$" \
		"$T/trace.out")" "$n" "events of $what"
done
