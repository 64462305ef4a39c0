# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154,SC2034,SC2016
# mount, umount, failing ones.

load_start
both one '^COMM' mountsnoop-libbpf -p "$load_pid"
both all SIGINT mountsnoop-libbpf -d
all_ready
load mount
load last mount
seen "$cpus" '/last' one all
stop
fused one 2
fused all 2
same one
same_errors one
counted one "$n" 'mount("none", "/scratch", "tmpfs", .*= 0'
counted one "$n" 'mount("none", "/nowhere", .*ENOENT'
counted one "$n" 'umount("/scratch".*= 0'
counted one "$n" 'umount("/nowhere".*ENOENT'
