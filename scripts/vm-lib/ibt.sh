# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154
#
# --ibt: the guest runs on a CPU that has IBT, as far as that matters to who writes
# kernel text: ibt.c, a plugin for QEMU, finds indirect branches to what does not begin with
# endbr64. It and bpf-names.c (for the guest) are compiled in the build root, once. The
# kernel must have CONFIG_X86_KERNEL_IBT (Debian's have), or nearly every branch is one.

# ensure_ibt: set IBT to the directory with both.
ensure_ibt()
{
	IBT=$BASE/ibt-$(cat "$VMD/ibt.c" "$VMD/bpf-names.c" "$VMD/ibt.sh" | hash_of)
	if [ ! -e "$IBT/ok" ]; then
		need_root 'the IBT model'
		with_lock "$BASE/lock.ibt" build_ibt
	fi
}

build_ibt()
{
	local dir=$BASE/root/ibt

	[ ! -e "$IBT/ok" ] || return 0
	mkdir -p "$IBT" "$dir"
	step_log=$IBT/log
	cp "$VMD/ibt.c" "$VMD/bpf-names.c" "$dir/"
	step 'IBT model: plugin' in_root "$BASE/root" gcc -O2 -Wall -fvisibility=hidden -fPIC -shared \
		-o /ibt/ibt.so /ibt/ibt.c
	step 'IBT model: names' in_root "$BASE/root" gcc -O2 -Wall -o /ibt/bpf-names /ibt/bpf-names.c
	mv "$dir/ibt.so" "$dir/bpf-names" "$IBT/"
	remove "$dir"
	: >"$IBT/ok"
}

# Have the guest, which has just said how the command ended, write its symbols.
ask_for_symbols()
{
	local line

	[ -s "$RUN/ibt" ] || return 0
	echo symbols >&7
	while read -r -t 60 line <&8 && [ "$line" != symbols ]; do
		:
	done
}

# symbol_at ADDRESS: what is or was there. For what comes and goes there are lines with
# a length, several when an address was used again. Of those that fit the one
# counts that begins nearest, the last one of it; trampolines before programs, since
# they are what calls indirectly (and are given as longer than they are). Then
# /proc/kallsyms, where nothing is 16 MiB long: what is further away is nobody's.
symbol_at()
{
	local base name

	read -r base name < <(awk -v a="$1" '
		function fits(low, len) {
			return substr(low, 1, 8) == substr(a, 1, 8) &&
				number(substr(a, 9)) < number(substr(low, 9)) + len
		}
		function number(hex, i, n) {
			for (i = n = 0; i++ < length(hex); )
				n = n * 16 + index("0123456789abcdef", substr(hex, i, 1)) - 1
			return n
		}
		$1 "" > a "" || $2 !~ /^[tTwW]$/ { next }
		$5 != "" && $1 "" < a "" && fits($1, $5) {
			rank = ($3 ~ /^bpf_trampoline/) $1
			if (rank "" >= near "") {
				near = rank
				name = $3 " " $4
			}
		}
		$5 == "" && $1 "" > best "" && $4 != "[bpf]" { best = $1; long = $3 " " $4 }
		END {
			if (near != "")
				print substr(near, 2), name
			else if (best != "" && fits(best, 16777216))
				print best, long
		}' "$RUN/symbols")
	if [ -n "$base" ]; then
		printf '%s+0x%x%s\n' "${name%% *}" $((16#$1 - 16#$base)) "${name#"${name%% *}"}"
	else
		printf '0x%s\n' "$1"
	fi
}

# Print what the model has found; fail when that is nothing.
report_ibt()
{
	local from to count bytes all most=50

	[ -s "$RUN/ibt" ] || return 1
	while read -r from to count bytes; do
		say "IBT: $(symbol_at "$from") -> $(symbol_at "$to"): $bytes ($count times)"
	done < <(head -n $most "$RUN/ibt")
	all=$(wc -l <"$RUN/ibt")
	[ "$all" -le $most ] || say "IBT: and $((all - most)) more"
}
