# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154
# The direct hook where an fentry program is: the reason names it, and what can be done.

pair=(--target pair_entry=ext4_sync_file --target pair_exit=ext4_sync_file "$OBJ"/pair.bpf.o)
tool_start plain --engine split "${pair[@]}"
tool_start beside "${pair[@]}"
equal "$(fused beside)" 0 'pairs fused'
equal "$(python3 "$DIR/json_of.py" "$T/beside.out" attached 'd["verdicts"][0]["text"]')" \
	"function 'ext4_sync_file': an fentry or fexit program is attached to it, beside which the direct hook cannot be; '--hook shared' can" \
	'the reason'
tool_stop beside
tool_stop plain
