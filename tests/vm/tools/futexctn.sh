# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154,SC2034,SC2016
# Waits that were woken, with the stacks of the waiters; those that fail are not
# counted.

load_start
lock=${load_lock#0x}
both lock SIGINT futexctn-libbpf -l "$lock"
both summary SIGINT futexctn-libbpf -s -m -l "$lock"
both other SIGINT futexctn-libbpf -p $$
all_ready
load futex
load futex
stop

# waiters ID: who waited for which lock, and the stacks
waiters()
{
	sed -n 's/ contended .*//p; s/^    \([^-]*\)$/\1/p' "$T/$1.out" | LC_ALL=C sort
}

for id in lock summary other; do
	fused $id 1
	same_errors $id
	equal "$(waiters $id.run)" "$(waiters $id.plain)" "$id"
	nearly $id.plain "$(hist_sums $id.plain)" "$(hist_sums $id.run)" "$id: waits"
done
# the waiters are two
equal "$(grep -c "^load.* lock 0x$lock contended $n times" "$T/lock.run.out")" 2 'waiters'
equal "$(hist_sums lock.run)" "$n $n " 'waits'
grep -q syscall <(waiters lock.run) || fail 'no stack'
equal "$(hist_sums summary.run)" "$n $n " 'waits, summary'
equal "$(grep -c contended "$T/other.run.out")" 0 'locks of another process'
