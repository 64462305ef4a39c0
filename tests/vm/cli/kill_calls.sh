# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154
# SIGKILL at the system calls of the loader and of a tool under `pairfuse run`, both
# at once, under load: as the Nth call begins (prog/killat.c). A call that is killed half
# way is kill_tool's. Every 60th call, beginning anywhere; each, with EVERY=1 in the
# environment.

every=${EVERY:-$((6000 / SCALE))}
loader=(pairfuse load --no-self-check --fs ext4 "$OBJ/fsdist.bpf.o" --hook "$hook" --duration 0)
tool=(pairfuse run --verbose --no-self-check --hook "$hook" -- fsdist-libbpf -t ext4 1 1)

# victim NAME N CMD...: sets pid_NAME
victim()
{
	local name=$1 n=$2
	shift 2

	"$DIR/killat" "$n" "$T/$name.calls" "$@" >"$T/$name.out" 2>"$T/$name.err" &
	eval "pid_$name=\$!"
}

# lived NAME: it came to its end; sets length_NAME.
lived()
{
	local name=$1 pid=pid_$1

	wait "${!pid}" || fail "$name: exit status $?"
	eval "length_$name=$(<"$T/$name.calls")"
}

# fell NAME N: with a busy machine it makes a few calls more or less than the first time.
fell()
{
	local name=$1 n=$2 pid=pid_$1 length=length_$1 status

	wait "${!pid}"
	status=$?
	case $status in
	137)
		equal "$(<"$T/$name.calls")" "$n" "calls of $name"
		killed=$((killed + 1))
		;;
	0) [ "$n" -gt $((${!length} * 9 / 10)) ] || fail "$name: not killed at call $n" ;;
	*) fail "$name: exit status $status at call $n" ;;
	esac
}

victim loader 0 "${loader[@]}"
lived loader
grep -q 'pairfuse: fused 5 of 5' "$T/loader.out" || fail 'the loader does not fuse'
victim tool 0 "${tool[@]}"
lived tool
equal "$(grep -c ': fused: ' "$T/tool.err")" 5 'pairs of the tool'

# The traced program: it has to see nothing of all this.
load_start l 2 20
while :; do
	load_go l ok
done &
load=$!

killed=0
last=$((length_loader > length_tool ? length_loader : length_tool))
for ((i = SRANDOM % every; i < last; i += every)); do
	# The shorter one begins again.
	a=$((i % length_loader + 1)) b=$((i % length_tool + 1))
	victim loader $a "${loader[@]}"
	victim tool $b "${tool[@]}"
	fell loader $a
	fell tool $b
	# Only what drains may still be there: calls were in the function.
	! pairfuse list --json | grep '"state":"live"' ||
		fail "a pair is left: loader killed at $a, tool at $b"
	kill -0 $load 2>/dev/null || fail 'the traced program has stopped'
done
echo "$killed killed; of $length_loader calls of the loader and $length_tool of the tool every ${every}th"
[ "$killed" -gt 0 ] || fail 'none was killed'

# What they leave is no hindrance.
tool_start a --fs ext4 "$OBJ"/fsdist.bpf.o
equal "$(fused a)" 5 'pairs fused afterwards'
tool_stop a
