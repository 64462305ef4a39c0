#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What the completion offers, by running it on lines as bash has split them, with
# '=' between words and without, with the bash-completion package (a stand-in for
# what is called of it) and without. That it has the options of each verb is in
# test_cli.sh.
#
# Ends with `N passed, N failed`.
set -u
cd "$(dirname "$(readlink -f "$0")")/../.." || exit
completion=$PWD/loader/completion/pairfuse
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
passed=0 failed=0

# What is there to be completed: files, one of them with a blank, and a command.
mkdir "$dir/files" "$dir/files/objects" "$dir/bin"
touch "$dir/files/my object.bpf.o" "$dir/files/mytool"
printf '#!/bin/sh\n' >"$dir/bin/opensnoop-of-the-test"
chmod +x "$dir/bin/opensnoop-of-the-test" "$dir/files/mytool"

# Sourced in front of the completion, by some.
cat >"$dir/package" <<'END'
_command_offset() { COMPREPLY=("offset $1, word $COMP_CWORD of ${COMP_WORDS[*]}"); }
END
sed 's/^_command/_comp_command/' "$dir/package" >"$dir/newer-package"
: >"$dir/nothing"

breaks=$' \t\n"\047><=;|&(:'	# those of bash
before=$dir/nothing

# offered WORD...: what for the last word, in lines
offered()
{
	# shellcheck disable=SC2016
	PATH=$dir/bin:$PATH bash --norc -c '
		cd "$1" && . "$2" && . "$3" || exit
		compopt() { [[ $* == "-o filenames" ]] || echo "compopt $*"; }
		COMP_WORDBREAKS=$4
		shift 4
		COMP_WORDS=("$@")
		COMP_CWORD=$(($# - 1))
		set -u
		_pairfuse
		((${#COMPREPLY[@]} == 0)) || printf "%s\n" "${COMPREPLY[@]}"
	' bash "$dir/files" "$before" "$completion" "$breaks" "$@" 2>&1 | LC_ALL=C sort -u
}

# expect OFFERED WORD...
expect()
{
	local want=$1 have
	shift

	have=$(offered "$@")
	if [ "$have" = "$want" ]; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		printf 'FAIL: %s\nhave: %s\nwant: %s\n' "$*" "$have" "$want"
	fi
}

# has OFFERED WORD...: this among others
has()
{
	local want=$1
	shift

	if offered "$@" | grep -qxF -e "$want"; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		printf 'FAIL: %s\nnot offered: %s\n' "$*" "$want"
	fi
}

readonly FS=$'btrfs\next4\nf2fs\nnfs\nxfs'
readonly ALL_FILES=$'my object.bpf.o\nmytool\nobjects'
readonly COMMAND=opensnoop-of-the-test

# --- verbs and objects ---

expect $'--help\n--version\ndoctor\nexplain\nlist\nload\nrun' pairfuse ''
expect 'load' pairfuse lo
expect '' pairfuse --version ''
expect '' pairfuse frob ''
for verb in load explain; do
	expect "$ALL_FILES" pairfuse $verb ''
	expect "$ALL_FILES" pairfuse $verb --fs ext4 ''
	expect "$ALL_FILES" pairfuse $verb --self-check ''
	expect "$ALL_FILES" pairfuse $verb --self-check = 9 ''
	expect "$ALL_FILES" pairfuse $verb -- ''
	expect "$ALL_FILES" pairfuse $verb --set in_ms = true ''
	expect 'my object.bpf.o' pairfuse $verb 'my o'
	expect '../files/mytool' pairfuse $verb ../files/myt
done
for verb in list doctor; do
	expect '' pairfuse $verb ''
	expect '' pairfuse $verb --fs ''
done

# --- options and their arguments ---

expect '--clock' pairfuse load --cl
expect '' pairfuse load -- --cl
expect "$FS" pairfuse load --fs ''
expect "$FS" pairfuse load -f ''
expect "$FS" pairfuse load -vf ''
expect 'xfs' pairfuse explain --fs x
expect 'direct' pairfuse run --hook d
expect $'exact\nper-call' pairfuse run -n ''
expect $'auto\nexact' pairfuse run --clo ''
expect $'fused\nsplit' pairfuse load --engine ''
expect '' pairfuse load --set ''
expect '' pairfuse load --set in_ms =
expect '' pairfuse load --set in_ms = t
expect '' pairfuse load --duration ''
expect '--verbose' pairfuse load -xk --verb
has 'none' pairfuse load --opt ''
has '-slot' pairfuse load --opt -
expect 'slot,clock' pairfuse load --opt slot,cl
expect '-slot,-clock' pairfuse load --opt -slot,-cl

# '=' ends a word
expect "$FS" pairfuse load --fs =
expect 'xfs' pairfuse load --fs = x
expect 'direct' pairfuse run --hook = d
expect 'slot,clock' pairfuse run --opt = slot,cl
expect '-clock' pairfuse explain --opt = -cl
expect '' pairfuse load --self-check =
expect '' pairfuse load --json =
expect '--interval' pairfuse load --fs = xfs --int

# '=' does not
breaks=${breaks/=/}
expect "$(sed 's/^/--fs=/' <<<"$FS")" pairfuse load --fs=
expect '--fs=xfs' pairfuse load --fs=x
expect '--hook=direct' pairfuse run --hook=d
expect '--opt=slot,clock' pairfuse run --opt=slot,cl
expect '--opt=-clock' pairfuse explain --opt=-cl
expect '' pairfuse load --self-check=
expect "$ALL_FILES" pairfuse load --fs=xfs ''
expect '' pairfuse load --set in_ms=t
has "$COMMAND" pairfuse run --hook=direct opens
breaks+='='

# --- the tool ---

for words in '' '--' '--hook direct' '--hook = direct' '-k direct --' '-kdirect' '-v' '-x --' \
	'--self-check' '--opt = -slot,-clock'; do
	# shellcheck disable=SC2086
	{
		has "$COMMAND" pairfuse run $words opens
		expect "$ALL_FILES" pairfuse run $words tool ''
		expect 'my object.bpf.o' pairfuse run $words tool -x 'my o'
		expect '' pairfuse run $words tool --h
		expect '' pairfuse run $words tool --hook d
		expect 'mytool' pairfuse run $words tool --out = myt
	}
done
has 'objects' pairfuse run obj
expect './mytool' pairfuse run -- ./myt
expect '' pairfuse run -- --h

# with the package
for before in "$dir/package" "$dir/newer-package"; do
	expect 'offset 3, word 3 of pairfuse run -- opens' pairfuse run -- opens
	expect 'offset 5, word 6 of pairfuse run --hook = direct tool --h' \
		pairfuse run --hook = direct tool --h
	expect 'offset 2, word 5 of pairfuse run tool --hook = d' pairfuse run tool --hook = d
	expect 'direct' pairfuse run --hook = d
done

echo "$passed passed, $failed failed"
[ $failed = 0 ]
