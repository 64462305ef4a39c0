# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154,SC2034,SC2016
# Programs that trace nothing; a tool without pairs.

equal "$(pairfuse run -- sh -c 'echo out; echo err >&2; exit 7' 2>&1; echo $?)" \
	"out
err
7" 'a shell'
equal "$(pairfuse run -- env | grep -E 'PRELOAD|PAIRFUSE')" '' 'environment'
equal "$(LD_PRELOAD=libelf.so.1 pairfuse run -- env | grep PRELOAD)" \
	'LD_PRELOAD=libelf.so.1' 'LD_PRELOAD of the user'
pairfuse run -- sh -c 'echo $$' >"$T/pid" &
pid=$!
wait $pid
equal "$(cat "$T/pid")" $pid 'pid'
pairfuse run -- sh -c 'kill -TERM $$'
equal $? 143 'killed by SIGTERM'
pairfuse run -- /nonexistent 2>"$T/none.err"
equal "$? $(wc -l <"$T/none.err")" '127 1' 'no such tool'
pairfuse run -- /etc/passwd 2>"$T/passwd.err"
equal "$? $(wc -l <"$T/passwd.err")" '126 1' 'not executable'
equal "$(pairfuse run -- python3 -c '
import os, subprocess
r, w = os.pipe()
pid = os.fork()
if not pid:
    os.closerange(3, 4000 if w > 3 else 3)
    os._exit(5)
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
print(subprocess.run(["echo", "x"], capture_output=True).stdout)
os.dup2(w, 100); os.close(100); os.close(w)
print(os.read(r, 1))' 2>&1)" "5
b'x\\n'
b''" 'python'
equal "$(pairfuse run -- vfsstat-libbpf 1 1 2>"$T/stat.err" | head -1)" \
	"$(vfsstat-libbpf 1 1 2>>"$T/stat.err" | head -1)" 'a tool without pairs'
equal "$(grep -c '^pairfuse: vfsstat-libbpf: nothing to fuse: attached are programs of type fentry (' \
	"$T/stat.err") $(wc -l <"$T/stat.err")" '1 1' 'its standard error'
