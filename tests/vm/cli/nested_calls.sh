# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154
# Calls inside calls, and state that fits no slot. ext4_sync_file() runs inside
# of O_SYNC writes, and takes the state of the write from the map that they
# share: fused pairs count what the map counts, or with --nesting per-call all.

n=40

cat >"$T/sync.py" <<'PY'
import os, sys, threading
n = int(sys.argv[1])
fds = []
for i in range(2):
    name = '/scratch/nesting%d' % i
    fds.append((os.open(name, os.O_CREAT | os.O_WRONLY | os.O_TRUNC),
                os.open(name, os.O_WRONLY | os.O_SYNC), os.open(name, os.O_RDONLY)))

def work(plain, sync, read):
    for i in range(n):
        os.pwrite(sync, b'x' * 100, 0)      # fsync inside
        os.pwrite(plain, b'x' * 100, 0)
        os.pwrite(plain, b'x' * 100, 0)
        os.fsync(plain)
        os.pread(read, 50, 0)

print('ready', os.getpid(), flush=True)
for line in sys.stdin:
    threads = [threading.Thread(target=work, args=f) for f in fds]
    for t in threads: t.start()
    for t in threads: t.join()
    print('done', flush=True)
PY

mkfifo "$T/s.to" "$T/s.from"
python3 "$T/sync.py" $n <"$T/s.to" >"$T/s.from" 2>"$T/s.err" &
exec {in_s}>"$T/s.to" {out_s}<"$T/s.from"
read -r -t 60 -u "$out_s" word pid || fail 'the load is not ready'

# missed ID: how often the kernel left out a program of ID's that is not fused (of type
# 26, tracing), because a task was preempted in the middle of it on that CPU. Starting a
# process would be counted: programs are read from ext4.
missed()
{
	local pid=pid_$1 type='' fd key value

	missed=0
	for fd in "/proc/${!pid}/fdinfo"/*; do
		while read -r key value; do
			case $key in
			prog_type:) type=$value ;;
			recursion_misses:) [ "$type" != 26 ] || missed=$((missed + value)) ;;
			esac
		done <"$fd"
	done
}

# count ID WANT HOW ARG...: how is the storage and nesting that is expected. What is left
# out changes each number by at most one, and the next one, which finds what is left.
count()
{
	local id=$1 want=$2 how=$3 missed
	shift 3

	tool_start "$id" "$@"
	load_go s go
	missed "$id"
	tool_stop "$id"
	echo "$id: $(python3 "$DIR/json_of.py" "$T/$id.out" attached \
		'" ".join("%s/%s" % (v.get("storage"), v.get("nesting")) for v in d["verdicts"])')"
	equal "$(python3 "$DIR/json_of.py" "$T/$id.out" attached \
		'"%s %s" % (d["verdicts"][0].get("storage"), d["verdicts"][0].get("nesting"))')" \
		"$how" "$id: storage and nesting"
	[ "$(data "$id" "all(abs(a - b) <= 2 * $missed for a, b in zip(($vars), $want))")" = True ] ||
		equal "$(data "$id" "$vars")" "$want" "$id, the kernel missed $missed: $vars"
}

o=$DIR/bpf/nesting.bpf.o
vars='value(d, "writes"), value(d, "fsyncs"), value(d, "found")'
all=$((2 * n))
# A write with a sync inside is not counted, the sync is.
exact="($((2 * all)), $((2 * all)), 0)"
count split "$exact" 'None None' --engine split --set target_pid="$pid" "$o"
count slot "$exact" 'slot exact' --set target_pid="$pid" "$o"
count all "$exact" 'slot exact' "$o"
# Each for itself.
count call "($((3 * all)), $((2 * all)), 0)" 'slot per-call' --nesting per-call \
	--set target_pid="$pid" "$o"
# Syncs leave nothing; those inside of writes find the writes' state, and take it.
exact="($((2 * all)), $all, $all)"
count split2 "$exact" 'None None' --engine split --set no_syncs=1 --set target_pid="$pid" "$o"
count task "$exact" 'task exact' --set no_syncs=1 --set target_pid="$pid" "$o"
count call2 "($((3 * all)), 0, 0)" 'slot per-call' --nesting per-call --set no_syncs=1 \
	--set target_pid="$pid" "$o"

o=$DIR/bpf/large.bpf.o
vars='value(d, "calls"), value(d, "bad")'
count split3 "($all, 0)" 'None None' --engine split "$o"
count large "($all, 0)" 'task exact' "$o"
