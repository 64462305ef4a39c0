# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154,SC2034,SC2016
# What a wrapper starts is fused; the environment shows nothing of it; what a tool
# starts to have it traced is left alone.

# wraps NAME WRAPPER...: the tool's pairs are fused behind it
wraps()
{
	local id=$1 pid
	shift

	env --default-signal=INT pairfuse run -v -- "$@" >"$T/$id.out" 2>"$T/$id.err" </dev/null &
	pids[$id]=$!
	await "$id has not started" is_ready "$id" '^Tracing'
	# script(1) has the terminal for standard error
	equal "$(cat "$T/$id.out" "$T/$id.err" | grep -c ': fused: ')" 5 "$id: pairs fused"
	pid=$(pgrep -x fsdist-libbpf) || fail "$id: no tool"
	equal "$(pairfuse list | grep -c fsdist-libbpf)" 5 "$id: pairs listed"
	kill -INT "$pid"
	wait "${pids[$id]}"
	await "$id: the pairs are still there" no_pairs
}

no_pairs()
{
	! pairfuse list | grep -q fsdist
}

tool=(stdbuf -oL fsdist-libbpf -t ext4)
wraps env env A=B "${tool[@]}"
wraps empty env -i /usr/bin/env "PATH=$PATH" "${tool[@]}"
wraps timeout timeout 200 "${tool[@]}"
wraps sh sh -c "${tool[*]}; true"
wraps bash bash -c "${tool[*]}; true"
wraps nice nice -n 1 "${tool[@]}"
wraps script script -qefc "${tool[*]}" /dev/null
[ -z "$(command -v strace)" ] || wraps strace strace -f -o /dev/null "${tool[@]}"
wraps python python3 -c 'import subprocess, sys; subprocess.run(sys.argv[1:])' "${tool[@]}"
wraps nested sh -c "timeout 200 nice sh -c '${tool[*]}; true'; true"

equal "$(pairfuse run -- sh -c 'env; true' | grep -E 'PRELOAD|PAIRFUSE')" '' 'environment'
equal "$(LD_PRELOAD=libelf.so.1 pairfuse run -- sh -c 'env; true' | grep PRELOAD)" \
	'LD_PRELOAD=libelf.so.1' 'LD_PRELOAD of the user'
pairfuse run -- sh -c 'sh -c "exit 7"; exit $?'
equal $? 7 'exit status'
# a program that loads BPF programs is the tool: what it starts has no interposer
equal "$(pairfuse run -- bpftrace -q -e \
	'BEGIN { system("cat /proc/self/maps"); exit() }' --unsafe 2>&1 | grep -c preload)" 0 \
	'what bpftrace starts'
equal "$(pairfuse run -- bpftrace -q -c '/bin/cat /proc/self/maps' -e 'BEGIN { }' 2>&1 |
	grep -c preload)" 0 'what bpftrace -c starts'
