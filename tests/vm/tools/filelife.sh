# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154,SC2034,SC2016
# Files made and unlinked, by one name and by two; unlinks that fail; threads.

load_start
both one '^TIME' filelife-libbpf -p "$load_pid"
both all '^TIME' filelife-libbpf
all_ready
load life
load threads life
load last life
# It finds out by a member of struct renamedata which argument is the file. In
# newer kernels the struct does not have that, and it takes the wrong one.
if grep -qa new_mnt_idmap /sys/kernel/btf/vmlinux; then
	seen "$cpus" 'short.last' one all
else
	sleep 2		# they see nothing, which cannot be waited for
fi
stop
for id in one all; do
	fused $id 1
	same_errors $id
	if ! grep -qa new_mnt_idmap /sys/kernel/btf/vmlinux; then
		equal "$(grep -c load "$T/$id.plain.out") $(grep -c load "$T/$id.run.out")" '0 0' \
			"$id: events that the kernel does not support"
		continue
	fi
	# the time is when it was printed
	same $id '$2, $3, $5'
	equal "$(lines $id.run '($4 < 10)' | sort -u)" 1 "$id: ages that can be"
	counted $id $((4 * n)) 'short.0'
done
