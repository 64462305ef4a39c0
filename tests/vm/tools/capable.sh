# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154,SC2034,SC2016
# What is granted and what is not; with user stacks, which are of the task; with
# kernel stacks it is not fused, and says why.

load_start
both one '^TIME' capable-libbpf -p "$load_pid" -x
both stacks '^TIME' capable-libbpf -p "$load_pid" -U
both kernel '^TIME' capable-libbpf -p "$load_pid" -K
both all '^TIME' capable-libbpf
all_ready
load chown
load last chown
load as 1000 denied
load as 1000 last denied
seen "$cpus" 'CAP_SYS_CHROOT' one stacks kernel
seen $((2 * cpus)) 'load .*CAP_SYS_CHROOT' all
stop
fused one 1
fused stacks 1
fused all 1
refused kernel context 1
same one '$2, $3, $4, $5, $6, $7, $8, $9, $10'
same all '$2, $3, $4, $5, $6, $7, $8'
for id in one stacks kernel all; do
	same_errors $id
done
counted one "$((2 * n))" 'CAP_CHOWN'
counted all "$n" ' 1000 .*CAP_SYS_ADMIN'
# stacks are printed between the events
for id in stacks kernel; do
	for how in plain run; do
		grep -v '^[0-9]' "$T/$id.$how.out" | sort | uniq -c >"$T/$id.$how.frames"
	done
	cmp -s "$T/$id.plain.frames" "$T/$id.run.frames" || fail "$id: stacks differ"
done
grep -q chown "$T/stacks.run.frames" || fail 'no user stack has chown()'
