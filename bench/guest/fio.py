#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""fio's random read and write of 4 kB blocks, on ext4 in the page cache.

fio tells how long a job took in milliseconds, which is too coarse for 16 MB. So
throughput is taken from the mean latency of an I/O, which it tells in nanoseconds;
what fio does between two of them is not in it."""
import json
import subprocess
import sys

import file_bench
import machine

KB = 16384
OPTIONS = ['--ioengine=psync', '--bs=4k', '--size=%dk' % KB, '--invalidate=0', '--randrepeat=1',
           '--output-format=json']


def job(rw, directory, cpu):
    p = machine.pinned(['fio', '--name=job', '--rw=' + rw, *OPTIONS,
                        '--filename=%s/fio.tmp' % directory], cpu,
                       stdout=subprocess.PIPE, text=True)
    out = p.communicate()[0]
    if p.returncode:
        sys.exit('fio said:\n' + out)
    done = json.loads(out)['jobs'][0]['read' if 'read' in rw else 'write']
    if done['total_ios'] != KB // 4:
        sys.exit('fio: %d I/Os, not %d' % (done['total_ios'], KB // 4))
    return 4e9 / done['lat_ns']['mean']


def run(directory, cpu):
    return {'random_read': job('randread', directory, cpu),
            'random_write': job('randwrite', directory, cpu)}


file_bench.main('fio', ' '.join(OPTIONS), run, KB // 4)
