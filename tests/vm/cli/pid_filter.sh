# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154
# A filter counts its process, all threads of it, and nobody else.

threads=3 n=40
each=$((threads * n))
mine="$each $each $each $each $each"

load_start a $threads $n
load_start b $threads $n
# shellcheck disable=SC2154
tool_start x --fs ext4 --set target_pid="$load_pid_a" "$OBJ"/fsdist.bpf.o
# shellcheck disable=SC2154
tool_start y --fs ext4 --set target_pid="$load_pid_b" --set in_ms=true "$OBJ"/fsdist.bpf.o
tool_start nobody --fs ext4 --set target_pid=1 "$OBJ"/fsdist.bpf.o
echo ok >&"${in_b:?}"
load_go a ok
read -r -t 60 -u "${out_b:?}" _
tool_stop x
load_go a fail
load_go b fail
tool_stop nobody
tool_stop y
equal "$(hists x)" "$mine" 'counts of a'
equal "$(hists y)" "$((2 * each)) $((2 * each)) $((each + threads)) $each $each" 'counts of b'
equal "$(hists nobody)" '0 0 0 0 0' 'counts of a process that does nothing'
equal "$(fused x) $(fused y) $(fused nobody)" '5 5 5' 'pairs fused'
