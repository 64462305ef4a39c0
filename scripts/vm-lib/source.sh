# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154
#
# A kernel compiled from Debian's sources with a configuration of ours, machine.config
# and NAME.config beside this file. That takes half an hour and more, so the result has a key
# of its own (configuration, package, this file) and survives whatever else makes
# an image be built again: $VM/linux-NAME-KEY/tree is what a Debian package of it
# would unpack, release its version string.
#
# The sources lie in the build root while they are compiled. After an interruption
# make goes on there; when all is done they are removed.

# What compiling a kernel needs beyond the base. Only the build root gets it.
SOURCE_TOOLS=(flex bison bc)

# ensure_compiled NAME: set COMPILED, of which take_compiled makes a kernel.
ensure_compiled()
{
	local package

	read -r _ package _ <<<"$(kernel_line "$1")"
	COMPILED=$VM/linux-$1-$({ echo "$package"; source_files "$1"; } | hash_of)
	[ -e "$COMPILED/ok" ] || with_lock "$VM/lock.linux-$1" compile_kernel "$1" "$package"
}

# Set RELEASE and fill $KERNEL/tree.
take_compiled()
{
	RELEASE=$(cat "$COMPILED/release")
	rm -rf "$KERNEL/tree"
	cp -al "$COMPILED/tree" "$KERNEL/tree"
}

compile_kernel()
{
	local name=$1 package=$2 inside work source release

	[ ! -e "$COMPILED/ok" ] || return 0
	inside=/compile/${COMPILED##*/}
	work=$BASE/root$inside
	source=$inside/source
	mkdir -p "$work" "$COMPILED"
	step_log=$COMPILED/log
	note "compiling kernel $name (once; half an hour or more; what is compiled stays when interrupted)"
	with_lock "$BASE/lock.kernel" fetch_source "$name" "$package" "$inside"
	step "kernel $name: configuration" configure_source "$name" "$source"
	compile_source "$name" "$source"
	release=$(in_root "$BASE/root" make -s -C "$source" kernelrelease) || exit
	step "kernel $name: modules and headers" \
		install_source "$source" "$inside/tree" "$release"
	remove "$COMPILED/tree"
	mv "$work/tree" "$COMPILED/tree"
	echo "$release" >"$COMPILED/release"
	: >"$COMPILED/ok"
	remove "$work"
}

# The package holds one archive.
fetch_source()
{
	local name=$1 package=$2 work=$BASE/root$3

	[ ! -e "$work/fetched" ] || return 0
	step "kernel $name: apt-get update" in_root "$BASE/root" apt-get update
	step "kernel $name: tools" in_root "$BASE/root" apt-get install -y "${SOURCE_TOOLS[@]}"
	# shellcheck disable=SC2016
	step "kernel $name: sources" in_root "$BASE/root" sh -c '
		cd "$1" && rm -rf ./* && apt-get download "$2" &&
			dpkg-deb -x "$2"_*.deb . && rm "$2"_*.deb &&
			mkdir source && tar -C source --strip-components=1 -xf "usr/src/$2.tar.xz" &&
			rm -rf usr && : >fetched' fetch "$3" "$package"
}

# A line that has no effect (a dependency is off, the option is gone) would make
# the kernel check less than this tree says.
configure_source()
{
	local config=$BASE/root$2/.config wanted=$BASE/root$2/pairfuse.config line status=0

	cat "$VMD/machine.config" "$VMD/$1.config" >"$wanted"
	# Each configuration is made once: make compares time stamps.
	if ! cmp -s "$wanted" "$wanted.done"; then
		in_root "$BASE/root" make -C "$2" KCONFIG_ALLCONFIG=pairfuse.config allnoconfig ||
			return 1
		cp "$wanted" "$wanted.done"
	fi
	while read -r line; do
		if ! grep -qxF "$line" "$config"; then
			echo "machine.config, $1.config: no effect: $line"
			status=1
		fi
	done < <(grep -E '^(CONFIG_|# CONFIG_)' "$wanted")
	return $status
}

# The one step that takes long tells each minute how far it is.
compile_source()
{
	local began=$SECONDS log=$COMPILED/compile.log teller status

	note "kernel $1: compile ..."
	: >"$log"
	tell_progress "$1" $BASHPID "$log" 9>&- &
	teller=$!
	in_root "$BASE/root" nice -n 10 make -C "$2" "-j$(nproc)" bzImage modules >"$log" 2>&1
	status=$?
	kill $teller 2>/dev/null
	if [ $status != 0 ]; then
		grep -B 5 -A 15 -m 1 -E 'error:|Error [0-9]' "$log" >&2
		die "kernel $1: compile: failed (the whole log: $log)"
	fi
	note "kernel $1: compile: done, $((SECONDS - began)) s"
}

# Until that process ends.
tell_progress()
{
	local began=$SECONDS

	while sleep 60 && kill -0 "$2" 2>/dev/null; do
		note "kernel $1: $(grep -cE '^  (CC|AS) ' "$3") files, $((SECONDS - began)) s"
	done
}

# As in Debian's packages; vmlinux only for its types, which those of modules
# refer to.
install_source()
{
	local source=$1 tree=$2 release=$3 headers

	headers=$tree/usr/src/linux-headers-$release
	remove "${BASE:?}/root$tree"
	mkdir -p "$BASE/root$tree/boot" "$BASE/root$headers"
	cp "$BASE/root$source/arch/x86/boot/bzImage" "$BASE/root$tree/boot/vmlinuz-$release" &&
		in_root "$BASE/root" make -C "$source" modules_install \
			INSTALL_MOD_STRIP=1 INSTALL_MOD_PATH="$tree/usr" DEPMOD=true &&
		in_root "$BASE/root" make -C "$source" run-command \
			KBUILD_RUN_COMMAND="\$(srctree)/scripts/package/install-extmod-build $headers" &&
		in_root "$BASE/root" strip -s -o "$headers/vmlinux" "$source/vmlinux" &&
		cp "$BASE/root$source/.config" "$BASE/root$headers/.config" &&
		ln -sfn "/usr/src/linux-headers-$release" \
			"$BASE/root$tree/usr/lib/modules/$release/build"
}
