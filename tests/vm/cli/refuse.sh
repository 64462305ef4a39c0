# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154
# Objects that cannot be fused run as they are: exit status 0, nothing of them
# fused, and the reason that the object is named after. Some are made for the
# analysis only: the kernel must refuse these without us too.

seen=0
for o in "$OBJ"/refuse/*.bpf.o; do
	[ -e "$o" ] || fail 'no objects in refuse/'
	name=${o##*/}
	name=${name%.bpf.o}
	if ! pairfuse load --json --hook "$hook" --duration 0 "$o" >"$T/x.out" 2>"$T/x.err"; then
		! pairfuse load --engine split --duration 0 "$o" >"$T/y.out" 2>"$T/y.err" ||
			fail "$name: loads with --engine split only"
		echo "$name: not loaded by the kernel"
		continue
	fi
	reasons=$(python3 "$DIR/json_of.py" "$T/x.out" attached \
		'" ".join(v["reason"] for v in d["verdicts"] if v["engine"] != "fused")')
	echo "$name: $reasons"
	case " $reasons " in
	*" $name "*) ;;
	*) fail "$name: refused for another reason: $reasons" ;;
	esac
	seen=$((seen + 1))
done
[ $seen -ge 12 ] || fail "only $seen objects were tried"
# What carrier-pinned.bpf.o has pinned stays, as its author wanted.
rm -f /sys/fs/bpf/starts
