# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154,SC2034,SC2016
# IPv4, IPv6, options, errors, ports, threads.

load_start
both all '^PID' bindsnoop-libbpf -x -p "$load_pid"
both good '^PID' bindsnoop-libbpf
both ports '^PID' bindsnoop-libbpf -x -P 20000,20001,9999
all_ready
load bind
load threads bind
load last bind
seen "$cpus" ' 9999 ' all good ports
stop
for id in all good ports; do
	fused $id 2
	same $id
	same_errors $id
done
counted all "$((5 * n))" ' 0 .* ::1'
counted all "$((5 * n))" ' -98 .* 0.0.0.0'
counted good 0 ' -98 '
counted ports 8 ' 2000[01] '
