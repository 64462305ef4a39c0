# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154
# SIGKILL of the loader at random instants, under load. The runner looks for
# what is left.

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

# How long does it take to attach? Kill within one and a half times that.
start=${EPOCHREALTIME/./}
pairfuse load --hook "$hook" --fs ext4 --duration 0 "$OBJ"/fsdist.bpf.o >"$T/first.out" ||
	fail 'pairfuse load'
limit=$(((${EPOCHREALTIME/./} - start) * 3 / 2))
attached=0

for ((i = 0; i < n; i++)); do
	pairfuse load --hook "$hook" --fs ext4 "$OBJ"/fsdist.bpf.o >"$T/x.out" 2>"$T/x.err" &
	victim=$!
	us=$((SRANDOM % limit))
	# shellcheck disable=SC2229
	read -r -t "$((us / 1000000)).$(printf %06d $((us % 1000000)))" -u "$never" _
	kill -KILL $victim || fail "the tool ended by itself after $us us"
	wait $victim 2>/dev/null
	grep -q 'fused' "$T/x.out" && attached=$((attached + 1))
done
echo "$attached of $n had attached, killed within $limit us"
[ $attached -gt 0 ] || fail 'none was killed while attached'
[ $attached -lt "$n" ] || fail 'none was killed before it had attached'
