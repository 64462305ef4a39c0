# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154
#
# A kernel: $KERNEL/ has vmlinuz, initrd, release (the version string) and
# layer.img, a read-only layer over the base with its modules and headers. The
# same files are hard-linked into the build root, where the module is built.
# They come from Debian's packages, or from source.sh.

kernel_names()
{
	sed -n 's/^\([0-9a-z][^[:space:]*]*\)\*\?[[:space:]].*/\1/p' "$VMD/kernels"
}

starred_kernels()
{
	sed -n 's/^\([0-9a-z][^[:space:]*]*\)\*[[:space:]].*/\1/p' "$VMD/kernels"
}

kernel_line()
{
	sed -n "s/^${1//./\\.}\*\?[[:space:]]\+/$1 /p" "$VMD/kernels"
}

default_kernel()
{
	kernel_names | sed -n 1p
}

kernel_key()
{
	{
		kernel_line "$1"
		cat "$VMD/kernel.sh" "$VMD/initramfs-init"
		source_files "$1"
	} | hash_of
}

# What a compiled kernel is made from besides; nothing for others.
source_files()
{
	if [[ $(kernel_line "$1") = *' linux-source-'* ]]; then
		cat "$VMD/source.sh" "$VMD/machine.config" "$VMD/$1.config"
	fi
}

# ensure_kernel NAME: set KERNEL and RELEASE.
ensure_kernel()
{
	[ -n "$(kernel_line "$1")" ] ||
		usage_error "kernel '$1': not known: have $(kernel_names | tr '\n' ' ')"
	KERNEL=$BASE/kernel-$1-$(kernel_key "$1")
	if [ ! -e "$KERNEL/ok" ]; then
		need_root "the image for kernel $1"
		# Not under the lock: it takes long.
		[ -z "$(source_files "$1")" ] || ensure_compiled "$1"
		with_lock "$BASE/lock.kernel" build_kernel "$1"
	fi
	RELEASE=$(cat "$KERNEL/release")
}

build_kernel()
{
	local name=$1 final=$KERNEL pattern suite

	[ ! -e "$KERNEL/ok" ] || return 0
	read -r _ pattern suite <<<"$(kernel_line "$name")"
	remove "$BASE/kernel-$name"-*.tmp
	find "$BASE" -mindepth 1 -maxdepth 1 -name 'kernel-*' -mtime +14 -exec rm -rf {} +
	KERNEL=$final.tmp
	mkdir -p "$KERNEL"
	step_log=$KERNEL/log
	if [[ $pattern = linux-source-* ]]; then
		take_compiled
	else
		take_package "$name" "$pattern" "$suite"
	fi
	echo "$RELEASE" >"$KERNEL/release"
	step "kernel $name: install" install_kernel
	step "kernel $name: initramfs" make_initramfs
	step "kernel $name: image" pack_kernel
	mv "$KERNEL" "$final"
	KERNEL=$final
	: >"$KERNEL/ok"
}

# Set RELEASE and fill $KERNEL/tree.
take_package()
{
	local name=$1 pattern=$2 suite=$3 image

	apt_source "$suite"
	step "kernel $name: apt-get update" in_root "$BASE/root" apt-get update
	image=$(newest_image "$pattern")
	[ -n "$image" ] ||
		die "kernel $name: Debian's $suite has no package $pattern with headers any more: edit scripts/vm-lib/kernels"
	RELEASE=${image#linux-image-}
	step "kernel $name: fetch $image" fetch_kernel "$image" "$suite"
}

# Kernels of another Debian release come from a source of their own that
# nothing else is taken from.
apt_source()
{
	local list=$BASE/root/etc/apt/sources.list.d/kernel.list

	rm -f "$list"
	case $1 in
	trixie*) ;;
	*)
		printf 'deb %s %s main\n' "$MIRROR" "$1" \
			"$SECURITY_MIRROR" "$1-security" >"$list"
		;;
	esac
}

newest_image()
{
	local all image

	all=$(in_root "$BASE/root" apt-cache pkgnames linux-)
	grep -xE "$1" <<<"$all" | sort -rV | while read -r image; do
		if grep -qxF "linux-headers-${image#linux-image-}" <<<"$all"; then
			echo "$image"
			break
		fi
	done
}

# Unpack, without installing, the image, the headers and what else of the
# kernel they depend on; all other dependencies are in the base.
fetch_kernel()
{
	local image=$1 suite=$2 debs=$BASE/root/kernel-debs deb tree=$KERNEL/tree
	local from=()

	# Nothing comes from backports unless asked for.
	[[ $suite != *-backports ]] || from=(-t "$suite")
	rm -rf "$debs"
	mkdir -p "$debs/partial" "$tree"
	in_root "$BASE/root" apt-get install -y --download-only "${from[@]}" \
		-o Dir::Cache::archives=/kernel-debs \
		"$image" "linux-headers-${image#linux-image-}" || return 1
	for deb in "$debs"/linux-*.deb; do
		case ${deb##*/} in
		linux-base_*|linux-libc-dev_*|linux-*-dbg_*) continue ;;
		esac
		in_root "$BASE/root" dpkg-deb --fsys-tarfile "/kernel-debs/${deb##*/}" |
			tar -x -C "$tree" || return 1
	done
	rm -rf "$debs" "${tree:?}/usr/share"
	if [ -d "$tree/lib" ]; then
		mkdir -p "$tree/usr/lib"
		cp -al "$tree/lib/." "$tree/usr/lib/" || return 1
		rm -rf "${tree:?}/lib"
	fi
	[ -d "$tree/usr/src/linux-headers-$RELEASE" ]
}

install_kernel()
{
	local tree=$KERNEL/tree

	if [ -e "$tree/usr/lib/modules/$RELEASE/vmlinuz" ]; then
		ln "$tree/usr/lib/modules/$RELEASE/vmlinuz" "$KERNEL/vmlinuz"
	else
		ln "$tree/boot/vmlinuz-$RELEASE" "$KERNEL/vmlinuz"
	fi || return 1
	mkdir -p "$tree/boot"
	cp -alf "$tree/usr" "$tree/boot" "$BASE/root/" &&
		in_root "$BASE/root" depmod "$RELEASE"
}

# busybox, our own init, and the modules that the root is mounted with.
make_initramfs()
{
	local dir=$BASE/root/initramfs module

	rm -rf "$dir"
	mkdir -p "$dir/bin" "$dir/modules" "$dir/dev" "$dir/proc" "$dir/sys" "$dir/new"
	cp "$BASE/root/usr/bin/busybox" "$dir/bin/" || return 1
	ln -s busybox "$dir/bin/sh"
	install -m 755 "$VMD/initramfs-init" "$dir/init"
	for module in virtio_pci virtio_blk virtio_console ext4 overlay virtiofs; do
		in_root "$BASE/root" modprobe -S "$RELEASE" --show-depends "$module"
	done | sed -n 's/^insmod \([^ ]*\).*/\1/p' | awk '!seen[$0]++' >"$dir/list"
	while read -r module; do
		module_copy "$BASE/root$module" "$dir/modules" || return 1
	done <"$dir/list"
	sed -i 's,.*/,,; s/\.[xgz][zs]t\?d\?$//' "$dir/list"
	in_root "$BASE/root" sh -c \
		'cd /initramfs && find . | cpio --quiet -o -H newc -R 0:0' \
		>"$KERNEL/initrd" || return 1
	rm -rf "$dir"
}

module_copy()
{
	case $1 in
	*.xz) in_root "$BASE/root" xz -dc "${1#"$BASE/root"}" >"$2/$(basename "$1" .xz)" ;;
	*.zst) in_root "$BASE/root" zstd -qdc "${1#"$BASE/root"}" >"$2/$(basename "$1" .zst)" ;;
	*.gz) gzip -dc "$1" >"$2/$(basename "$1" .gz)" ;;
	*) cp "$1" "$2/" ;;
	esac
}

# The layer is seen through the base's /lib -> usr/lib.
pack_kernel()
{
	cp -f "$BASE/root/usr/lib/modules/$RELEASE"/modules.* \
		"$KERNEL/tree/usr/lib/modules/$RELEASE/"
	pack_tree "$KERNEL/tree" "$KERNEL/layer.img"
	rm -rf "$KERNEL/tree"
}
