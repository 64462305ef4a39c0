# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154
# bpftrace on the same function, before and after us: both count every event.
# In direct mode a later fentry has to fail, and an earlier one makes our pair
# run as its author wrote it, with those that share its map.

threads=2 n=40
each=$((threads * n))
f=ext4_sync_file
probes="kprobe:$f { @entry = count(); } kretprobe:$f { @return = count(); }"
typed="fentry:$f { @entry = count(); } fexit:$f { @return = count(); }"

# bt_start PROGRAM: returns when it is attached, or has failed
bt_start()
{
	bpftrace -e "BEGIN { printf(\"attached\\n\"); } $1" >"$T/bt.out" 2>"$T/bt.err" &
	bt=$!
	local tries=0
	while ! grep -q attached "$T/bt.out"; do
		tries=$((tries + 1))
		[ $tries -lt $((600 * TIMES)) ] || fail 'bpftrace did not start'
		kill -0 $bt 2>/dev/null || return 1
		sleep 0.1
	done
}

# bt_stop: sets counted
bt_stop()
{
	kill -INT $bt
	wait $bt
	counted=$(grep -E '^@' "$T/bt.out" | sort | tr '\n' ' ')
}

both="@entry: $each @return: $each "
load_start l $threads $n

for program in "$probes" "$typed"; do
	# bpftrace second
	id=a${#program}
	tool_start "$id" --fs ext4 "$OBJ"/fsdist.bpf.o
	if bt_start "$program"; then
		[ "$hook $program" != "direct $typed" ] || fail 'fentry attached beside direct mode'
		load_go l ok
		bt_stop
		equal "$counted" "$both" "bpftrace after us, $hook"
	elif [ "$hook $program" != "direct $typed" ]; then
		fail 'bpftrace failed'
	else
		load_go l ok
	fi
	load_go l ok
	tool_stop "$id"
	equal "$(hists "$id" | cut -d ' ' -f 4)" $((2 * each)) "fsyncs with bpftrace after us"

	# bpftrace first
	id=b${#program}
	bt_start "$program" || fail 'bpftrace failed'
	tool_start "$id" --fs ext4 "$OBJ"/fsdist.bpf.o
	load_go l ok
	tool_stop "$id"
	bt_stop
	equal "$counted" "$both" "bpftrace before us"
	equal "$(hists "$id" | cut -d ' ' -f 4)" "$each" "fsyncs with bpftrace before us"
	if [ "$hook $program" = "direct $typed" ]; then
		# All or nothing: the five share a map.
		equal "$(fused "$id")" 0 'pairs fused beside a BPF trampoline'
		reason=$(python3 "$DIR/json_of.py" "$T/$id.out" attached \
			'sorted(v["reason"] for v in d["verdicts"])')
		equal "$reason" "['attach', 'group', 'group', 'group', 'group']" 'reasons'
	else
		equal "$(fused "$id")" 5 'pairs fused'
	fi
done
