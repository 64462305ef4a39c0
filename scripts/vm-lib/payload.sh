# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154
#
# The payload: this checkout, built in the build root and packed as the
# guest's topmost read-only layer, one image per kernel and state of the
# sources. The build tree, $BASE/root/b/ID (ID: where the checkout is), stays,
# so that a small change is a small build:
#
#   src       a copy of the sources; only what changed is copied again, so
#             that time stamps say when the content changed here
#   manifest  mode, hash and name of each file in src
#   user      O= of the programs and BPF objects
#   RELEASE   O= of the modules, one directory per kernel
#   dest      what the image is made of
#
# A build.mk takes part by defining tests-vm, bench-vm (built with `all`),
# install-tests, install-bench (installed with `install`), kmod-tests, kmod-bench
# (built with `kmod`): every $(O)/*.ko goes to /lib/modules/RELEASE/extra.

# With PAIRFUSE_VM_KEEP_GOING=1, what does not build is left out.
KEEP_GOING=${PAIRFUSE_VM_KEEP_GOING:-}

PAYLOAD_SOURCES=(Makefile Kbuild include kmod bpf loader tests bench scripts/build.mk)

# ensure_payload NAME: set PAYLOAD; KERNEL and RELEASE are those of kernel NAME.
ensure_payload()
{
	local types

	ensure_kernel "$(default_kernel)"
	types=/usr/src/linux-headers-$RELEASE/vmlinux
	ensure_kernel "$1"
	PAYLOAD=$(payload_image "$1" "$TOP")
	if [ ! -e "$PAYLOAD" ]; then
		need_root 'the project for the VM'
		BUILD=/b/$(printf '%s' "$TOP" | hash_of)
		with_lock "$BASE/lock.payload-${BUILD##*/}" build_payload "$1" "$types"
		PAYLOAD=$(cat "$BASE/root$BUILD/image-$1")
	fi
	touch "$PAYLOAD" "$BASE"
}

# manifest DIR: a line `MODE HASH NAME` for each source file in DIR.
manifest()
{
	local files modes

	cd "$1" || return 1
	files=$(find "${PAYLOAD_SOURCES[@]}" -type f ! -name '*.swp' ! -name '*~' | LC_ALL=C sort)
	modes=$(tr '\n' '\0' <<<"$files" | xargs -0 stat -c %a)
	paste -d ' ' <(echo "$modes") <(tr '\n' '\0' <<<"$files" | xargs -0 sha256sum)
}

payload_image()
{
	local key

	key=$({ (manifest "$2") 2>/dev/null; cat "$VMD/payload.sh"; kernel_key "$1"; echo "$KEEP_GOING"; } | hash_of)
	echo "$BASE/payload-$1-$key.img"
}

build_payload()
{
	local name=$1 types=$2 tree=$BASE/root$BUILD began=$SECONDS snapshot image
	local keep_going_failed=''

	mkdir -p "$tree"
	step_log=$tree/log
	: >"$step_log"
	# Someone may be editing: what is built is a snapshot, and so is its key.
	snapshot=$tree/snapshot
	rm -rf "$snapshot"
	take_snapshot "$snapshot" || die "$TOP: the sources could not be copied"
	image=$(payload_image "$name" "$snapshot")
	if [ ! -e "$image" ]; then
		update_copy "$snapshot" "$tree"
		note "building the project for $RELEASE ..."
		make_payload "$types" >"$step_log" 2>&1 || {
			cat "$step_log" >&2
			die "the project does not build for $RELEASE (its output is above; --no-project boots without it)"
		}
		if [ -n "$keep_going_failed" ]; then
			cat "$step_log" >&2
			say 'going on with what could be built (PAIRFUSE_VM_KEEP_GOING)'
		fi
		pack_tree "$tree/dest" "$image.tmp" >&2 ||
			die "$image: could not be made"
		mv "$image.tmp" "$image"
		note "building the project for $RELEASE: done, $((SECONDS - began)) s"
	fi
	echo "$image" >"$tree/image-$name"
	rm -rf "$snapshot"
	find "$BASE" -maxdepth 1 -name 'payload-*' -mtime +2 -delete
}

# A status of 1 only says that a file changed or went meanwhile.
take_snapshot()
{
	mkdir "$1" || return 1
	(
		tar -C "$TOP" -c "${PAYLOAD_SOURCES[@]}" 2>/dev/null
		[ $? -le 1 ]
	) | tar -C "$1" -x
}

# Bring the copy to the state of the snapshot.
update_copy()
{
	local snapshot=$1 tree=$2 name

	mkdir -p "$tree/src"
	: >>"$tree/manifest"
	(manifest "$snapshot") >"$tree/manifest.new"
	comm -13 <(cut -d ' ' -f 4- "$tree/manifest.new" | LC_ALL=C sort) \
		<(cut -d ' ' -f 4- "$tree/manifest" | LC_ALL=C sort) |
		while read -r name; do
			rm -f "$tree/src/$name"
		done
	grep -vxFf "$tree/manifest" "$tree/manifest.new" | cut -d ' ' -f 4- |
		while read -r name; do
			mkdir -p "$tree/src/$(dirname "$name")"
			cp "$snapshot/$name" "$tree/src/$name"
		done
	mv "$tree/manifest.new" "$tree/manifest"
}

# targets NAME...: those NAMEs that are targets of the project's make.
targets()
{
	local name database

	database=$(in_root "$BASE/root" make -C "$BUILD/src" -npq 2>/dev/null |
		awk '/^[a-z-]+:/ && !absent { print $1 } { absent = /^# Not a target:/ }')
	for name in "$@"; do
		grep -xF "$name:" <<<"$database" | tr -d :
	done
}

make_payload()
{
	local types=$1 flags make user module

	flags=("-j$(nproc)" ${KEEP_GOING:+-k})
	make=(make -C "$BUILD/src" "${flags[@]}")
	user=(O="$BUILD/user" VMLINUX="$types")
	module=(O="$BUILD/$RELEASE" KDIR="/lib/modules/$RELEASE/build")

	# shellcheck disable=SC2046
	{
		in_root "$BASE/root" "${make[@]}" "${user[@]}" \
			all $(targets tests-vm bench-vm) || ignore_failure
	} && rm -rf "$BASE/root$BUILD/dest" && {
		in_root "$BASE/root" "${make[@]}" ${KEEP_GOING:+-i} "${user[@]}" \
			DESTDIR="$BUILD/dest" PREFIX=/usr \
			install $(targets install-tests install-bench) || ignore_failure
	} && {
		in_root "$BASE/root" "${make[@]}" "${module[@]}" \
			kmod $(targets kmod-tests kmod-bench) || ignore_failure
	} && install_modules
}

ignore_failure()
{
	[ -n "$KEEP_GOING" ] && keep_going_failed=1
}

# depmod sees the new modules where they will be in the guest, and writes its
# tables into the payload.
install_modules()
{
	local extra=/lib/modules/$RELEASE/extra

	# shellcheck disable=SC2016
	mkdir -p "$BASE/root$BUILD/dest/usr$extra" "$BASE/root$extra" &&
		{
			cp "$BASE/root$BUILD/$RELEASE"/*.ko "$BASE/root$BUILD/dest/usr$extra/" ||
				ignore_failure
		} &&
		in_root "$BASE/root" sh -c '
			mount --bind "$1/usr$2" "$2" && depmod -o "$1/usr" "$3"' \
			depmod "$BUILD/dest" "$extra" "$RELEASE"
}
