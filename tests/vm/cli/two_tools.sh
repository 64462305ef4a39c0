# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154
# Several fused tools on the same functions, coming and going while others stay.

threads=2 n=40
each=$((threads * n))
pair=(--target pair_entry=ext4_file_read_iter --target pair_exit=ext4_file_read_iter
	"$OBJ"/pair.bpf.o)

load_start l $threads $n
tool_start a --fs ext4 "$OBJ"/fsdist.bpf.o
load_go l ok
tool_start b --fs ext4 "$OBJ"/fsdist.bpf.o
tool_start c "${pair[@]}"
load_go l ok
tool_stop a
load_go l ok
tool_start d "${pair[@]}"
load_go l ok
tool_stop c
tool_stop b
load_go l ok
tool_stop d

# What tools themselves read from ext4 while starting must not be in the way,
# so those that were there then may have counted more.
reads()
{
	local h
	h=$(hists "$1")
	echo "${h%% *}"
}
at_least()
{
	if [ "$1" -lt "$2" ] || [ "$1" -gt $(($2 + 2000)) ]; then
		fail "$3: $1, want $2 or some more"
	fi
}
at_least "$(reads a)" $((2 * each)) 'reads of a'
at_least "$(reads b)" $((3 * each)) 'reads of b'
at_least "$(data c 'value(d, "calls")')" $((3 * each)) 'calls of c'
equal "$(data d 'value(d, "calls")')" $((2 * each)) 'calls of d'
# fsync only comes from the load
equal "$(hists a | cut -d ' ' -f 4)" $((2 * each)) 'fsyncs of a'
equal "$(hists b | cut -d ' ' -f 4)" $((3 * each)) 'fsyncs of b'
equal "$(fused a) $(fused b) $(fused c) $(fused d)" '5 5 1 1' 'pairs fused'
