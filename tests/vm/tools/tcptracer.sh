# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154,SC2034,SC2016
# Connected, accepted, closed; IPv4, IPv6, IPv4 by IPv6; users, threads. Two pairs,
# and three programs that are not in pairs and go on as they are.

load_start
both one '^T ' tcptracer-libbpf -p "$load_pid"
both user '^TIME' tcptracer-libbpf -t -U -u 1000
all_ready
load talk
load threads talk
load as 1000 talk
load last talk
load as 1000 last talk
# accepted, and both ends closed
seen $((3 * cpus)) ' 9997' one user
stop
for id in one user; do
	fused $id 2
	same_errors $id
done
same one
same user '$2, $3, $4, $5, $6, $7, $8, $9, $10'
counted one "$((2 * n))" '^C .* 4 .* 127.0.0.1 .* 5000 *$'
counted one "$((2 * n))" '^A .* 127.0.0.1 .* 5000 '
counted one "$((2 * n))" '^C .* 6 .*::1 .* 5100 *$'
counted user "$n" '^1000 C .* 4 .* 5000$'
