# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154
# Programs look into the structure that a function returns, fused and split.

opener()
{
	local fd i

	while read -r _; do
		for ((i = 0; i < 10; i++)); do
			exec {fd}<"$T/there" && exec {fd}<&-
			exec {fd}>"$T/there" && exec {fd}>&-
			# in a compound command, an error does not end the shell
			{ exec {fd}<"$T/not-there"; } 2>/dev/null
		done
		echo "done"
	done
}

: >"$T/there"
mkfifo "$T/o.to" "$T/o.from"
opener <"$T/o.to" >"$T/o.from" &
pid=$!
# for load_go
# shellcheck disable=SC2034
exec {in_o}>"$T/o.to" {out_o}<"$T/o.from"

# its name before 7.0 and since
func=$(awk '$3 == "do_filp_open" || $3 == "do_file_open" { print $3 }' /proc/kallsyms)
for engine in fused split; do
	tool_start $engine --engine $engine --target returned_entry="$func" \
		--target returned_exit="$func" --set target_pid=$pid "$DIR"/bpf/returned.bpf.o
	load_go o go
	tool_stop $engine
	# 2>/dev/null is an open, too
	equal "$(data $engine '[value(d, n) for n in ("same", "differ", "errors", "in_errors")]')" \
		'[30, 0, 10, 0]' "$engine: files returned"
done
equal "$(fused fused) $(fused split)" '1 0' 'pairs fused'
