# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154,SC2034,SC2016
# Its programs ask for the function they run in: not fused. Arguments and return
# values are the same, and so is what it says of a function that there is not.

load_start
both x ' TIME ' ksnoop-libbpf -P 256 -p "$load_pid" trace 'ksys_write(fd,return)'
start none.plain plain ksnoop-libbpf trace no_such_function
start none.run run ksnoop-libbpf trace no_such_function
for id in none.plain none.run; do
	wait "${pids[$id]}"
	echo $? >"$T/$id.status"
	unset "pids[$id]"
done
ids=(x.plain x.run)
all_ready
load pipe
load last pipe
# seven bytes are written only by the last, five are its answers to us
seen "$cpus" '(ssize_t)7$' x
seen 2 '(ssize_t)5$' x
stop any
refused x helper 1
same_end x
same_end none
for how in plain run; do
	# without the time, and the event's place among those of the other CPU
	sed 's/^ *[0-9]\+ *\([0-9]\+ *[0-9]\+ ksys_write(\)/\1/' "$T/x.$how.out" |
		LC_ALL=C sort >"$T/x.$how.lines"
done
diff "$T/x.plain.lines" "$T/x.run.lines" || fail 'events differ'
counted x $((2 * (n + cpus + 2))) ' ksys_write('
counted x "$n" '(ssize_t)1$'
