# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154,SC2034,SC2016
# What is granted and what is not; with the stacks of user and kernel, on which
# frames of ours must not be.

# all_kinds ID...: until everything has been seen
all_kinds()
{
	all_ready
	load chown
	load as 1000 denied
	load as 1000 last denied
	load last chown
	seen "$cpus" CAP_SYS_CHROOT "$@"
}

load_start
both one '^TIME' capable-libbpf -p "$load_pid" -x
both user '^TIME' capable-libbpf -p "$load_pid" -U
both all '^TIME' capable-libbpf
all_kinds one user
seen $((2 * cpus)) 'load .*CAP_SYS_CHROOT' all
stop
both kernel '^TIME' capable-libbpf -p "$load_pid" -K
all_kinds kernel
stop

for id in one user all kernel; do
	fused $id 1
	same_errors $id
done
same one '$2, $3, $4, $5, $6, $7, $8, $9, $10'
same all '$2, $3, $4, $5, $6, $7, $8'
# chown() asks twice
counted one "$((4 * n))" 'CAP_CHOWN'
counted all "$n" '^1000 .*CAP_SYS_ADMIN'
# After an event it prints what stacks there are by then, some twice.
for id in user kernel; do
	for how in plain run; do
		grep '^ ' "$T/$id.$how.out" | sort -u >"$T/$id.$how.frames"
	done
	diff "$T/$id.plain.frames" "$T/$id.run.frames" >"$T/diff" ||
		{ fail "$id: frames: < plain, > fused"; cat "$T/diff"; }
done
grep -q 'chown_common$' "$T/kernel.run.frames" || fail 'no stack of chown()'
