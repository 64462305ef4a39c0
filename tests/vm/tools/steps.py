#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""steps.py FUNCTION FIFO: a tool that does more with its pair than keeping it.

Attaches an entry and an exit program to FUNCTION and says `ready`. Then for each
line of FIFO (the name of a step) it does that and says `NAME CALLS`: how many calls
were counted until then.
"""
import os
import sys
import threading

from bcc import BPF

PROGRAM = r'''
BPF_HASH(start, u32, u64);
BPF_ARRAY(calls, u64, 1);

int on_entry(struct pt_regs *ctx)
{
	u32 tid = bpf_get_current_pid_tgid();
	u64 ts = bpf_ktime_get_ns();

	start.update(&tid, &ts);
	return 0;
}

int on_return(struct pt_regs *ctx)
{
	u32 tid = bpf_get_current_pid_tgid();
	u64 *ts = start.lookup(&tid);

	if (!ts)
		return 0;
	calls.increment(0);
	start.delete(&tid);
	return 0;
}
'''


def attach():
    bpf.attach_kprobe(event=sys.argv[1], fn_name='on_entry')
    bpf.attach_kretprobe(event=sys.argv[1], fn_name='on_return')


def detach():
    bpf.detach_kprobe(event=sys.argv[1])
    bpf.detach_kretprobe(event=sys.argv[1])


def step_nothing():
    pass


def step_end():
    pass


def step_copies():
    """Of every fd, which go again."""
    copies = []
    for fd in map(int, os.listdir('/proc/self/fd')):
        try:
            copies.append(os.dup(fd))
        except OSError:
            pass        # that of the directory
    for fd in copies:
        os.close(fd)


def step_daemon():
    """The parent goes, the child goes on."""
    if os.fork():
        os._exit(0)


def step_touch():
    """Reads the map between entry and exit."""
    list(bpf['start'].items())


def step_again():
    detach()
    attach()


bpf = BPF(text=PROGRAM)
thread = threading.Thread(target=attach)
thread.start()
thread.join()
print('ready', flush=True)
with open(sys.argv[2], encoding='ascii') as fifo:
    for line in fifo:
        globals()['step_' + line.strip()]()
        print(line.strip(), bpf['calls'][0].value, flush=True)
