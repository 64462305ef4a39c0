# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154,SC2034,SC2016
# IPv4, IPv6, IPv4 by IPv6, where tcp_v6_connect() calls tcp_v4_connect(): one
# event, as with the map; calls that fail; ports, users, threads, counting.

load_start
both one '^PID' tcpconnect-libbpf -p "$load_pid"
both port '^UID' tcpconnect-libbpf -U -P 9
both user '^PID' tcpconnect-libbpf -u 1000
both count SIGINT tcpconnect-libbpf -c -p "$load_pid"
options=(--nesting per-call)
start calls.run run tcpconnect-libbpf -p "$load_pid"
all_ready
ready '^PID' calls.run
load threads connect
load threads mapped
load unreachable
load as 1000 connect
load as 1000 last connect
load last connect
load as 1000 connect
seen "$cpus" ' 99 *$' one user
seen $((16 * n)) ' 9 *$' port
await 'calls.run: all' has_seen calls.run "$cpus" ' 99 *$'
stop
for id in one port user count; do
	fused $id 2
	same_errors $id
done
for id in one port user; do
	same $id
done
counted one "$((8 * n))" '127.0.0.1 * 9$'
counted one "$((4 * n))" '::1 .* 9$'
counted one 0 '240.0.0.1'
counted user "$((2 * n))" ' 4 .*127.0.0.1 * 9$'
counted user "$((2 * n))" ' 6 .*::1 * 9$'
# both calls of an address of the other kind
equal "$(grep -c 'load .* 9 *$' "$T/calls.run.out")" $((16 * n)) 'events, per call'
sed -n '/^LADDR/,$p' "$T/count.plain.out" | sort >"$T/plain.counts"
sed -n '/^LADDR/,$p' "$T/count.run.out" | sort >"$T/run.counts"
cmp -s "$T/plain.counts" "$T/run.counts" || fail '-c: counts differ'
grep -q "127.0.0.1 .* 9 * $((8 * n)) *\$" "$T/run.counts" || fail '-c: counts are wrong'
