# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154,SC2034,SC2016
# Its programs keep more than a slot has, for several calls: not fused. Arguments and return
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
# seven bytes are written only by the last
seen "$cpus" '(ssize_t)7$' x
stop any
refused x state-size 1
same_end x
same_end none

# lines ID.HOW: an event each, without the time, and without the load's answers to us
lines()
{
	awk -v RS='' '{ sub(/^.*FUNCTION.ARGS/, ""); $1 = ""; print }' "$T/$1.out" |
		grep -v '(unsigned int)1 \|(ssize_t)5 ' | LC_ALL=C sort
}
same x
nearly x.run "$(grep -c '(unsigned int)' "$T/x.run.lines") $(grep -c '(ssize_t)1 ' "$T/x.run.lines")" \
	"$((n + cpus)) $n" 'writes, that returned 1'
