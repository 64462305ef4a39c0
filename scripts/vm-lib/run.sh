# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# One run: a directory of FIFOs and files, QEMU, and the exit status.
#
#   out, err   FIFO   the command's output       <- port 1, 2
#   ctl.in/out FIFO   `start`, `exit N` / `size` <-> port 3
#   klog       file   the kernel log at the end  <- port 4
#   console    file   what the kernel printed on its console (a panic)

BOOT_LIMIT=180

run_vm()
{
	mkdir -p "$VM/run"
	RUN=$(mktemp -d "$VM/run/XXXXXX")
	qemu='' helpers=()
	trap cleanup EXIT
	trap 'exit 129' HUP
	trap 'exit 130' INT
	trap 'exit 143' TERM

	make_run_files
	start_share
	start_qemu
	follow
}

cleanup()
{
	local pid

	trap '' HUP INT TERM
	for pid in $qemu "${helpers[@]}"; do
		kill -KILL "$pid" 2>/dev/null
	done
	wait 2>/dev/null
	[ -z "$tty_state" ] || stty "$tty_state" <&0
	rm -rf "$RUN"
}

# The command and the guest's part of the scripts travel in a second cpio
# archive behind the initramfs.
make_run_files()
{
	local vm=$RUN/cpio/vm

	mkfifo "$RUN/out" "$RUN/err" "$RUN/ctl.in" "$RUN/ctl.out"
	: >"$RUN/console"
	: >"$RUN/klog"
	mkdir -p "$vm"
	install -m 755 "$VMD/guest-init" "$vm/init"
	: >"$vm/words"
	[ "${#words[@]}" = 0 ] || printf '%s\0' "${words[@]}" >"$vm/words"
	printf 'export TERM=%q\n' "${TERM:-dumb}" >"$vm/environment"
	[ -z "$share" ] || : >"$vm/share"
	[ -z "$PAYLOAD" ] || : >"$vm/payload"
	{
		cat "$KERNEL/initrd"
		cd "$RUN/cpio" && find . | host_tool cpio --quiet -o -H newc -R 0:0
	} >"$RUN/initrd"
	[ -e "$BASE/scratch.img" ] || with_lock "$BASE/lock.scratch" make_scratch
	cp --sparse=always "$BASE/scratch.img" "$RUN/scratch"
	[ -n "$PAYLOAD" ] || truncate -s 1M "$RUN/empty"
}

# Initialised in full, so that no kernel thread does it while something is measured.
make_scratch()
{
	[ ! -e "$BASE/scratch.img" ] || return 0
	rm -f "$BASE/scratch.tmp"
	truncate -s 1G "$BASE/scratch.tmp"
	MKE2FS_CONFIG=$BASE/root/etc/mke2fs.conf host_tool mke2fs -q -t ext4 -m 0 \
		-E lazy_itable_init=0,lazy_journal_init=0,nodiscard \
		"$BASE/scratch.tmp" || die 'mke2fs: the scratch disk could not be made'
	mv "$BASE/scratch.tmp" "$BASE/scratch.img"
}

start_share()
{
	local tries=0

	[ -n "$share" ] || return 0
	(
		cd "$RUN" || exit
		exec_tool virtiofsd --socket-path fs.sock --shared-dir "$share" \
			--sandbox none --cache auto --log-level error
	) </dev/null >"$RUN/virtiofsd.log" 2>&1 &
	helpers+=($!)
	while [ ! -S "$RUN/fs.sock" ]; do
		tries=$((tries + 1))
		if [ $tries -gt 100 ] || ! kill -0 "${helpers[-1]}" 2>/dev/null; then
			cat "$RUN/virtiofsd.log" >&2
			die "--share $share: virtiofsd did not start"
		fi
		sleep 0.05
	done
}

# Die with this script, even when it is killed by SIGKILL.
exec_tool()
{
	local path
	path=$(host_tool_path "$1")
	shift
	exec setpriv --pdeathsig KILL "$BASE/root/lib64/ld-linux-x86-64.so.2" \
		--library-path "$BASE/root/usr/lib/x86_64-linux-gnu" "$path" "$@"
}

start_qemu()
{
	local accel append drive n=0 args

	accel=(-accel 'tcg,thread=multi' -cpu max)
	if [ -n "$icount" ]; then
		smp=1
		accel=(-accel 'tcg' -cpu max -icount 'shift=0,sleep=off')
	elif kvm_works; then
		accel=(-accel kvm -cpu host)
	fi
	append="console=ttyS0 quiet rdinit=/init panic_on_warn=1 panic=-1 oops=panic"
	append+=" panic_print=0x20 log_buf_len=4M tsc=reliable clocksource=tsc"
	append+=" random.trust_cpu=on${icount:+ nokaslr}"
	args=(
		-L "$BASE/root/usr/share/qemu" -L "$BASE/root/usr/share/seabios"
		-M q35 "${accel[@]}" -m "$mem" -smp "$smp" -nodefaults -no-user-config
		-display none -no-reboot
		-kernel "$KERNEL/vmlinuz" -initrd "$RUN/initrd" -append "$append"
		-chardev "file,id=console,path=$RUN/console" -serial chardev:console
		-device virtio-serial-pci
		-chardev "file,id=out,path=$RUN/out" -device virtserialport,chardev=out,nr=1
		-chardev "file,id=err,path=$RUN/err" -device virtserialport,chardev=err,nr=2
		-chardev "pipe,id=ctl,path=$RUN/ctl" -device virtserialport,chardev=ctl,nr=3
		-chardev "file,id=klog,path=$RUN/klog" -device virtserialport,chardev=klog,nr=4
	)
	for drive in "$BASE/base.img,readonly=on" "$KERNEL/layer.img,readonly=on" \
		"${PAYLOAD:-$RUN/empty},readonly=on" "$RUN/scratch,cache=unsafe"; do
		args+=(-drive "if=none,id=d$n,format=raw,file=$drive" -device "virtio-blk-pci,drive=d$n")
		n=$((n + 1))
	done
	if [ -n "$share" ]; then
		args+=(-object "memory-backend-memfd,id=mem,size=$mem,share=on"
			-machine memory-backend=mem
			-chardev "socket,id=fs,path=fs.sock"
			-device vhost-user-fs-pci,chardev=fs,tag=share)
	fi
	cat "$RUN/out" &
	helpers+=($!)
	cats=$!
	cat "$RUN/err" >&2 &
	helpers+=($!)
	cats="$cats $!"
	exec 8<>"$RUN/ctl.out" 7<>"$RUN/ctl.in"
	(
		cd "$RUN" || exit
		exec_tool qemu-system-x86_64 "${args[@]}"
	) </dev/null >"$RUN/qemu.log" 2>&1 7>&- 8>&- &
	qemu=$!
}

kvm_works()
{
	false
}

# Wait for the guest's word, the end of QEMU, or the end of the time.
follow()
{
	local line deadline=$((SECONDS + BOOT_LIMIT)) started='' status='' why=''

	while :; do
		if read -r -t 1 line <&8; then
			case $line in
			start)
				started=1
				deadline=$((SECONDS + timeout))
				;;
			'exit '*)
				status=${line#exit }
				break
				;;
			esac
		elif ! kill -0 "$qemu" 2>/dev/null; then
			why='the kernel panicked'
			break
		elif [ $SECONDS -ge "$deadline" ] && { [ -z "$started" ] || [ "$timeout" != 0 ]; }; then
			why="nothing after $timeout s: the kernel or the command hung"
			break
		fi
	done
	kill -KILL "$qemu" 2>/dev/null
	wait "$qemu" 2>/dev/null
	# shellcheck disable=SC2086
	wait $cats
	if [ -z "$started" ]; then
		cat "$RUN/qemu.log" "$RUN/console" >&2
		die "kernel $kernel: did not come up"
	fi
	[ -n "$why" ] || why=$(complaint "$RUN/klog") || why=''
	if [ -n "$why" ]; then
		report_kernel "$why"
		exit 99
	fi
	exit "$status"
}

# complaint FILE: the first line of a kernel log that says something is wrong.
complaint()
{
	sed '1,/pairfuse-vm: the command starts/d' "$1" | grep -m 1 -E \
		'BUG:|WARNING:|Oops|Call Trace:|general protection|Kernel panic|soft lockup|hard LOCKUP|rcu.*(stall|self-detected)|blocked for more than|scheduling while atomic|\[ cut here \]|unregister_netdevice: waiting'
}

report_kernel()
{
	{
		cat "$RUN/klog" "$RUN/console"
		say "kernel $RELEASE: $1 (its log is above)"
	} >&2
}
