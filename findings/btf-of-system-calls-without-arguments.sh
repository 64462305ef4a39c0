#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Which functions of system calls can be traced by name (fentry)?
#
# One would guess: __x64_sys_NAME for each of them. That is the function that the kernel's
# table leads to, all are global and are called alike, and ftrace lists them all.
#
# Linux 6.12 as Debian 13 builds it (linux-headers-6.12.*-cloud-amd64 has its BTF; the
# newest there is, so the version is printed, not pinned): those that take arguments.
# Of one without arguments only __do_sys_NAME is in BTF, which has a static body and no
# parameter for the registers: getpid, sync, fork, sched_yield ... A tool that makes
# the name from the system call's finds nothing to attach to, for these only. (The
# exception has both: what a name is an alias of depends on the compiler.)
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"

# Debian 13 from wherever this machine gets its own release from.
mkdir -p lists/partial cache/partial
cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null |
	sed 's/bookworm/trixie/g; s/-proposed-updates//' >all
if grep -q '^Types:' all; then
	mv all trixie.sources
else
	mv all trixie.list
fi
apt=(apt-get -qq -o APT::Sandbox::User=root -o Dir::State::lists="$dir/lists"
	-o Dir::Cache="$dir/cache" -o Dir::Etc::sourceparts=/nonexistent
	-o Dir::Etc::sourcelist="$(echo "$dir"/trixie.*)")
"${apt[@]}" update
headers=$(apt-cache "${apt[@]:2}" pkgnames linux-headers-6.12 |
	grep -x 'linux-headers-6\.12\.[0-9]*+deb13-cloud-amd64' | sort -V | tail -n 1)
"${apt[@]}" download "$headers" bpftool libbpf1 >/dev/null
for deb in *.deb; do
	dpkg-deb -x "$deb" root
done
echo "$headers"

bpftool=$(command -v bpftool || echo /usr/sbin/bpftool)
"$bpftool" btf dump file root/usr/src/"$headers"/vmlinux |
	grep -oE "FUNC '__(x64|do)_sys_[a-z0-9_]+'" | sort -u >functions
for name in getsid close read getpid sync fork sched_yield munlockall; do
	printf '%s:' "$name"
	for prefix in x64 "do"; do
		! grep -qx "FUNC '__${prefix}_sys_$name'" functions || printf ' __%s_sys' "$prefix"
	done
	echo
done | tee seen

diff seen - <<'SEEN'
getsid: __x64_sys
close: __x64_sys
read: __x64_sys
getpid: __do_sys
sync: __do_sys
fork: __do_sys
sched_yield: __do_sys
munlockall: __x64_sys __do_sys
SEEN
