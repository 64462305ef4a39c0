# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154
# Exit status and output of the verbs that report, in every state.

# status WANT CMD...: run with output in $T/cmd.out, $T/cmd.err
status()
{
	local want=$1
	shift
	"$@" >"$T/cmd.out" 2>"$T/cmd.err" </dev/null
	equal $? "$want" "exit status of: $*"
}

status 0 pairfuse doctor
status 0 pairfuse doctor --json
status 0 pairfuse list
status 0 pairfuse list --json
equal "$(python3 "$DIR/json_of.py" "$T/cmd.out" - 'd["links"]')" '[]' 'links'
for verb in load explain list doctor; do
	status 0 pairfuse $verb --help
	status 2 pairfuse $verb --no-such-option
done
status 2 pairfuse no-such-verb
status 1 pairfuse load /nonexistent.bpf.o
status 1 pairfuse load /etc/passwd
status 1 pairfuse load --fs ext4 --set no_such=1 "$OBJ"/fsdist.bpf.o
status 1 pairfuse load --target pair_entry=no_such_function "$OBJ"/pair.bpf.o
status 0 pairfuse explain "$OBJ"/fsdist.bpf.o

# the module is loaded, and its device is not in here
for verb in list 'run true' doctor; do
	# shellcheck disable=SC2086
	unshare -m sh -c 'mount -t tmpfs none /dev && exec pairfuse "$@"' sh $verb \
		>"$T/cmd.out" 2>"$T/cmd.err"
	cat "$T/cmd.out" "$T/cmd.err" >"$T/both"
	equal "$(grep -c 'although the kernel module is loaded\|loaded, but there is no /dev/pairfuse here' \
		"$T/both")" 1 "$verb without the device"
done

tool_start x --fs ext4 "$OBJ"/fsdist.bpf.o
status 0 pairfuse list --json
equal "$(python3 "$DIR/json_of.py" "$T/cmd.out" - \
	'sorted(l["function"] for l in d["links"])')" \
	"['ext4_file_getattr', 'ext4_file_open', 'ext4_file_read_iter', 'ext4_file_write_iter', 'ext4_sync_file']" \
	'functions held'
equal "$(python3 "$DIR/json_of.py" "$T/cmd.out" - \
	'{(l["state"], l["hook"], l["pid"]) for l in d["links"]}')" \
	"{('live', '$hook', ${pid_x:?})}" 'state, mode and owner'
status 0 pairfuse list
equal "$(grep -c ext4_ "$T/cmd.out")" 5 'lines of pairfuse list'
tool_stop x
