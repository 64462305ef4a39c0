#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Random read and write throughput of IOzone on ext4 in the page cache, alone
and under fsdist, split and fused. Run in the guest, best under --icount."""
import json
import os
import re
import signal
import subprocess
import sys
import time

OBJ = '/usr/lib/pairfuse/fsdist.bpf.o'
ARMS = [
    ('nothing', None),
    ('split', ['--engine', 'split']),
    ('fused-shared', ['--hook', 'shared']),
    ('fused-direct', ['--hook', 'direct']),
    ('nothing-again', None),
]


def iozone():
    out = subprocess.run(['iozone', '-s', '16m', '-r', '4k', '-i', '0', '-i', '2',
                          '-f', '/scratch/iozone.tmp'],
                         check=True, stdout=subprocess.PIPE, text=True).stdout
    # kB reclen write rewrite random-read random-write
    m = re.search(r'^\s+16384\s+4\s+(\d+)\s+(\d+)\s+(\d+)\s+(\d+)\s*$', out, re.M)
    if not m:
        sys.exit('iozone said:\n' + out)
    return {'random_read': int(m.group(3)), 'random_write': int(m.group(4))}


def measure(arm, options):
    tool = None
    if options is not None:
        tool = subprocess.Popen(['pairfuse', 'load', '--json', *options, '--fs', 'ext4', OBJ],
                                stdout=subprocess.PIPE, text=True)
        for line in tool.stdout:
            if json.loads(line)['event'] == 'attached':
                break
    row = {'arm': arm, **iozone()}
    if tool:
        tool.send_signal(signal.SIGINT)
        tool.communicate()
    return row


def main():
    subprocess.run(['modprobe', 'pairfuse'], check=True)
    time.sleep(5)
    iozone()
    rows = []
    for arm, options in ARMS:
        row = measure(arm, options)
        base = rows[0] if rows else row
        text = '%-14s' % arm
        for key in ('random_read', 'random_write'):
            row[key + '_lost'] = 1 - row[key] / base[key]
            text += ' %9d kB/s %6.1f %% lost' % (row[key], 100 * row[key + '_lost'])
        rows.append(row)
        print(text, file=sys.stderr, flush=True)
    print(json.dumps({'schema': 1, 'benchmark': 'iozone', 'kernel': os.uname().release,
                      'options': '-s 16m -r 4k -i 0 -i 2', 'rows': rows}))


main()
