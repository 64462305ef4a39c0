# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154
# What only a tool can load in full: the rest is loaded and fused, or it is said what to do.

pairfuse load --json --hook "$hook" --duration 0 "$DIR/bpf/unknown_section.bpf.o" \
	>"$T/u.out" 2>"$T/u.err" || fail "unknown section: $(cat "$T/u.err")"
grep -q "program 'odd' is left out: libbpf does not know section 'mytool/odd'" "$T/u.err" ||
	fail "unknown section: not said: $(cat "$T/u.err")"
equal "$(python3 "$DIR/json_of.py" "$T/u.out" attached \
	'[v["engine"] for v in d["verdicts"]]')" "['fused']" 'unknown section: the pair'

pairfuse load --hook "$hook" --duration 0 "$DIR/bpf/open_outer.bpf.o" >"$T/o.out" 2>"$T/o.err"
equal $? 1 'map of maps: exit status'
grep -q "map 'outer' declares no inner map: .* 'pairfuse run'" "$T/o.err" ||
	fail "map of maps: not said: $(cat "$T/o.err")"
for o in unknown_section open_outer; do
	pairfuse explain "$DIR/bpf/$o.bpf.o" | grep -q '^pairfuse: 1 of 1 pairs can be fused$' ||
		fail "explain $o: $(pairfuse explain "$DIR/bpf/$o.bpf.o" 2>&1)"
done
