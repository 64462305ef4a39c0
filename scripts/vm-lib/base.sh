# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154
#
# The base: a Debian 13 tree made by debootstrap. $BASE/root is the tree, in
# which the project and the host's tools are built and kept; $BASE/base.img is
# the guest's read-only lowest layer, packed before the host's tools came in.

MIRROR=${PAIRFUSE_MIRROR:-http://deb.debian.org/debian}
SECURITY_MIRROR=${PAIRFUSE_SECURITY_MIRROR:-http://deb.debian.org/debian-security}

base_key()
{
	cat "$VMD/packages" "$VMD/base.sh" | hash_of
}

packages()
{
	sed -n "s/^$1 //p" "$VMD/packages"
}

ensure_base()
{
	BASE=$VM/base-$(base_key)
	if [ ! -e "$BASE/ok" ]; then
		need_root 'the Debian 13 root'
		with_lock "$VM/lock.base" build_base
	fi
}

build_base()
{
	local final=$BASE

	[ ! -e "$BASE/ok" ] || return 0
	command -v debootstrap >/dev/null ||
		die "debootstrap: not installed: run 'scripts/deps vm'"
	forget_bases
	BASE=$final.tmp
	mkdir -p "$BASE"
	step_log=$BASE/log
	note "building the Debian 13 root in $final (once; about 3 minutes)"
	step 'base: debootstrap' debootstrap --variant=minbase \
		trixie "$BASE/root" "$MIRROR"
	configure_root "$BASE/root"
	step 'base: apt-get update' in_root "$BASE/root" apt-get update
	step 'base: packages' install_packages guest
	step 'base: image' pack_base
	step 'base: QEMU' install_packages host
	step 'base: scratch disk' make_scratch
	mv "$BASE" "$final"
	BASE=$final
	: >"$BASE/ok"
}

install_packages()
{
	# shellcheck disable=SC2046
	in_root "$BASE/root" apt-get install -y $(packages "$1") &&
		in_root "$BASE/root" apt-get clean
}

configure_root()
{
	local root=$1 key

	cat >"$root/etc/apt/sources.list" <<-EOF
		deb $MIRROR trixie main non-free
		deb $MIRROR trixie-updates main
		deb $SECURITY_MIRROR trixie-security main
		deb $MIRROR trixie-backports main
	EOF
	{
		echo 'APT::Install-Recommends "false";'
		echo 'APT::Sandbox::User "root";'
		echo 'Acquire::Languages "none";'
		echo 'Acquire::Retries "3";'
		# A host with a skewed clock has said so to its own apt.
		for key in Acquire::Check-Valid-Until Acquire::Check-Date \
			Acquire::http::Proxy; do
			apt-config dump --format '%f "%v";%n' "$key" || true
		done
	} >"$root/etc/apt/apt.conf.d/90pairfuse" 2>/dev/null
	printf 'path-exclude=/usr/share/%s/*\n' doc man locale info lintian \
		>"$root/etc/dpkg/dpkg.cfg.d/pairfuse"
	printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
	chmod 755 "$root/usr/sbin/policy-rc.d"
	echo vm >"$root/etc/hostname"
	printf '127.0.0.1\tlocalhost vm\n::1\tlocalhost\n' >"$root/etc/hosts"
	ln -sf /proc/self/mounts "$root/etc/mtab"
	mkdir -p "$root/scratch" "$root/share"
}

# The package lists stay out of the image.
pack_base()
{
	mv "$BASE/root/var/lib/apt/lists" "$BASE/lists" &&
		pack_tree "$BASE/root" "$BASE/base.img" &&
		mv "$BASE/lists" "$BASE/root/var/lib/apt/lists"
}

# What every run gets a copy of. Initialised in full, so that no kernel thread
# does it while something is measured.
make_scratch()
{
	truncate -s 1G "$BASE/scratch.img" &&
		MKE2FS_CONFIG=$BASE/root/etc/mke2fs.conf host_tool mke2fs -q -t ext4 -m 0 \
		-E lazy_itable_init=0,lazy_journal_init=0,nodiscard "$BASE/scratch.img"
}

# Remove what failed half-way, and bases nobody has used for two weeks.
forget_bases()
{
	remove "$VM"/base-*.tmp
	find "$VM" -mindepth 1 -maxdepth 1 -name 'base-*' ! -path "$BASE" \
		-mtime +14 -exec rm -rf --one-file-system {} +
}
