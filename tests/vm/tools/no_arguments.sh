# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154,SC2034,SC2016
# System calls without arguments, which the kernel's BTF has under another name.

mkfifo "$T/py"
python3 -c '
import os, sys
for line in sys.stdin:
    for i in range(100):
        os.getppid()
    print("done", flush=True)' <"$T/py" >"$T/py.out" &
pid=$!
exec 7>"$T/py"

both x '^ready' bpftrace -e "
	BEGIN { printf(\"ready\n\"); }
	tracepoint:syscalls:sys_enter_getppid /pid == $pid/ { @s[tid] = nsecs; }
	tracepoint:syscalls:sys_exit_getppid /@s[tid]/ {
		@ns = hist(nsecs - @s[tid]); @calls = count(); delete(@s, tid);
	}"
all_ready
echo go >&7
await 'no calls' grep -q 'done' "$T/py.out"
stop
exec 7>&-
equal "$(grep -c ': fused: ' "$T/x.run.err")" 1 'pairs fused'
nearly x.plain "$(sed -n 's/^@calls: //p' "$T/x.plain.out")" 100 'calls, plain'
equal "$(sed -n 's/^@calls: //p' "$T/x.run.out")" 100 'calls'
