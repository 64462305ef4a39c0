#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""IOzone's random read and write of 4 kB records, on ext4 in the page cache."""
import re
import subprocess
import sys

import file_bench
import machine

KB = 16384
OPTIONS = ['-s', '%dk' % KB, '-r', '4k', '-i', '0', '-i', '2']


def run(directory, cpu):
    out = machine.pinned(['iozone', *OPTIONS, '-f', directory + '/iozone.tmp'], cpu,
                         stdout=subprocess.PIPE, text=True).communicate()[0]
    # kB reclen write rewrite random-read random-write
    m = re.search(r'^\s+%d\s+4\s+(\d+)\s+(\d+)\s+(\d+)\s+(\d+)\s*$' % KB, out, re.M)
    if not m:
        sys.exit('iozone said:\n' + out)
    return {'random_read': int(m.group(3)), 'random_write': int(m.group(4))}


file_bench.main('iozone', ' '.join(OPTIONS), run, KB // 4)
