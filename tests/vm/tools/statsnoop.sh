# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154,SC2034,SC2016
# Of all kinds that the C library uses; failing ones, threads.

load_start
both one '^PID' statsnoop-libbpf -p "$load_pid"
both failed '^PID' statsnoop-libbpf -x
all_ready
load stat
load threads stat
load last stat
seen "$cpus" ' /last' one failed
stop
for id in one failed; do
	fused $id 5
	same $id
	same_errors $id
done
counted one "$((15 * n))" ' 0 .*/scratch$'
counted one "$((2 * n))" ' 2 .*/scratch/nowhere.0$'
counted failed "$((2 * n))" ' 2 .*/scratch/nowhere.0$'
counted failed 0 '/scratch$'
