# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154,SC2034,SC2016
# Python tools, which compile their programs. The same counts and events.

# To find one function by its name bcc reads, in Python, through all there are, twice
# for a probe: a minute here. So it is shown a short list.
all=/proc/kallsyms
traceable=/sys/kernel/debug/tracing/available_filter_functions
grep -E ' (ext4_sync_file|__x64_sys_(bpf|open|openat|openat2))$' $all >"$T/all"
echo ext4_sync_file >"$T/traceable"
wrapper=(unshare -m sh -c "mount --bind $T/all $all && mount --bind $T/traceable $traceable &&
	exec \"\$@\"" sh)

fsload_start
both calls '^Tracing' funclatency-bpfcc ext4_sync_file
all_ready
load ok
stop
fused calls 1
for how in plain run; do
	equal "$(sed -n 's/.*count: //p' "$T/calls.$how.out")" "$each" "calls, $how"
done

# With that it does not find out either that there are trampolines, and uses kprobes;
# else it would have exit programs only.
load_start
both opens '^PID' opensnoop-bpfcc -p "$load_pid"
all_ready
load open
load threads open
load last open
seen "$cpus" 'nowhere.last' opens
stop
# It loads and attaches one program after the other: what is fused already is put
# back when the next one uses the same map, and in the end all three are.
equal "$(tail -n 3 "$T/opens.run.err" | grep -c ': fused: ')" 3 'opens: pairs fused'
same opens
counted opens "$((2 * n))" ' -1 * 2 .*/scratch/nowhere.0$'
