# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154
# Objects that cannot be fused run as they are: exit status 0, no link of ours,
# a reason for every pair. One object per refusal, named after its reason.

seen=0
for o in "$OBJ"/refuse/*.bpf.o; do
	[ -e "$o" ] || fail 'no objects in refuse/'
	name=${o##*/}
	name=${name%.bpf.o}
	pairfuse load --json --hook "$hook" --duration 0 "$o" >"$T/x.out" 2>"$T/x.err" ||
		fail "$name: exit status $?"
	reasons=$(python3 "$DIR/json_of.py" "$T/x.out" attached \
		'" ".join(v["reason"] for v in d["verdicts"] if v["engine"] != "fused")')
	echo "$name: $reasons"
	[ -n "$reasons" ] || fail "$name: nothing was refused"
	case " $reasons " in
	*" $name "*) ;;
	*) fail "$name: refused for another reason: $reasons" ;;
	esac
	seen=$((seen + 1))
done
[ $seen -gt 5 ] || fail "only $seen objects"
