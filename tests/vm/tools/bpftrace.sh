# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154,SC2034,SC2016
# A tool with a loader of its own. Nobody but the load calls fsync. At the end it
# prints its maps, so reads the carrier: then, not before, it gets its own programs
# back.

# script ENTRY EXIT: kinds of probes
script()
{
	cat <<-EOT
		BEGIN { printf("ready\n"); }
		$1:ext4_sync_file { @start[tid] = nsecs; }
		$2:ext4_sync_file /@start[tid]/ {
			@ns = hist(nsecs - @start[tid]); @calls = count(); @of[tid] = count();
			delete(@start, tid);
		}
	EOT
}

# Maps that are what the script is for: they stay maps.
result='BEGIN { printf("ready\n"); }
	kprobe:ext4_sync_file { @count[tid] = @count[tid] + 1; }
	kretprobe:ext4_sync_file { @last[tid] = @count[tid]; }'
left='BEGIN { printf("ready\n"); }
	kprobe:ext4_sync_file { @start[tid] = nsecs; }
	kretprobe:ext4_sync_file /@start[tid]/ { @calls = count(); }'

fsload_start
both result '^ready' bpftrace -e "$result"
both left '^ready' bpftrace -e "$left"
both probes '^ready' bpftrace -e "$(script kprobe kretprobe)"
both typed '^ready' bpftrace -e "$(script fentry fexit)"
all_ready
load ok
load ok
stop
for id in probes typed; do
	equal "$(grep -c ': fused: ' "$T/$id.run.err")" 1 "$id: pairs fused"
	equal "$(sed -n 's/^@calls: //p' "$T/$id.run.out")" $((2 * each)) "$id: calls"
	equal "$(grep -c "^@of.*: $n\$" "$T/$id.run.out")" $((2 * threads)) "$id: threads"
done
equal "$(sed -n 's/^@calls: //p' "$T/probes.plain.out")" $((2 * each)) 'probes: calls, plain'
nearly typed.plain "$(sed -n 's/^@calls: //p' "$T/typed.plain.out")" $((2 * each)) \
	'typed: calls, plain'
for id in result left; do
	equal "$(grep -c ': fused: ' "$T/$id.run.err")" 0 "$id: pairs fused"
	equal "$(grep -c ': not fused: .*user space' "$T/$id.run.err")" 1 "$id: pairs refused"
done
for id in plain run; do
	equal "$(grep -c "^@count.*: $n\$" "$T/result.$id.out")" $((2 * threads)) "result: counts, $id"
	equal "$(grep -c "^@last.*: $n\$" "$T/result.$id.out")" $((2 * threads)) "result: last, $id"
	equal "$(grep -c '^@start' "$T/left.$id.out")" $((2 * threads)) "left: times, $id"
done
