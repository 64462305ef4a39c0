#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The command line without root and without a kernel module: every message of
# wrong usage word for word, exit statuses, JSON that parses, and whether
# --help, the man page and the completion agree.
#
#	tests/unit/test_cli.sh BUILD-DIRECTORY
#
# Ends with `N passed, N failed`.

build=${1:-build}
pairfuse=$build/pairfuse
obj=$build/tests/unit/session.bpf.o
man=loader/man/pairfuse.8
completion=loader/completion/pairfuse
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
passed=0
failed=0

result() { # STATUS NAME
	if [ "$1" = 0 ]; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "FAIL: $2"
	fi
}

# expect NAME STATUS STDERR COMMAND...: status and standard error are exactly these
expect() {
	name=$1 status=$2 want=$3
	shift 3
	"$@" >"$dir/out" 2>"$dir/err" </dev/null
	got=$?
	if [ $got = "$status" ] && [ "$(cat "$dir/err")" = "$want" ]; then
		result 0 "$name"
	else
		result 1 "$name"
		printf 'status %s, expected %s; standard error:\n%s\nexpected:\n%s\n' \
			"$got" "$status" "$(cat "$dir/err")" "$want"
	fi
}

# out NAME PATTERN: the last standard output has a line that matches
out() {
	grep -q -e "$2" "$dir/out"
	result $? "$1"
}

see() {
	printf '%s\nSee '\''pairfuse %s --help'\''.' "$2" "$1"
}

# --- wrong usage ---

expect 'no such verb' 2 \
	"pairfuse: no verb 'frob': need load, run, explain, list or doctor; see 'pairfuse --help'" \
	"$pairfuse" frob
expect 'no object' 2 "$(see load 'pairfuse: load: OBJ is missing')" "$pairfuse" load
expect 'two objects' 2 "$(see load "pairfuse: load: 'b': one argument too many")" \
	"$pairfuse" load a b
expect 'no tool' 2 "$(see run 'pairfuse: run: no TOOL given')" "$pairfuse" run
expect 'argument to list' 2 "$(see list "pairfuse: list: 'x': one argument too many")" \
	"$pairfuse" list x
expect 'unknown option' 2 "$(see load "pairfuse: load: no option '--frob', or it takes no argument")" \
	"$pairfuse" load --frob x
expect 'unknown letter' 2 "$(see load "pairfuse: load: no option '-Z'")" "$pairfuse" load -Z x
expect 'unknown letter before another' 2 "$(see load "pairfuse: load: no option '-Z'")" \
	"$pairfuse" load --json -Zv x
expect 'argument to --verbose' 2 \
	"$(see load "pairfuse: load: no option '--verbose=3', or it takes no argument")" \
	"$pairfuse" load --verbose=3 x
expect 'option before the verb' 2 \
	"pairfuse: '-v': options go behind the verb; see 'pairfuse --help'" "$pairfuse" -v list
expect 'help on no verb' 2 \
	"pairfuse: no verb 'frob': need load, run, explain, list or doctor; see 'pairfuse --help'" \
	"$pairfuse" help frob
expect 'two formats' 2 "$(see doctor 'pairfuse: doctor: --json and --report exclude each other')" \
	"$pairfuse" doctor --json --report
expect 'missing argument' 2 "$(see load "pairfuse: load: option '--fs' needs an argument")" \
	"$pairfuse" load x --fs
expect 'argument too many' 2 \
	"$(see load "pairfuse: load: no option '--json=1', or it takes no argument")" \
	"$pairfuse" load x --json=1
expect 'hook' 2 "$(see load "pairfuse: load: --hook: have 'x', need shared|direct")" \
	"$pairfuse" load x --hook x
expect 'engine' 2 "$(see load "pairfuse: load: --engine: have '', need fused|split")" \
	"$pairfuse" load x --engine ''
expect 'no tool' 2 "$(see run 'pairfuse: run: no TOOL given')" \
	"$pairfuse" run --
expect 'hook of run' 2 "$(see run "pairfuse: run: --hook: have 'x', need shared|direct")" \
	"$pairfuse" run --hook x true
for bad in 0 -1 1.5 1s '' ' 1' 99999999999999999999; do
	expect "interval '$bad'" 2 \
		"$(see load "pairfuse: load: --interval: have '$bad', need a whole number of seconds, 1 or more")" \
		"$pairfuse" load x --interval "$bad"
done
expect 'duration' 2 \
	"$(see load "pairfuse: load: --duration: have '-1', need a whole number of seconds, 0 or more")" \
	"$pairfuse" load x --duration -1
for bad in x =x x=; do
	expect "target '$bad'" 2 \
		"$(see explain "pairfuse: explain: --target: have '$bad', need PROG=FUNC")" \
		"$pairfuse" explain x --target "$bad"
done
for bad in x =x; do
	expect "set '$bad'" 2 \
		"$(see explain "pairfuse: explain: --set: have '$bad', need VAR=VALUE")" \
		"$pairfuse" explain x --set "$bad"
done
expect 'no verb' 2 "$("$pairfuse" --help)" "$pairfuse"

# --- objects ---

expect 'no such file' 1 'pairfuse: /nonexistent: No such file or directory' \
	"$pairfuse" explain /nonexistent
echo 'int x;' >"$dir/text.o"
expect 'no ELF file' 1 \
	"pairfuse: $dir/text.o: not a BPF object: no ELF file; need what 'clang -target bpf -g' writes" \
	"$pairfuse" explain "$dir/text.o"
: >"$dir/empty.o"
expect 'empty file' 1 \
	"pairfuse: $dir/empty.o: not a BPF object: no ELF file; need what 'clang -target bpf -g' writes" \
	"$pairfuse" load "$dir/empty.o"
expect 'another machine' 1 \
	"pairfuse: $pairfuse: not a BPF object: ELF file for machine 62 without one (machine 247) inside: need what 'clang -target bpf -g' writes, or a tool that carries it" \
	"$pairfuse" explain "$pairfuse"
expect 'unknown filesystem' 2 \
	"$(see explain "pairfuse: explain: --fs: have 'fat', need ext4, xfs, btrfs, f2fs, nfs")" \
	"$pairfuse" explain "$obj" --fs fat
expect 'no filesystem' 2 \
	"$(see explain "pairfuse: explain: --fs: have '', need ext4, xfs, btrfs, f2fs, nfs")" \
	"$pairfuse" explain "$obj" --fs ''
known=$(sed -n '/^} filesystems/,/^};/s/^\t{ "\([a-z0-9]*\)".*/\1/p' loader/lib/target.c)
for fs in $known; do
	expect "filesystem $fs" 0 '' "$pairfuse" explain "$obj" --fs "$fs"
done
[ "$(echo $known)" = 'ext4 xfs btrfs f2fs nfs' ]
result $? 'filesystems of the library'
expect 'unknown program' 1 \
	"pairfuse: session.bpf.o: no program 'raed_entry': did you mean 'read_entry'?" \
	"$pairfuse" explain "$obj" --target raed_entry=f
expect 'value out of range' 1 \
	"pairfuse: session.bpf.o: option 'opt_u8' (__u8): '256' does not fit: need 0 to 255" \
	"$pairfuse" explain "$obj" --set opt_u8=256

expect 'no BTF of a kernel' 1 \
	"pairfuse: $dir/text.o: no BTF of a kernel can be read there: BPF object format invalid; need /sys/kernel/btf/vmlinux of that kernel, or its vmlinux" \
	"$pairfuse" explain "$obj" --btf "$dir/text.o"
expect 'no file with BTF' 1 \
	"pairfuse: /nonexistent: no BTF of a kernel can be read there: No such file or directory; need /sys/kernel/btf/vmlinux of that kernel, or its vmlinux" \
	"$pairfuse" explain "$obj" --btf /nonexistent
# the object's own has none of its functions' targets, but may stand for a kernel
expect 'BTF of another kernel' 0 '' "$pairfuse" explain "$obj" --fs ext4 --btf "$obj"
out 'BTF of another kernel' '^read_entry .* ext4_file_read_iter (not in this kernel) '

# --- what works without privilege ---

expect 'explain' 0 '' "$pairfuse" explain "$obj" --set opt_u32=0 --fs ext4
out 'explain: pair' '^ext4_file_read_iter: read_entry + read_exit$'
out 'explain: sum' '^pairfuse: [0-9]* of 3 pairs can be fused$'
# with -v it says what it does without, in a container for example
no_btf=''
[ -r /sys/kernel/btf/vmlinux ] ||
	no_btf='  /sys/kernel/btf/vmlinux: the kernel has no BTF that can be read (CONFIG_DEBUG_INFO_BTF)'
expect 'explain -v' 0 "$no_btf" "$pairfuse" explain -v "$obj"
expect 'explain --json' 0 '' "$pairfuse" explain "$obj" --json
if command -v python3 >/dev/null; then
	python3 -c 'import json, sys
d = json.load(open(sys.argv[1]))
assert d["schema"] == 1 and d["event"] == "explain", d
assert any(p["entry"] == "read_entry" and p["carrier"] == "starts" for p in d["pairs"]), d
' "$dir/out"
	result $? 'explain --json parses'
	"$pairfuse" doctor --json >"$dir/out" 2>/dev/null
	python3 -c 'import json, sys
d = json.load(open(sys.argv[1]))
assert d["schema"] == 1 and d["event"] == "doctor", d
assert {c["name"] for c in d["checks"]} >= {"kernel", "btf", "jit", "module"}, d
' "$dir/out"
	result $? 'doctor --json parses'
fi
"$pairfuse" doctor --report >"$dir/out" 2>/dev/null
for part in '^pairfuse [0-9.]*, libbpf ' '^Linux ' '^== checks$' '^kernel  *[a-zA-Z]* ' '^== kernel log$'; do
	grep -q "$part" "$dir/out"
	result $? "doctor --report has $part"
done
expect 'explain --self-check, placeholder' 0 '' "$pairfuse" explain --self-check "$obj"
out 'explain --self-check: placeholder' \
	"not fused: unchecked: the arguments of function 'dummy_file_read' are not known here"
if [ -r /sys/kernel/btf/vmlinux ]; then
	expect 'explain --self-check' 0 '' "$pairfuse" explain --self-check=50 \
		--target dummy_file_read=vfs_read "$obj"
	out 'explain --self-check: tried' '^  checked  50 calls, no difference; [1-9]'
fi
# unasked, it is said in verbose mode and in JSON; what cannot be tried stays fused
expect 'explain, self-check unasked' 0 '' "$pairfuse" explain "$obj"
! grep -q '^  checked' "$dir/out"
result $? 'explain: nothing of the self-check unasked'
expect 'explain -v, placeholder' 0 '' "$pairfuse" explain -v "$obj"
out 'explain -v: unchecked' \
	"^  checked  unchecked: the arguments of function 'dummy_file_read' are not known here"
expect 'explain --no-self-check' 0 '' "$pairfuse" explain -v --no-self-check "$obj"
! grep -q '^  checked' "$dir/out"
result $? 'explain --no-self-check: not tried'
expect 'explain --json, placeholder' 0 '' "$pairfuse" explain --json "$obj"
out 'explain --json: unchecked' '"checked": *"unchecked"'
expect 'explain --self-check=0' 2 \
	"$(see explain "pairfuse: explain: --self-check: have '0', need a number of calls, 1 to 1000000")" \
	"$pairfuse" explain --self-check=0 "$obj"
# hours, perhaps, in which `run` could not be interrupted
expect 'explain --self-check=1000001' 2 \
	"$(see explain "pairfuse: explain: --self-check: have '1000001', need a number of calls, 1 to 1000000")" \
	"$pairfuse" explain --self-check=1000001 "$obj"
# what is never fused, and what only needs a name
out_of='explain: placeholders are named'
expect 'explain --self-check: placeholders' 0 '' "$pairfuse" explain --self-check "$build/bpf/fsdist.bpf.o"
out "$out_of" '^pairfuse: 5 cannot be tried because their functions are placeholders: name them with --fs '
# a pinned map, with and without a place to pin it
expect 'explain: pinned map' 0 '' "$pairfuse" explain "$build/bpf/refuse/carrier-pinned.bpf.o"
out 'explain: pinned map' 'not fused: carrier-pinned: '
[ ! -e /sys/fs/bpf/starts ]
result $? 'explain pins nothing'
expect 'version' 0 '' "$pairfuse" --version
out 'version: number' '^pairfuse [0-9]'
if [ ! -e /dev/pairfuse ]; then
	expect 'list without module' 1 \
		"pairfuse: /dev/pairfuse: the kernel module is not loaded; try 'modprobe pairfuse', or ask 'pairfuse doctor'" \
		"$pairfuse" list
fi

# full COMMAND...: no room for the output
full() {
	"$@" >/dev/full 2>"$dir/err"
	[ $? = 1 ] && [ "$(cat "$dir/err")" = 'pairfuse: standard output: No space left on device' ]
	result $? "full disk: $*"
}

if [ -e /dev/full ]; then
	full "$pairfuse" explain "$obj"
	full "$pairfuse" explain --json "$obj"
	full "$pairfuse" doctor
	full "$pairfuse" doctor --json
	full "$pairfuse" --help
	full "$pairfuse" --version
	full "$pairfuse" run --help
fi
# a reader that has gone is no accident; the second pipe is one without reader
mkfifo "$dir/pipe"
exec 8<>"$dir/pipe" 9>"$dir/pipe" 8>&-
(trap '' PIPE; exec "$pairfuse" explain "$obj") >&9 2>"$dir/err"
[ $? = 1 ] && [ ! -s "$dir/err" ]
result $? 'reader has gone'

# --- run ---

# what it prints is nothing, what it ends with is 1
preload=$build/libpairfuse-preload.so

# interposed VERBOSE REQUIRE COMMAND...: as `run` starts it
interposed() {
	words=0:$1:1:0:0:0:0:$2:
	shift 2
	PAIRFUSE_RUN=$words LD_PRELOAD=$(readlink -f "$preload") "$@"
}

# follows NAME WRAPPER...: what it starts has the interposer, and shows nothing of it
follows() {
	name=$1
	shift
	[ "$(interposed 0 0 "$@" sh -c 'env; cat /proc/self/maps' 2>"$dir/err" </dev/null |
		sed -n 's/.* .*libpairfuse-preload.so$/in the child/p
			s/^\(PAIRFUSE_RUN\|LD_PRELOAD\)=.*libpairfuse.*/\1/p' |
		sort -u)" = 'in the child' ] && [ ! -s "$dir/err" ]
	result $? "run: follows $name"
}

if [ -e "$preload" ]; then
	interposed 1 0 /bin/false 2>"$dir/err"
	[ $? = 1 ] && [ "$(cat "$dir/err")" = \
		'pairfuse: false: nothing to fuse: it has attached no BPF program, or makes its system calls without libc' ]
	result $? 'run: nothing to fuse'
	interposed 1 0 /bin/false 2>&9
	[ $? = 1 ]
	result $? 'run -v: reader of standard error has gone'
	# closed by the tool before it ends: said all the same, and not into another file
	# shellcheck disable=SC2016
	interposed 1 0 bash -c 'exec 2>"$1"; exit 3' bash "$dir/other" 2>"$dir/err"
	[ $? = 3 ] && grep -q 'nothing to fuse' "$dir/err" && [ ! -s "$dir/other" ]
	result $? 'run -v: standard error replaced'
	[ -z "$(interposed 0 0 /bin/true 2>&1)" ]
	result $? 'run: silent about what traces nothing'
	interposed 0 1 /bin/true 2>"$dir/err"
	[ $? = 3 ] && grep -q 'nothing to fuse' "$dir/err"
	result $? 'run --require-fused: nothing to fuse'
	interposed 0 1 /bin/false 2>"$dir/err"
	result $(($? != 1)) 'run --require-fused: the failure of the tool'

	follows env env A=B
	follows 'env -i' env -i /usr/bin/env
	follows timeout timeout 100
	follows nice nice -n 1
	# shellcheck disable=SC2016
	follows 'a shell' sh -c '"$@"; true' sh
	# shellcheck disable=SC2016
	follows 'exec of a shell' bash -c 'exec "$@"' bash
	follows setsid setsid -w
	follows stdbuf stdbuf -oL
	follows 'python3 subprocess' python3 -c 'import subprocess, sys; subprocess.run(sys.argv[1:])'
	follows 'posix_spawn' python3 -c 'import os, sys
os.waitpid(os.posix_spawnp(sys.argv[1], sys.argv[1:], os.environ), 0)'
	follows 'several' sh -c "timeout 100 nice env A=B \"\$@\"; true" sh
	# what has loaded a program is the tool: what it starts is not followed, also if it
	# was forked before; 321, 5: bpf(BPF_PROG_LOAD), which may well fail
	for loads in 0 1; do
		interposed 0 0 python3 -c 'import ctypes, os, sys
r, w = os.pipe()
if not os.fork():
	os.read(r, 1)
	os.execvp("cat", ["cat", "/proc/self/maps"])
if sys.argv[1] == "1":
	ctypes.CDLL(None).syscall(321, 5, ctypes.create_string_buffer(128), 128)
os.write(w, b"x")
os.wait()' $loads >"$dir/out"
		grep -q preload "$dir/out"
		[ $? = $loads ]
		result $? "run: what a program starts that has loaded $loads programs"
	done
	# bash has an unsetenv() of its own
	for shell in sh bash; do
		[ "$(interposed 0 0 $shell -c 'set; $0 -c "env; true"' $shell |
			grep 'PRELOAD\|PAIRFUSE_RUN')" = '' ]
		result $? "run: environment of $shell"
	done
	[ "$(interposed 0 0 sh -c 'exit 7')" = '' ]
	result $? 'run: a shell alone'
	interposed 0 0 sh -c 'sh -c "exit 7"; exit $?'
	result $(($? != 7)) 'run: exit status through a shell'
	if [ "$(id -u)" = 0 ]; then
		mkdir "$dir/empty"
		interposed 0 0 chroot "$dir/empty" /true 2>"$dir/err"
		grep -q "^pairfuse: '/true': nothing of it will be fused: .* cannot be read where" "$dir/err"
		result $? 'run: a chroot without the interposer says so'
	fi
	echo 'int main(void) { return 0; }' >"$dir/t.c"
	if cc -static -o "$dir/static" "$dir/t.c" 2>/dev/null; then
		interposed 0 0 sh -c "$dir/static; true" 2>"$dir/err"
		[ "$(cat "$dir/err")" = "pairfuse: '$dir/static': nothing of it will be fused: it is linked statically" ]
		result $? 'run: a static program behind a shell'
	fi
	cat >>"$dir/t.c" <<-'END'
	__attribute__((section(".note.go.buildid"), aligned(4), used)) static const struct {
		int namesz, descsz, type; char name[4], desc[4];
	} note = { 4, 4, 4, "Go\0", "abc" };
	END
	cc -o "$dir/go" "$dir/t.c"
	interposed 0 0 sh -c "$dir/go; true" 2>"$dir/err"
	grep -q "it is a Go program: it makes its system calls without libc" "$dir/err"
	result $? 'run: a Go program behind a shell'
fi
exec 9>&-

nothing='pairfuse: run: nothing will be fused:'
see_programs="need CAP_SYS_ADMIN (to look at the tool's programs)"
if [ "$(id -u)" != 0 ]; then
	expect 'run as a user' 1 "$nothing $see_programs, have none" "$pairfuse" run -- false
elif setpriv --bounding-set -sys_admin true 2>/dev/null; then
	expect 'run without CAP_SYS_ADMIN' 1 "$nothing $see_programs, have CAP_BPF, CAP_PERFMON" \
		setpriv --bounding-set -sys_admin "$pairfuse" run -- false
	setpriv --bounding-set -sys_admin "$pairfuse" doctor >"$dir/out"
	out 'doctor without CAP_SYS_ADMIN' \
		"^permission *ok *uid 0, CAP_BPF, CAP_PERFMON; no CAP_SYS_ADMIN: 'pairfuse run' fuses nothing "
	setpriv --bounding-set -sys_admin,-perfmon "$pairfuse" doctor >"$dir/out"
	out 'doctor without CAP_PERFMON' '^permission *FAIL *uid 0, CAP_BPF '
	out 'doctor without CAP_PERFMON: remedy' '^remedy for permission: root has lost CAP_PERFMON: '
fi

# --- where privileges, /sys and /proc are not what they seem ---

if unshare -Ur true 2>/dev/null; then
	unshare -Ur "$pairfuse" doctor >"$dir/out"
	result $(($? != 1)) 'doctor in a user namespace: exit status'
	out 'doctor in a user namespace' '^permission *FAIL *uid 0 of a user namespace of its own '
	out 'doctor in a user namespace: remedy' '^remedy for permission: none in here: '
	expect 'run in a user namespace' 1 \
		"$nothing this is a user namespace of its own, whose privileges do not reach BPF tracing; start it outside" \
		unshare -Ur "$pairfuse" run -- false
fi
# without FILESYSTEM: what doctor says when it is not mounted
without() {
	unshare -m sh -c 'mount -t tmpfs tmpfs "$1" && exec "$2" doctor' sh "$1" \
		"$(readlink -f "$pairfuse")" >"$dir/out"
}

if unshare -m mount -t tmpfs tmpfs /sys 2>/dev/null; then
	without /sys
	out 'doctor without /sys' '^btf *FAIL *nothing is mounted at /sys '
	out 'doctor without /sys: remedy' '^remedy for btf: mount -t sysfs sysfs /sys$'
	without /proc
	out 'doctor without /proc' '^ftrace *unknown *nothing is mounted at /proc '
	out 'doctor without /proc: remedy' '^remedy for ftrace: mount -t proc proc /proc$'
	out 'doctor without /proc: privileges' '^permission *[a-zA-Z]* *uid 0, CAP_'
fi

# --- a kernel that is locked down, made up ---

# lockdown FILE MARK: what doctor says of it, with that module
lockdown() {
	unshare -m sh -c '
		mount -t tmpfs tmpfs /sys/kernel/security && mount -t tmpfs tmpfs /lib/modules &&
		cd /lib/modules && mkdir -p "$(uname -r)/updates" && cd "$(uname -r)" || exit
		echo "none [integrity] confidentiality" >/sys/kernel/security/lockdown
		: >modules.dep
		if [ "$1" ]; then
			echo "kernel/fs/ext4/ext4.ko: kernel/fs/jbd2/jbd2.ko" >modules.dep
			echo "updates/$1:" >>modules.dep
			printf "%64s%s\n" "" "$2" >"updates/$1"
		fi
		"$3" doctor' sh "$1" "$2" "$(readlink -f "$pairfuse")" >"$dir/out"
}

if [ ! -e /dev/pairfuse ] && unshare -m mount -t tmpfs tmpfs /sys/kernel/security 2>/dev/null &&
	unshare -m mount -t tmpfs tmpfs /lib/modules 2>/dev/null; then
	lockdown '' ''
	out 'lockdown: not installed' '^lockdown *FAIL *lockdown integrity, module not installed '
	out 'lockdown: remedy' '^remedy for lockdown: sign the module with a key '
	lockdown pairfuse.ko 'no mark'
	out 'lockdown: not signed' '^lockdown *FAIL *lockdown integrity, module not signed '
	lockdown pairfuse.ko '~Module signature appended~'
	out 'lockdown: signed' '^lockdown *unknown *lockdown integrity, module signed: is its key enrolled? '
	out 'lockdown: remedy' '^remedy for lockdown: sign the module with a key '
	lockdown pairfuse.ko.xz '~Module signature appended~'
	out 'lockdown: compressed' '^lockdown *unknown *lockdown integrity  '
fi

# --- --help, man page, completion ---

"$pairfuse" --help >"$dir/help"
verbs=$(sed -n '/^Verbs:/,/^$/s/^  \([a-z]*\) .*/\1/p' "$dir/help")
[ "$(echo $verbs)" = 'load run explain list doctor' ]
result $? 'verbs'

# The section of a verb in the man page, without font changes.
section() {
	sed -n "/^\.SS pairfuse $1 /,/^\.S[SH] /p" "$man" | sed 's/\\f.//g; s/\\-/-/g'
}

expect 'help' 0 '' "$pairfuse" help
cmp -s "$dir/out" "$dir/help"
result $? 'help: as --help'

for verb in $verbs; do
	expect "help $verb" 0 '' "$pairfuse" help "$verb"
	cp "$dir/out" "$dir/help"
	expect "$verb --help" 0 '' "$pairfuse" "$verb" --help
	cmp -s "$dir/out" "$dir/help"
	result $? "help $verb: as --help"
	options=$(sed -n 's/^  \(-[a-zA-Z], \|    \)--\([a-z-]*\).*/\2/p' "$dir/help" | sort)
	[ -n "$options" ]
	result $? "$verb: has options"

	# in the man page, with the same letter
	: >"$dir/missing"
	for o in $options; do
		letter=$(sed -n "s/^  -\([a-zA-Z]\), --$o\([ [].*\|\$\)/\1/p" "$dir/help")
		case $o in
		help|verbose) text=$(sed 's/\\f.//g; s/\\-/-/g' "$man") ;;
		*) text=$(section "$verb") ;;
		esac
		echo "$text" | grep -q "^\.BR -$letter \", \" --$o\( \|\$\)" ||
			echo "$o" >>"$dir/missing"
	done
	[ ! -s "$dir/missing" ]
	result $? "$verb: man page has all options: $(tr "\n" " " <"$dir/missing")"

	# and none that there are not
	extra=$(section "$verb" | sed -n 's/^\.BR -[a-zA-Z] ", " --\([a-z-]*\).*/\1/p' |
		while read -r o; do echo "$options" | grep -qx -e "$o" || echo "$o"; done)
	[ -z "$extra" ]
	result $? "$verb: man page has no other options: $extra"

	# completion, by running it
	words=$(bash -c '
		compopt() { :; }
		. "$1"
		COMP_WORDS=(pairfuse "$2" --)
		COMP_CWORD=2
		_pairfuse
		printf "%s\n" "${COMPREPLY[@]}"
	' bash "$completion" "$verb" | sed 's/^--//' | sort)
	[ "$words" = "$options" ]
	result $? "$verb: completion has the same options: $(echo $words) / $(echo $options)"
done

words=$(bash -c '
	. "$1"
	COMP_WORDS=(pairfuse "")
	COMP_CWORD=1
	_pairfuse
	printf "%s\n" "${COMPREPLY[@]}"
' bash "$completion" | grep -v '^--')
[ "$(echo $words)" = "$(echo $verbs)" ]
result $? 'completion has the verbs'

# the reasons, all that there are
sed -n 's/^.*PAIRFUSE_REASON([A-Z_]*, "\([a-z-]*\)".*/\1/p' loader/lib/reason.h >"$dir/reasons"
while read -r reason; do
	sed 's/\\-/-/g' "$man" | grep -qx -e ".B $reason" || echo "$reason"
done <"$dir/reasons" >"$dir/missing"
[ -s "$dir/reasons" ] && [ ! -s "$dir/missing" ]
result $? "man page has all reasons: $(tr "\n" " " <"$dir/missing")"

# the JSON members that the man page promises
"$pairfuse" explain "$obj" --json |
	grep -o '"[a-z_]*":' | tr -d '":' | sort -u |
	while read -r member; do
		grep -q -e "$member" "$man" || echo "$member"
	done >"$dir/missing"
[ ! -s "$dir/missing" ]
result $? "man page has all members: $(tr "\n" " " <"$dir/missing")"

echo "$passed passed, $failed failed"
[ $failed = 0 ]
