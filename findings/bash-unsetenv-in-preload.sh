#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A preloaded library takes a variable out of the environment before main(), with unsetenv().
#
# One would guess: the program does not have it, whichever program that is; the library
# was loaded into it and unsetenv() is libc's.
#
# bash 5.2.15-2+b13 (Debian 12): still has it, and hands it to what it starts. It exports
# getenv(), putenv(), setenv() and unsetenv() of its own, which work on shell
# variables, and the dynamic linker lets a program's symbols win over libc's in libraries
# too. In a constructor there are no shell variables yet, so the call does nothing; main() then
# makes them of the untouched environment. dash 0.5.12-2, mksh 59c-28+deb12u1
# and busybox 1.35.0 export no such thing, and the variable is gone.
#
# What a library can do: look unsetenv() up in libc (dlsym(RTLD_NEXT)), or edit
# environ itself.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"

apt-get -o APT::Sandbox::User=root download -qq bash=5.2.15-2+b13 dash=0.5.12-2 mksh=59c-28+deb12u1 \
	busybox=1:1.35.0-4+deb12u1+b1 >/dev/null
for deb in *.deb; do
	dpkg-deb -x "$deb" root
done

cat >preload.c <<'C'
#include <stdlib.h>

__attribute__((constructor)) static void start(void)
{
	unsetenv("SECRET");
}
C
cc -shared -fPIC -o preload.so preload.c

shells=(root/bin/bash root/bin/dash root/bin/mksh 'root/bin/busybox sh')
for shell in "${shells[@]}"; do
	# shellcheck disable=SC2016,SC2086
	printf '%s: %s\n' "${shell#root/bin/}" \
		"$(SECRET=there LD_PRELOAD=$dir/preload.so $shell -c 'echo "${SECRET-gone}"')"
done | tee seen

diff seen - <<'SEEN'
bash: there
dash: gone
mksh: gone
busybox sh: gone
SEEN
