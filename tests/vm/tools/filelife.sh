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
seen "$cpus" 'short.last' one all
stop
for id in one all; do
	fused $id 1
	# the time is when it was printed, the age in hundredths
	same $id '$2, $3, $4, $5'
	same_errors $id
	counted $id "$((4 * n))" 'short.0'
done
