# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154,SC2034,SC2016
# Without the module, or not as root: the tool as it is, and one line.

for how in plain run; do
	setpriv --reuid=65534 --clear-groups bash -c "$([ $how = plain ] ||
		echo pairfuse run -- ) opensnoop-libbpf" >"$T/user.$how.out" 2>"$T/user.$how.err"
	echo $? >"$T/user.$how.status"
done
equal "$(grep -c '^pairfuse: ' "$T/user.run.err")" 1 'lines as another user'
same_end user

rmmod pairfuse || give_up 'rmmod'
echo 'install pairfuse /bin/false' >/etc/modprobe.d/no-pairfuse.conf
fsload_start
stdbuf -oL pairfuse run -- fsdist-libbpf -t ext4 -p "$load_pid" \
	>"$T/x.run.out" 2>"$T/x.run.err" &
pids[x.run]=$!
ready '^Tracing' x.run
load ok
count_lost x.run
stop_one x.run 0
rm /etc/modprobe.d/no-pairfuse.conf
modprobe pairfuse || fail 'modprobe'
equal "$(grep -c '^pairfuse: ' "$T/x.run.err")" 1 'lines'
equal "$(grep -c 'nothing will be fused: .*; modprobe says: ' "$T/x.run.err")" 1 'why'
nearly x.run "$(hist_sums x.run)" "$each $each $each $each $each " 'events'
