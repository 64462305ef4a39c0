# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Messages, steps, locks and keys: what all the parts of scripts/vm use. Shared
# variables are declared in scripts/vm.
# shellcheck disable=SC2034,SC2154

say()
{
	printf 'vm: %s\n' "$*" >&2
}

# Progress. During `run`, standard error is the command's alone, so only a
# person at a terminal sees these.
note()
{
	if [ -n "$progress" ] || [ -t 2 ]; then
		say "$*"
	fi
}

# The VM could not start: exit status 98 is reserved for this.
die()
{
	say "$*"
	exit 98
}

usage_error()
{
	say "$*; see 'scripts/vm --help'"
	exit 2
}

# step TEXT CMD...: run a building step with its output in $step_log, and say
# what it is and how long it took; on failure show the end of the log.
step()
{
	local text=$1 began=$SECONDS
	shift

	note "$text ..."
	if ! "$@" >>"$step_log" 2>&1; then
		tail -n 30 "$step_log" >&2
		die "$text: failed (the whole log: $step_log)"
	fi
	note "$text: done, $((SECONDS - began)) s"
}

# hash_of TEXT-OR-FILES: 12 hexadecimal digits for a cache key, from standard input.
hash_of()
{
	sha256sum | cut -c 1-12
}

# with_lock FILE CMD...: one at a time, in any number of checkouts that share
# the cache. CMD runs in a subshell that holds the lock.
with_lock()
{
	local file=$1
	shift

	mkdir -p "$(dirname "$file")"
	(
		if ! flock -n 9; then
			note "waiting for another build (${file##*/})"
			flock 9
		fi
		"$@"
	) 9>"$file" || exit $?
}

need_root()
{
	[ "$(id -u)" = 0 ] ||
		die "$1 must be built: needs root once (debootstrap, chroot): run 'sudo scripts/vm build'"
}

# in_root ROOT CMD...: run CMD in the build root, with /proc mounted (objtool
# reads it), in a mount namespace of its own, so that nothing stays mounted when
# it is killed; unmounted nevertheless, for where a namespace is not private.
in_root()
{
	local root=$1
	shift

	# shellcheck disable=SC2016
	unshare --mount --propagation "$(propagation)" -- sh -c '
		mount -t proc proc "$0/proc" || exit 1
		chroot "$0" "$@"
		status=$?
		umount -l "$0/proc"
		exit $status' "$root" \
		env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin \
		HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive \
		${http_proxy:+http_proxy="$http_proxy"} "$@"
}

# remove DIR...: never into a file system mounted below, should one be left.
remove()
{
	rm -rf --one-file-system -- "$@"
}

# In a chroot, / is no mount point and its propagation cannot be set.
propagation()
{
	if unshare --mount --propagation private true 2>/dev/null; then
		echo private
	elif unshare --mount --propagation unchanged true 2>/dev/null; then
		echo unchanged
	else
		die 'unshare: mount namespaces not permitted here: needs CAP_SYS_ADMIN (a container must be privileged)'
	fi
}

# host_tool NAME ARG...: run a program of the build root on the host, with the
# root's own libraries. So every host runs the same QEMU and mke2fs, and needs
# none installed.
host_tool()
{
	local name=$1
	shift
	"$BASE/root/lib64/ld-linux-x86-64.so.2" \
		--library-path "$BASE/root/usr/lib/x86_64-linux-gnu" \
		"$(host_tool_path "$name")" "$@"
}

host_tool_path()
{
	local dir

	for dir in usr/bin usr/sbin usr/libexec; do
		if [ -x "$BASE/root/$dir/$1" ]; then
			echo "$BASE/root/$dir/$1"
			return
		fi
	done
	die "$1: not in $BASE/root: remove that directory and try again"
}

# pack_tree TREE IMAGE: an ext4 image with what is in TREE and little room else;
# it is only ever mounted read-only, so it needs no journal.
pack_tree()
{
	local blocks inodes

	blocks=$(du -s --block-size=4096 "$1" | cut -f 1)
	inodes=$(find "$1" | wc -l)
	rm -f "$2"
	MKE2FS_CONFIG=$BASE/root/etc/mke2fs.conf host_tool mke2fs -q -t ext4 -b 4096 -m 0 \
		-N $((inodes + 1024)) -O ^has_journal,^resize_inode \
		-d "$1" "$2" $((blocks + blocks / 8 + inodes / 8 + 8192))
}
