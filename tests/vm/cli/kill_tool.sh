# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154
# SIGKILL of the loader at random instants, under load, two loaders at a time;
# 100 on each kernel. The runner looks for what is left.

n=${SCALE:-100}
mkfifo "$T/never"
exec {never}<>"$T/never"
sync_load()
{
	while :; do
		"$DIR/fsload" /scratch 1 20 <<<ok >/dev/null
	done
}
sync_load &

# wait_us N: without starting a process
wait_us()
{
	local _

	read -r -t "$(($1 / 1000000)).$(printf %06d $(($1 % 1000000)))" -u "$never" _
}

# victim ID OBJECT ARG...: sets pid_ID
victim()
{
	local id=$1
	shift

	pairfuse load --no-self-check --hook "$hook" "$@" >"$T/$id.out" 2>"$T/$id.err" &
	eval "pid_$id=\$!"
}

# fell ID: kill it, and see how far it had come
fell()
{
	local pid=pid_$1

	kill -KILL "${!pid}" || fail "$1 ended by itself"
	wait "${!pid}" 2>/dev/null
	! grep -q 'pairfuse: fused' "$T/$1.out" || attached=$((attached + 1))
}

fsdist=(--fs ext4 "$OBJ"/fsdist.bpf.o)
pair=(--target pair_entry=ext4_sync_file --target pair_exit=ext4_sync_file "$OBJ"/pair.bpf.o)

# How long does it take to attach and detach? Kill within one and a half times that.
start=${EPOCHREALTIME/./}
victim a "${fsdist[@]}" --duration 0
victim b "${pair[@]}" --duration 0
wait "$pid_a" || fail 'fsdist does not load'
wait "$pid_b" || fail 'pair does not load'
limit=$(((${EPOCHREALTIME/./} - start) * 3 / 2))
attached=0

for ((i = 0; i < n; i += 2)); do
	victim a "${fsdist[@]}"
	victim b "${pair[@]}"
	first=$((SRANDOM % limit))
	second=$((SRANDOM % limit))
	if [ $first -lt $second ]; then
		wait_us $first
		fell a
		wait_us $((second - first))
		fell b
	else
		wait_us $second
		fell b
		wait_us $((first - second))
		fell a
	fi
done
echo "$attached of $n had attached, killed within $limit us"
[ $attached -gt 0 ] || fail 'none was killed while attached'
[ $attached -lt "$n" ] || fail 'none was killed before it had attached'
