# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154
# bpf_get_func_ip() answers the same, fused and split.

threads=1 n=20
vfs_read=$(awk '$3 == "vfs_read" { print "0x" $1 }' /proc/kallsyms)

for engine in fused split; do
	load_start "l$engine" $threads $n
	tool_start $engine --engine $engine "$DIR"/bpf/address.bpf.o
	load_go "l$engine" ok
	load_go "l$engine" fail
	tool_stop $engine
	equal "$(data $engine 'value(d, "calls") > 0')" True "$engine: calls"
	equal "$(data $engine '{hex(value(d, "at_entry")), hex(value(d, "at_exit"))}')" \
		"{'$vfs_read'}" "$engine: addresses"
done
equal "$(fused fused) $(fused split)" '1 0' 'pairs fused'
