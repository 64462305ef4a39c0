# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154,SC2034,SC2016
# Where fentry works there is no pair. With its kprobes there is: it uses them
# when fentry does not work, for instance on a function that is held directly.

load_start
both no '^PID' solisten-libbpf -p "$load_pid"
all_ready
load threads listen
load last listen
seen "$cpus" ' 77 ' no
stop
fused no 0
grep -q 'nothing to fuse' "$T/no.run.err" || fail 'no word about the missing pair'
same no
same_errors no
nearly no.run "$(grep -c ' TCPv4 30.* 127.0.0.1' "$T/no.run.lines")" $((2 * n)) 'calls'

pairfuse load --hook direct --target pair_entry=inet_listen --target pair_exit=inet_listen \
	/usr/lib/pairfuse/pair.bpf.o >"$T/holder.out" 2>&1 &
holder=$!
holds()
{
	pairfuse list | grep -q inet_listen
}
await 'inet_listen is not held' holds
both one '^PID' solisten-libbpf -p "$load_pid"
both all '^TIME' solisten-libbpf -t
all_ready
load listen
load threads listen
load last listen
seen "$cpus" ' 77 ' one all
stop
kill -INT $holder
wait $holder
for id in one all; do
	fused $id 1
	same_errors $id
done
same one
same all '$2, $3, $4, $5, $6, $7, $8'
counted one "$((10 * n))" ' 0 .* TCPv4 3[0-9]* *127.0.0.1'
counted one "$((5 * n))" ' 0 *5 *TCPv6 3'
