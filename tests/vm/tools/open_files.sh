# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154,SC2034,SC2016
# Open files: the limit under which the tool just works is enough under `run` too, and
# `load` raises its own.

# attaches LIMIT COMMAND...: does the tool attach what it wants to?
attaches()
{
	local limit=$1
	shift

	rm -f "$T/x.out" "$T/x.err"
	(ulimit "-${which:-S}n" "$limit"; exec env --default-signal=INT stdbuf -oL "$@") \
		>"$T/x.out" 2>"$T/x.err" &
	pids[x]=$!
	await 'x neither attached nor ended' is_ready x '^Tracing'
	kill -INT "${pids[x]}" 2>/dev/null
	wait "${pids[x]}" && grep -q '^Tracing' "$T/x.out"
}

tool=(fsdist-libbpf -t ext4)
limit=16
until attaches $limit "${tool[@]}"; do
	limit=$((limit + 1))
	[ $limit -lt 256 ] || give_up 'no limit is enough'
done
echo "plain needs $limit open files"
attaches $limit pairfuse run -v -- "${tool[@]}" || fail 'run: needs more'
equal "$(grep -c ': fused: ' "$T/x.err")" 5 'pairs fused at the limit'
which=''		# both, the hard one too
attaches $limit pairfuse run -v -- "${tool[@]}" || fail 'run: needs more, hard limit'
equal "$(grep -c ': fused: ' "$T/x.err")" 5 'pairs fused at the hard limit'
attaches $limit setpriv --bounding-set -sys_resource --inh-caps -sys_resource \
	pairfuse run -- "${tool[@]}" || fail 'run: needs more without CAP_SYS_RESOURCE'
equal "$(grep -c 'raise the hard limit' "$T/x.err")" 1 'the reason'
# the tool sees its own limit, after fusing too
equal "$(ulimit -Sn 300; pairfuse run -- sh -c 'ulimit -Sn; ulimit -Hn')" \
	"$(ulimit -Sn 300; sh -c 'ulimit -Sn; ulimit -Hn')" 'the limits'
(ulimit -Sn 24; pairfuse load /usr/lib/pairfuse/fsdist.bpf.o --fs ext4 --duration 0) >"$T/load.out" 2>&1
equal "$(grep -c 'fused 5 of 5' "$T/load.out")" 1 'load with 24 open files'
