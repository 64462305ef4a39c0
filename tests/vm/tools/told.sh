# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154,SC2034,SC2016
# Without -v: one line when not all is fused, none when all is; --require-fused, --json.

# runs STATUS OPTION... -- TOOL...: until it is ready, then SIGINT
runs()
{
	local want=$1
	shift

	rm -f "$T/x.out" "$T/x.err" "$T/x.json"
	env --default-signal=INT stdbuf -oL pairfuse run "$@" >"$T/x.out" 2>"$T/x.err" </dev/null &
	pids[x]=$!
	await 'x is not ready' is_ready x "${ready:-^Tracing}"
	sleep 1
	kill -INT "${pids[x]}" 2>/dev/null
	wait "${pids[x]}"
	equal $? "$want" "exit status of: $*"
}

# says N PATTERN: lines of ours, and one like this
says()
{
	equal "$(grep -c '^pairfuse: ' "$T/x.err")" "$1" 'lines'
	[ "$1" = 0 ] || grep -q "^pairfuse: $2" "$T/x.err" || fail "no line '$2'"
}

# document EXPRESSION: of the last one, in d
document()
{
	tail -n 1 "$T/x.json" | python3 -c 'import json, sys
d = json.load(sys.stdin)
print(eval(sys.argv[1]))' "$1"
}

runs 0 --json "$T/x.json" -- fsdist-libbpf -t ext4
says 0
equal "$(document 'd["event"], d["final"], d["fused"], d["pairs"], len(d["verdicts"])')" \
	"('run', True, 5, 5, 5)" 'what was fused'
equal "$(document '{v["engine"] for v in d["verdicts"]}')" "{'fused'}" 'engines'
runs 0 --require-fused -- fsdist-libbpf -t ext4
says 0
ready='^Tracing\|PID'
runs 3 --require-fused --json "$T/x.json" -- klockstat-libbpf
says 1 'klockstat-libbpf: .* pairs are fused; not the one on '
equal "$(document 'd["fused"] < d["pairs"], "split" in {v["engine"] for v in d["verdicts"]}')" \
	'(True, True)' 'what was not'
runs 0 -- klockstat-libbpf
says 1 'klockstat-libbpf: .* pairs are fused; not the one on '
ready=Attach
runs 0 -- bpftrace -e 'uprobe:/lib/x86_64-linux-gnu/libc.so.6:malloc { @ = 1 }'
says 1 'bpftrace: nothing to fuse: attached are programs of type .*uprobe'
runs 3 --require-fused -- bpftrace -e 'kprobe:vfs_read { @ = 1 }'
says 1 'bpftrace: nothing to fuse: attached are programs of type .*kprobe'
equal "$(pairfuse run -- true 2>&1)" '' 'what traces nothing'
pairfuse run -v -- true 2>"$T/x.err"
says 1 'true: nothing to fuse: it has attached no BPF program'
pairfuse run -q -- true 2>"$T/x.err"
equal $? 3 'required, and nothing there'
pairfuse run --json /nonexistent/x -- true 2>"$T/x.err"
equal $? 1 'no such file'
says 1 'run: --json: '

OBJ=/usr/lib/pairfuse
pairfuse load -q --duration 0 --fs ext4 $OBJ/fsdist.bpf.o >"$T/load.out" 2>&1
equal $? 0 'load: all are fused'
pairfuse load -q --duration 0 --engine split --fs ext4 $OBJ/fsdist.bpf.o >"$T/load.out" 2>&1
equal $? 3 'load: none is'
pairfuse load --duration 0 --engine split --fs ext4 $OBJ/fsdist.bpf.o >"$T/load.out" 2>&1
equal $? 0 'load: none is, nothing is required'
