# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154,SC2034,SC2016
# Strings in pages that are not there yet: what cannot be read without waiting is
# left out, by both.

load_start
both x '^PCOMM' execsnoop-libbpf
all_ready
load exec_cold
load last exec
seen "$cpus" 'true .* last' x
stop
fused x 1
for how in plain run; do
	grep '^true ' "$T/x.$how.out" | sort >"$T/x.$how.lines"
done
diff "$T/x.plain.lines" "$T/x.run.lines" || fail 'events differ: < plain, > fused'
counted x $((n / 4 + cpus)) '^true '
