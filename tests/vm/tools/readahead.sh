# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154,SC2034,SC2016
# Debian's looks for a function that newer kernels do not have. Where it does find
# it, another program reads what is in the map during the call: not fused.

start x.plain plain readahead-libbpf -d 1
start x.run run readahead-libbpf -d 1
for id in x.plain x.run; do
	wait "${pids[$id]}"
	echo $? >"$T/$id.status"
done
ids=()
same_end x
if [ "$(cat "$T/x.plain.status")" = 0 ]; then
	refused x carrier-shared 1
else
	grep -q '^failed to ' "$T/x.run.err" || fail 'why did it fail?'
	equal "$(grep -c 'nothing to fuse' "$T/x.run.err")" 1 'nothing to fuse'
fi
