# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154
# A function takes eight pairs; the ninth runs as it was written, and is told why.

pair=(--target pair_entry=ext4_sync_file --target pair_exit=ext4_sync_file "$OBJ"/pair.bpf.o)
for n in 1 2 3 4 5 6 7 8 9; do
	tool_start "m$n" "${pair[@]}"
done
for n in 1 2 3 4 5 6 7 8; do
	equal "$(fused "m$n")" 1 "pair $n"
done
equal "$(fused m9)" 0 'the ninth'
equal "$(python3 "$DIR/json_of.py" "$T/m9.out" attached 'd["verdicts"][0]["text"]')" \
	"function 'ext4_sync_file': as many pairs as the function can have (8) are on it already; the others run as they are" \
	'the reason'
equal "$(pairfuse list | grep -c ext4_sync_file)" 8 'pairs listed'
equal "$(pairfuse list | grep -c '^stubs: 0 draining; free: ')" 1 'stubs'
for n in 1 2 3 4 5 6 7 8 9; do
	tool_stop "m$n"
done
