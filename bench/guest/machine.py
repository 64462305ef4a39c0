# SPDX-License-Identifier: GPL-2.0
"""Where a benchmark runs: what goes into its JSON, and processes kept on one CPU."""
import glob
import os
import subprocess


def read(path):
    try:
        with open(path) as f:
            return f.read().strip()
    except OSError:
        return ''


def describe():
    """Times mean nothing without these."""
    cpu = [line.split(':', 1)[1].strip() for line in read('/proc/cpuinfo').splitlines()
           if line.startswith('model name')]
    return {
        'kernel': os.uname().release,
        'cpu': cpu[0] if cpu else 'unknown',
        'cpus': len(cpu),
        'clocksource': read('/sys/devices/system/clocksource/clocksource0/current_clocksource'),
        'mitigations': {os.path.basename(p): read(p)
                        for p in glob.glob('/sys/devices/system/cpu/vulnerabilities/*')},
    }


def last_cpu():
    """Interrupts are fewest there."""
    return max(os.sched_getaffinity(0))


def pinned(cmd, cpu, **options):
    """Start CMD on one CPU."""
    return subprocess.Popen(cmd, preexec_fn=lambda: os.sched_setaffinity(0, {cpu}), **options)


def load_modules(*names):
    for name in names:
        subprocess.run(['modprobe', name], check=True)


def knows(*command):
    """Is an option (the last word) in the help of a command?"""
    *words, option = command
    said = subprocess.run([*words, '--help'], stdout=subprocess.PIPE, text=True).stdout
    return option in said.replace('=', ' ').replace(',', ' ').split()
