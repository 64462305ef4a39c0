# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154
# perf's probes and perf trace on a function that a fused pair is on, who comes first and
# who second: both count every call. `pairfuse list` tells whose the pair is.

threads=2 n=40
each=$((threads * n))
f=ext4_sync_file
pair=(--target pair_entry=$f --target pair_exit=$f "$OBJ"/pair.bpf.o)
stat=(perf stat -a -x ' ' -o "$T/stat.out" -e "probe:sync,probe:sync_ret__return")

# with_load PERF-COMMAND...: the load, once, while perf looks
with_load()
{
	# shellcheck disable=SC2016
	"$@" -- bash -c 'echo ok >&"$1"; read -r _ <&"$2"' bash "$in_l" "$out_l" \
		>"$T/perf.out" 2>"$T/perf.err" || fail "$*"
}

# counted N WHAT
counted()
{
	equal "$(awk '/probe:/ { print $1 }' "$T/stat.out" | tr '\n' ' ')" "$1 $1 " "$2"
}

listed()
{
	pairfuse list --json >"$T/list.out" || fail 'pairfuse list'
	python3 "$DIR/json_of.py" "$T/list.out" - \
		'[(l["function"], l["hook"], l["state"], l["pid"], l["command"]) for l in d["links"]]'
}

# The probes are only described here; they are on the function while perf stat runs.
trap 'perf probe -q --del "probe:sync*" 2>/dev/null; finish' EXIT
where=()
! grep -q '^ext4 ' /proc/modules || where=(-m ext4)
perf probe -q "${where[@]}" --add "sync=$f" --add "sync_ret=$f%return" 2>"$T/probe.err" ||
	fail "perf probe: $(tail -n 1 "$T/probe.err")"
load_start l $threads $n

# perf second, leaves first
tool_start a "${pair[@]}"
equal "$(listed)" "[('$f', '$hook', 'live', ${pid_a:?}, 'pairfuse')]" 'pairfuse list'
with_load "${stat[@]}"
counted "$each" 'probes after us'
with_load perf trace -a -s -e fsync
calls=$(awk '$1 == "fsync" { n += $2 } END { print n + 0 }' "$T/perf.out" "$T/perf.err")
# its counts are rough (it loses what it is too late for): it sees some
if [ "$calls" -lt 1 ] || [ "$calls" -gt "$each" ]; then
	fail "perf trace has counted $calls of $each fsyncs"
fi
load_go l ok
tool_stop a
equal "$(data a 'value(d, "calls")')" $((3 * each)) 'calls with perf after us'
for _ in {1..300}; do
	[ "$(listed)" != '[]' ] || break
	sleep 0.1
done
equal "$(listed)" '[]' 'pairfuse list without a tool'

# perf first, leaves last
mkfifo "$T/there" "$T/enough"
# shellcheck disable=SC2016
"${stat[@]}" -- bash -c 'echo >"$1"; read -r _ <"$2"' bash "$T/there" "$T/enough" \
	2>"$T/perf.err" &
stat_pid=$!
read -r -t $((60 * TIMES)) _ <"$T/there" || fail 'perf stat does not start'
tool_start b "${pair[@]}"
load_go l ok
tool_stop b
load_go l ok
echo >"$T/enough"
wait $stat_pid || fail 'perf stat'
equal "$(data b 'value(d, "calls")')" "$each" 'calls with perf before us'
counted $((2 * each)) 'probes before and after us'
