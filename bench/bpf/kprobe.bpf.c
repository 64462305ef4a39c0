// SPDX-License-Identifier: GPL-2.0
/*
 * The pair on kprobe and kretprobe.
 */
#include "pair_hash.bpf.h"

SEC("kprobe/__x64_sys_getpgid")
int BPF_KPROBE(kprobe_entry)
{
	return enter();
}

SEC("kretprobe/__x64_sys_getpgid")
int BPF_KRETPROBE(kprobe_exit)
{
	return leave();
}

char LICENSE[] SEC("license") = "GPL";
