# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# shellcheck disable=SC2154
#
# Is there a KVM that runs these kernels? A device may be there and the guest
# still hang or crash (nested virtualisation), so it is believed only after it
# has booted the kernel once; the verdict is kept for this kernel, host kernel
# and processor.

KVM_LIMIT=15

kvm_works()
{
	local verdict

	[ -r /dev/kvm ] && [ -w /dev/kvm ] || return 1
	verdict=$KERNEL/kvm-$({ uname -a; sed '/^$/q' /proc/cpuinfo | grep -v MHz; } | hash_of)
	[ -e "$verdict" ] || with_lock "$KERNEL/lock.kvm" judge_kvm "$verdict"
	grep -q works "$verdict"
}

# The initramfs, told to probe, starts some processes, says so and powers off.
judge_kvm()
{
	local log=$1.log tries=0 pid

	[ ! -e "$1" ] || return 0
	note "trying KVM with kernel $RELEASE (once; at most $KVM_LIMIT s) ..."
	(
		exec_tool qemu-system-x86_64 "${QEMU_MACHINE[@]}" \
			-accel kvm -cpu host -m 1G -smp 2 -serial "file:$log" \
			-kernel "$KERNEL/vmlinuz" -initrd "$KERNEL/initrd" \
			-append 'console=ttyS0 quiet rdinit=/init panic=-1 panic_on_warn=1 oops=panic pairfuse-vm.probe'
	) </dev/null >"$log.qemu" 2>&1 &
	pid=$!
	while [ $tries -lt $((KVM_LIMIT * 10)) ] && kill -0 $pid 2>/dev/null &&
		! grep -q '^KVM internal error' "$log.qemu"; do
		tries=$((tries + 1))
		sleep 0.1
	done
	kill -KILL $pid 2>/dev/null
	wait $pid 2>/dev/null
	if grep -q 'initramfs: alive' "$log"; then
		echo works >"$1"
	else
		echo fails >"$1"
	fi
	note "KVM $(cat "$1") here with kernel $RELEASE (log: $log)"
}
