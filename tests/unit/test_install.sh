#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# test_install.sh O: what is installed below DESTDIR, that uninstalling leaves nothing of
# it, that dkms.conf and kernel.h speak of the same kernels, and what check-style says
# where there is no git. O holds the programs; the kernel's build tree is a false one.
#
# Ends with `N passed, N failed`.
set -u
# Of the make that runs this: O, SANITIZE, a jobserver.
unset MAKEFLAGS MAKEOVERRIDES MAKELEVEL MFLAGS DESTDIR PREFIX KREL
cd "$(dirname "$(readlink -f "$0")")/../.." || exit
built=$1
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
passed=0 failed=0
readonly RELEASE=6.12.1-false

result()
{
	if [ "$2" = "$3" ]; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		printf 'FAIL: %s\nhave: %s\nwant: %s\n' "$1" "$2" "$3"
	fi
}

# project ARG...: what make says, with DESTDIR, but for what it is doing
project()
{
	make -s DESTDIR="$dir/dest" KDIR="$dir/tree" "$@" 2>&1 </dev/null |
		grep -v '^  [A-Z]* '
}

# What is in DESTDIR, but for the BPF objects.
installed()
{
	(cd "$dir/dest" && find . -mindepth 1 ! -type d ! -name '*.bpf.o' | LC_ALL=C sort)
}

# left NAME: nothing is, no directory either
left()
{
	result "$1: what is left" "$(find "$dir/dest" -mindepth 1)" ''
}

# A kernel's build tree that compiles and installs by touching files.
false_tree()
{
	local options='X86_64 DYNAMIC_FTRACE_WITH_DIRECT_CALLS DYNAMIC_FTRACE_WITH_ARGS
		HAVE_STATIC_CALL_INLINE BPF_JIT DEBUG_INFO_BTF TASKS_RCU'

	mkdir -p "$dir/tree/include/config" "$dir/tree/include/generated"
	echo "$RELEASE" >"$dir/tree/include/config/kernel.release"
	echo "CONFIG_MODULE_SIG_KEY=$1" >"$dir/tree/include/config/auto.conf"
	# shellcheck disable=SC2086
	printf '#define CONFIG_%s 1\n' $options >"$dir/tree/include/generated/autoconf.h"
	version_header 6 12
	cat >"$dir/tree/Makefile" <<-'MAKEFILE'
		DEST = $(INSTALL_MOD_PATH)/lib/modules/$(shell cat include/config/kernel.release)
		modules:; @touch $(M)/pairfuse.ko
		modules_install: copy sign depmod
		copy:; @install -D $(M)/pairfuse.ko $(DEST)/$(INSTALL_MOD_DIR)/pairfuse.ko.xz
		sign:; @echo "sign: $(origin CONFIG_MODULE_SIG_ALL)" >&2
		depmod:; @echo "Warning: modules_install: missing 'System.map' file. Skipping depmod." >&2
	MAKEFILE
}

# version_header MAJOR MINOR
version_header()
{
	mkdir -p "$dir/tree/include/generated/uapi/linux"
	{
		echo "#define LINUX_VERSION_CODE $(($1 << 16 | $2 << 8))"
		echo '#define KERNEL_VERSION(a, b, c) (((a) << 16) + ((b) << 8) + (c))'
	} >"$dir/tree/include/generated/uapi/linux/version.h"
}

programs()
{
	mkdir "$dir/dest"
	result 'install' "$(project O="$built" PREFIX=/usr install)" ''
	result 'install: files' "$(installed)" "$(printf './usr/%s\n' bin/pairfuse \
		include/linux/pairfuse.h include/pairfuse/pairfuse.h \
		lib/libpairfuse.{a,so,so.0} lib/pairfuse/libpairfuse-preload.so \
		lib/pkgconfig/libpairfuse.pc share/bash-completion/completions/pairfuse \
		share/man/man8/pairfuse.8)"
	result 'pkg-config' \
		"$(PKG_CONFIG_PATH=$dir/dest/usr/lib/pkgconfig pkg-config --modversion \
			--print-requires-private libpairfuse 2>&1 | tr '\n' ' ')" \
		"$("$built/pairfuse" --version | sed -n '1s/pairfuse \([^,]*\).*/\1/p') libbpf libelf zlib "
	result 'uninstall' "$(project O="$built" PREFIX=/usr uninstall)" ''
	left 'uninstall'
	result 'uninstall of nothing' "$(project O="$built" PREFIX=/usr uninstall)" ''
}

module()
{
	false_tree no/such.pem
	result 'kmod' "$(project O="$dir/out" kmod)" ''
	result 'kmod: modules' "$(cd "$dir/out" && echo ./*.ko)" './pairfuse.ko'
	result 'install-kmod, no key' "$(project O="$dir/out" install-kmod)" 'sign: command line'
	result 'install-kmod: files' "$(installed)" "./lib/modules/$RELEASE/updates/pairfuse.ko.xz"
	result 'uninstall-kmod' "$(project O="$dir/out" uninstall-kmod)" ''
	left 'uninstall-kmod'
	false_tree Makefile
	result 'install-kmod, a key' "$(project O="$dir/out" install-kmod)" 'sign: undefined'
	rm "$dir/tree/include/config/kernel.release"
	result 'uninstall-kmod: of which kernel?' \
		"$(project O="$dir/out" uninstall-kmod | sed 1q)" \
		"kmod: $dir/tree: has no include/config/kernel.release: pass KDIR=DIR, or KREL=RELEASE"
	result 'uninstall-kmod: KREL' "$(project O="$dir/out" KREL=$RELEASE uninstall-kmod)" ''
	left 'uninstall-kmod'
}

dkms()
{
	local conf

	result 'dkms-install' "$(project dkms-install)" ''
	conf=$(echo "$dir"/dest/usr/src/pairfuse-*/dkms.conf)
	result 'dkms-install: version' "$(
		# shellcheck disable=SC1090,SC2154
		kernel_source_dir='' dkms_tree='' && . "$conf" && echo "pairfuse-$PACKAGE_VERSION")" \
		"$(basename "$(dirname "$conf")")"
	result 'dkms-install: sources' \
		"$(cd "$(dirname "$conf")" && find . -type f ! -name dkms.conf | LC_ALL=C sort)" \
		"$(LC_ALL=C ls ./Kbuild ./include/uapi/linux/pairfuse.h ./kmod/*.[chS] ./kmod/Kbuild |
			LC_ALL=C sort)"
	cp "$conf" "$dir/dkms.conf"
	result 'dkms-uninstall' "$(project dkms-uninstall)" ''
	left 'dkms-uninstall'
}

# accepted_by_header MAJOR MINOR
accepted_by_header()
{
	version_header "$@"
	make -s KDIR="$dir/tree" kmod-supported >/dev/null 2>&1 || return 1
}

# Releases as distributions name them.
kernels()
{
	local kernel release wrong=''

	# shellcheck disable=SC2034
	local kernel_source_dir='' dkms_tree='' BUILD_EXCLUSIVE_KERNEL='' BUILD_EXCLUSIVE_CONFIG=''
	# shellcheck disable=SC1091
	. "$dir/dkms.conf"
	for kernel in '5 15' '6 1' '6 2' '6 11' '6 12' '6 13' '6 19' '6 20' '7 0' '7 3' '7 4' \
		'7 10' '7 30' '8 0' '16 12' '61 2'; do
		# shellcheck disable=SC2086
		accepted_by_header $kernel
		set -- $?
		for release in "${kernel/ /.}"{.0,-rc1,.117+deb13-cloud-amd64,-arch1-1}; do
			[[ $release =~ $BUILD_EXCLUSIVE_KERNEL ]]
			[ $? = "$1" ] || wrong+=" $release"
		done
	done
	result 'dkms.conf: kernels' "$wrong" ''
	result 'dkms.conf: options' \
		"$(for option in $BUILD_EXCLUSIVE_CONFIG "CONFIG_${BUILD_EXCLUSIVE_ARCH^^}"; do
			echo "$option"
		done | LC_ALL=C sort)" \
		"$(sed -n 's/^#ifdef /!/p; s/^#ifndef \(CONFIG_\)/\1/p' kmod/kernel.h | LC_ALL=C sort)"
}

no_git()
{
	mkdir -p "$dir/tarball"
	cp -r scripts Makefile "$dir/tarball"
	result 'check-style without git' \
		"$(GIT_CEILING_DIRECTORIES=$dir timeout 20 "$dir/tarball/scripts/check-style" 2>&1 </dev/null)" \
		'check-style: git knows no files here: it needs a clone, not a tarball'
}

programs
module
dkms
kernels
no_git
echo "$passed passed, $failed failed"
[ $failed = 0 ]
