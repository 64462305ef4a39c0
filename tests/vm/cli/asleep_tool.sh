# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154
# The tool is killed while a task sleeps in the traced function: `pairfuse list`
# shows the draining stub, the module cannot go; when the task leaves, all can.

f=pipe_read
grep -qw "^$f" /sys/kernel/tracing/available_filter_functions || f=anon_pipe_read

list()
{
	pairfuse list --json >"$T/list.out" || fail 'pairfuse list'
	python3 "$DIR/json_of.py" "$T/list.out" - "$1"
}

# A FIFO that is never written to, and its reader.
mkfifo "$T/empty"
exec {empty}<>"$T/empty"
tool_start x --target pair_entry=$f --target pair_exit=$f "$OBJ"/pair.bpf.o
cat "$T/empty" >/dev/null &
sleeper=$!
sleep 1
equal "$(list '[(l["function"], l["state"], l["hook"]) for l in d["links"]]')" \
	"[('$f', 'live', '$hook')]" 'listed while live'
kill -KILL "${pid_x:?}"
wait "$pid_x"
equal $? 137 'exit status of the tool'
equal "$(list '[(l["function"], l["state"]) for l in d["links"]]')" "[('$f', 'draining')]" \
	'listed while draining'
[ "$(list 'd["links"][0]["in_flight"]')" -ge 1 ] || fail 'nobody in flight'
! modprobe -r pairfuse 2>"$T/rmmod.err" || fail 'the module went with a task in its text'
grep -qi 'in use' "$T/rmmod.err" || fail 'modprobe -r said something else'

kill -KILL $sleeper
wait $sleeper
exec {empty}<&-
for _ in {1..300}; do
	[ "$(list 'len(d["links"])')" != 0 ] || break
	sleep 0.1
done
equal "$(list 'd["links"]')" '[]' 'links after the task has left'
modprobe -r pairfuse || fail "the module does not go"
modprobe pairfuse || fail modprobe
