# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154,SC2034,SC2016
# Summaries in between: user space reads .bss, which is no carrier map. The direct
# hook besides.

fsload_start
options=(--hook direct)
start x.run run fsdist-libbpf -t ext4 -m -T -p "$load_pid" 1
ready '^Tracing' x.run

# events so far, in all summaries
events()
{
	[ "$(awk '/->/ { s += $5 } END { print s + 0 }' "$T/x.run.out")" -ge "$1" ]
}
load ok
await 'first summary' events $((5 * each))
load ok
await 'second summary' events $((10 * each))
stop
equal "$(awk '/->/ { s += $5 } END { print s }' "$T/x.run.out")" $((10 * each)) 'events'
fused x 5
equal "$(grep -c 'direct hook' "$T/x.run.err")" 5 'direct hooks'
