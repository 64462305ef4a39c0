# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154,SC2034,SC2016
# open and openat; failing ones, users, threads.

load_start
both thread '^UID' opensnoop-libbpf -U -e -t "$load_pid"
both one '^PID' opensnoop-libbpf -p "$load_pid"
both failed '^PID' opensnoop-libbpf -x -n load
both user '^PID' opensnoop-libbpf -u 1000
all_ready
load open
load threads open
load as 1000 open
load last open
load as 1000 last open
seen $((2 * cpus)) nowhere.last failed
seen "$cpus" nowhere.last one thread user
stop
fused thread 2
fused one 2
fused failed 2
fused user 2
for id in thread one failed user; do
	same $id
	same_errors $id
done
# three times each: itself, as another user, and by one of four threads
counted thread "$((2 * n))" '^0 .* /scratch/there.0$'
counted thread "$n" ' -1 * 2 .* /scratch/nowhere.0$'
counted thread 0 '/scratch/nowhere.1'
counted one "$((2 * n))" ' -1 * 2 /scratch/nowhere.0$'
counted one "$((2 * n))" '^[0-9]* *load .* /scratch/there.3$'
counted failed 0 '/scratch/there'
counted failed "$((3 * n))" '/scratch/nowhere.0'
counted user "$n" ' /scratch/nowhere.0$'
