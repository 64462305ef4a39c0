# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154,SC2034,SC2016
# Arguments, many and long; failing calls; users; a thread that is not the leader.

load_start
both all '^PCOMM' execsnoop-libbpf -x
both user '^UID' execsnoop-libbpf -U -q -u 1000
both few '^PCOMM' execsnoop-libbpf --max-args 2 -n true
all_ready
load exec
load as 1000 exec
load last exec
load as 1000 last exec
seen $((2 * cpus)) 'true .* last' all few
seen "$cpus" 'true .*"last"' user
stop

# the load and its children
lines()
{
	grep -e '/bin/true' -e '/bin/nowhere' -e '/etc/passwd' "$T/$1.out" | LC_ALL=C sort
}
m=$((n / 4))
for id in all user few; do
	fused $id 1
	same $id
	same_errors $id
done
counted all "$((2 * m))" '^true .* 0 /bin/true a b "c"	 $'
counted all "$((2 * m))" '^true .* 0 /bin/true 1 2 .* 18 19 *\.\.\.$\|^true .* 0 /bin/true 0 .* 18 *\.\.\.$'
counted all "$((2 * m))" '^load .* -2 /bin/nowhere z'
counted all "$((2 * m))" '^load .* -13 /etc/passwd'
counted user "$m" '^1000 .* "b \\"c\\"\\t"'
counted user 0 nowhere
counted few "$((2 * m))" '/bin/true a *\.\.\.$'
