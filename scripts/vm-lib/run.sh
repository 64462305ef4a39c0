# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2054,SC2154
#
# One run: a directory of FIFOs and files, QEMU, and the exit status.
#
#   out, err   FIFO   the command's output       <- port 1, 2
#   tty        the terminal, for a shell         <-> hvc0
#   mon.in     FIFO   QEMU's monitor
#   ctl.in/out FIFO   `start`, `exit N` / `size` <-> port 3
#   klog       file   the kernel log at the end  <- port 4
#   symbols    file   addresses of functions, for --ibt   <- port 5
#   ibt        file   what the IBT model has found
#   console    file   what the kernel printed on its console (a panic)

BOOT_LIMIT=180
# what `dmesg -x` puts in front of a line
LEVEL='^[a-z]\+ *:[a-z]\+ *: '
MARK='pairfuse-vm: the command starts'

run_vm()
{
	local where=$VM/run

	# Whoever has only been given the images has no right to write there.
	mkdir -p "$where" 2>/dev/null && [ -w "$where" ] || where=${TMPDIR:-/var/tmp}
	remove_stale "$where"/vm.??????
	RUN=$(mktemp -d "$where/vm.XXXXXX") ||
		die "$where: no directory can be made there; set TMPDIR"
	exec 3>"$RUN/lock"
	flock 3
	# What is compiled is compiled to check itself, which takes time.
	[ -z "$(source_files "$kernel")" ] || BOOT_LIMIT=900
	QEMU_MACHINE=(
		-L "$BASE/root/usr/share/qemu" -L "$BASE/root/usr/share/seabios"
		-M q35 -nodefaults -no-user-config -display none -no-reboot
	)
	qemu='' helpers=()
	trap cleanup EXIT
	trap 'exit 129' HUP
	trap 'exit 130' INT
	trap 'exit 143' TERM
	trap tell_size WINCH

	make_run_files
	start_share
	start_qemu
	follow
}

# Directories of runs that were killed: nobody holds their lock any more. One that has
# just been made may not be locked yet, by who starts at the same time as we do.
remove_stale()
{
	local dir

	for dir; do
		if [ -w "$dir/lock" ] && [ -n "$(find "$dir/lock" -mmin +1)" ] &&
		   flock -n "$dir/lock" true; then
			rm -rf "$dir"
		fi
	done
}

cleanup()
{
	local pid

	trap '' HUP INT TERM
	for pid in $qemu "${helpers[@]}"; do
		kill -KILL "$pid" 2>/dev/null
	done
	wait 2>/dev/null
	[ -z "$tty_state" ] || stty "$tty_state"
	rm -rf "$RUN"
}

# The command and the guest's part of the scripts travel in a second cpio
# archive behind the initramfs.
make_run_files()
{
	local vm=$RUN/cpio/vm

	mkfifo "$RUN/out" "$RUN/err" "$RUN/ctl.in" "$RUN/ctl.out" \
		"$RUN/mon.in" "$RUN/mon.out"
	: >"$RUN/console"
	: >"$RUN/klog"
	: >"$RUN/symbols"
	mkdir -p "$vm"
	install -m 755 "$VMD/guest-init" "$vm/init"
	: >"$vm/words"
	[ "${#words[@]}" = 0 ] || printf '%s\0' "${words[@]}" >"$vm/words"
	printf 'export TERM=%q\n' "${TERM:-dumb}" >"$vm/environment"
	[ -z "$share" ] || : >"$vm/share"
	[ -z "$ibt" ] || cp "$IBT/bpf-names" "$vm/"
	[ -z "$PAYLOAD" ] || : >"$vm/payload"
	{
		cat "$KERNEL/initrd"
		cd "$RUN/cpio" && find . | host_tool cpio --quiet -o -H newc -R 0:0
	} >"$RUN/initrd"
	cp --sparse=always "$BASE/scratch.img" "$RUN/scratch"
	[ -n "$PAYLOAD" ] || truncate -s 1M "$RUN/empty"
}

start_share()
{
	local tries=0

	[ -n "$share" ] || return 0
	(
		cd "$RUN" || exit
		exec_tool virtiofsd --socket-path fs.sock --shared-dir "$share" \
			--sandbox none --cache auto --log-level error
	) </dev/null >"$RUN/virtiofsd.log" 2>&1 3>&- &
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

	accel=(-accel "tcg,thread=${PAIRFUSE_VM_TCG:-multi}" -cpu "${cpu:-max}")
	if [ -n "$icount" ]; then
		smp=1
		accel=(-accel 'tcg' -cpu "${cpu:-max}" -icount 'shift=0,sleep=off')
	elif [ -n "$ibt" ] && [ "${PAIRFUSE_VM_TCG:-}" = single ]; then
		# The plugin would not be told which CPU it is.
		smp=1
	elif [ -z "$cpu$ibt" ] && kvm_works; then
		accel=(-accel kvm -cpu host)
	fi
	append="console=ttyS0 quiet rdinit=/init panic_on_warn=1 panic=-1 oops=panic"
	append+=" panic_print=0xe0 log_buf_len=4M tsc=reliable clocksource=tsc"
	append+=" rcupdate.rcu_cpu_stall_timeout=120 workqueue.watchdog_thresh=120"
	append+=" random.trust_cpu=on${icount:+ nokaslr}"
	if [ -n "$ibt" ]; then
		# CPUs with IBT need no retpolines, in which indirect calls are returns.
		append+=" pairfuse.ibt=1 spectre_v2=off"
		accel+=(-plugin "$IBT/ibt.so,out=$RUN/ibt")
	fi
	append+=${extra:+ $extra}
	args=(
		"${QEMU_MACHINE[@]}" "${accel[@]}" -m "$mem" -smp "$smp"
		-chardev "pipe,id=mon,path=$RUN/mon" -mon chardev=mon,mode=readline
		-kernel "$KERNEL/vmlinuz" -initrd "$RUN/initrd" -append "$append"
		-chardev "file,id=console,path=$RUN/console" -serial chardev:console
		-device virtio-serial-pci
		-chardev "file,id=out,path=$RUN/out" -device virtserialport,chardev=out,nr=1
		-chardev "file,id=err,path=$RUN/err" -device virtserialport,chardev=err,nr=2
		-chardev "pipe,id=ctl,path=$RUN/ctl" -device virtserialport,chardev=ctl,nr=3
		-chardev "file,id=klog,path=$RUN/klog" -device virtserialport,chardev=klog,nr=4
		-chardev "file,id=symbols,path=$RUN/symbols" -device virtserialport,chardev=symbols,nr=5
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
	if [ -n "$tty_state" ]; then
		args+=(-chardev stdio,id=tty,signal=off -device virtconsole,chardev=tty,nr=0)
	fi
	cat "$RUN/out" 3>&- &
	helpers+=($!)
	cats=$!
	cat "$RUN/err" >&2 3>&- &
	helpers+=($!)
	cats="$cats $!"
	if [ -n "$tty_state" ]; then
		exec 5<&0 4>&1
	else
		exec 5</dev/null 4>"$RUN/qemu.out"
	fi
	exec 8<>"$RUN/ctl.out" 7<>"$RUN/ctl.in" 6<>"$RUN/mon.in"
	(
		cd "$RUN" || exit
		exec_tool qemu-system-x86_64 "${args[@]}"
	) <&5 >&4 2>"$RUN/qemu.log" 3>&- 6>&- 7>&- 8>&- &
	qemu=$!
	exec 4>&- 5<&-
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
				tell_size
				;;
			'exit '*)
				status=${line#exit }
				ask_for_symbols
				break
				;;
			esac
		elif ! kill -0 "$qemu" 2>/dev/null; then
			# Its last word may have come since; it stays in the FIFO.
			while read -r -t 1 line <&8; do
				case $line in
				start) started=1 ;;
				'exit '*) status=${line#exit } ;;
				esac
			done
			[ -n "$status" ] || why='the kernel panicked'
			break
		elif [ $SECONDS -ge "$deadline" ] && { [ -z "$started" ] || [ "$timeout" != 0 ]; }; then
			why="not done after $timeout s: the command or the kernel hung; the panic is an NMI sent to find out where"
			[ -z "$started" ] || provoke_panic
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
	[ -n "$why" ] || why=$(complaint "$RUN/klog" | sed "s/$LEVEL//")
	[ -z "$why" ] || report_kernel "$why"
	if report_ibt || [ -n "$why" ]; then
		exit 99
	fi
	exit "$status"
}

tell_size()
{
	[ -z "$tty_state" ] || echo "size $(stty size </dev/tty)" >&7
}

# Have a guest that hangs say where: an NMI makes it panic, with the backtraces
# of all CPUs and of the tasks that are blocked.
provoke_panic()
{
	local tries=0

	echo nmi >&6
	while kill -0 "$qemu" 2>/dev/null && [ $tries -lt 100 ]; do
		tries=$((tries + 1))
		sleep 0.1
	done
}

# complaint FILE: the first line of a kernel log that says something is wrong.
# Lines are as `dmesg -x` prints them; what programs write there does not count, nor
# do the stacks of tasks that somebody asked for (SysRq) and of those who ran out of
# memory. Other lists of tasks come with one of the words below.
complaint()
{
	sed "1,/$MARK/d" "$1" | grep '^kern ' | awk '
		/invoked oom-killer|task:.* state:/ { announced = 1 }
		/Call Trace:/ && announced { announced = 0; next }
		{ print }' | grep -m 1 -E \
		'BUG:|WARNING:|Oops|Call Trace:|general protection|Kernel panic|soft lockup|hard LOCKUP|rcu.*(stall|self-detected)|blocked for more than|scheduling while atomic|\[ cut here \]|unregister_netdevice: waiting'
}

# Print the log from the command's start on (a panic prints all of it again at
# the end, which is why the last such line counts), or whatever there is.
report_kernel()
{
	local log=$RUN/log last=$VM/last-kernel-log

	cat "$RUN/console" "$RUN/klog" | tr -d '\r\0' |
		sed "s/$LEVEL//" >"$log"
	if grep -q "$MARK" "$log"; then
		tac "$log" | sed "/$MARK/q" | tac
	else
		cat "$log"
	fi >&2
	say "kernel $RELEASE: $1 (its log is above)"
	if mv -f "$log" "$last" 2>/dev/null; then
		say "the log from boot on: $last"
	fi
}
