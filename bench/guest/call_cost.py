#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""What does a traced call cost? Run in the guest (bench/call-cost does), best
under --icount, where a nanosecond is an instruction.

Arms: nothing (first and last), the pair as its author wrote it (fentry, fexit,
hash map), the pair fused in shared and in direct mode, both with the nesting of
the map as well (what fsdist gets when all of its pairs are loaded). A row is void, and the
exit status 1, unless each arm has counted exactly the calls that were made, and
2N calls cost twice N within 1 %."""
import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
OBJ = '/usr/lib/pairfuse/fsdist.bpf.o'

FUNCTIONS = {
    'getpgid': '__x64_sys_getpgid',
    'pread': 'ext4_file_read_iter',
}
ARMS = {
    'nothing': None,
    'split': ['--engine', 'split'],
    'fused-shared': ['--hook', 'shared'],
    'fused-direct': ['--hook', 'direct'],
    'exact-shared': ['--hook', 'shared', '--nesting', 'exact'],
    'exact-direct': ['--hook', 'direct', '--nesting', 'exact'],
    'nothing-again': None,
}


class Calls:
    """The program that makes the calls."""

    def __init__(self, what):
        self.p = subprocess.Popen([HERE + '/calls', what], stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE, text=True, bufsize=1)
        if self.p.stdout.readline() != 'ready\n':
            sys.exit('calls %s did not start' % what)
        self.made = 0

    def run(self, n):
        self.p.stdin.write('%d\n' % n)
        self.made += n
        return int(self.p.stdout.readline())

    def end(self):
        self.p.stdin.close()
        self.p.wait()


class Tool:
    """`pairfuse load` of the read pair of fsdist on another function."""

    def __init__(self, options, func):
        self.p = None
        if options is None:
            return
        cmd = ['pairfuse', 'load', '--json', *options, '--target', 'dummy_file_read=' + func, OBJ]
        self.p = subprocess.Popen(cmd, stdout=subprocess.PIPE, text=True)
        self.attached = self.document('attached')
        if self.attached['fused'] != (0 if 'split' in options else 1):
            sys.exit('%s: fused %d pairs' % (' '.join(cmd), self.attached['fused']))

    def document(self, event):
        for line in self.p.stdout:
            doc = json.loads(line)
            if doc['event'] == event:
                return doc
        sys.exit('pairfuse load ended early')

    def end(self):
        """Detach; how many events were counted."""
        if self.p is None:
            return None
        self.p.send_signal(signal.SIGINT)
        data = self.document('data')
        if self.p.wait():
            sys.exit('pairfuse load: exit status %d' % self.p.returncode)
        return sum(sum(v['log2']) for v in data['values'] if v['name'] == 'hists')


def measure(what, arm, n, reps):
    calls = Calls(what)
    tool = Tool(ARMS[arm], FUNCTIONS[what])
    before = calls.made
    calls.run(n)    # warms up caches of every kind
    once = [calls.run(n) / n for _ in range(reps)]
    twice = [calls.run(2 * n) / (2 * n) for _ in range(reps)]
    made = calls.made - before
    events = tool.end()
    calls.end()
    per_call = statistics.median(once)
    off = abs(statistics.median(twice) / per_call - 1)
    return {
        'what': what, 'function': FUNCTIONS[what], 'arm': arm, 'n': n,
        'per_call': per_call, 'raw': once, 'raw_2n': twice,
        'made': made, 'events': events,
        'valid': (events is None or events == made) and off < 0.01,
    }


def main():
    ap = argparse.ArgumentParser(description=__doc__)
    ap.add_argument('--n', type=int, default=20000)
    ap.add_argument('--reps', type=int, default=3)
    ap.add_argument('--settle', type=int, default=5, help='seconds to wait first')
    ap.add_argument('what', nargs='*', default=list(FUNCTIONS))
    args = ap.parse_args()

    subprocess.run(['modprobe', 'pairfuse'], check=True)
    time.sleep(args.settle)
    rows = []
    for what in args.what:
        base = None
        for arm in ARMS:
            row = measure(what, arm, args.n, args.reps)
            if base is None:
                base = row['per_call']
            row['added'] = row['per_call'] - base
            rows.append(row)
            print('%-8s %-14s %9.1f %+9.1f%s' % (what, arm, row['per_call'], row['added'],
                                                 '' if row['valid'] else '   VOID'),
                  file=sys.stderr, flush=True)
    print(json.dumps({
        'schema': 1, 'benchmark': 'call-cost', 'kernel': os.uname().release,
        'unit': 'instructions (icount) or ns', 'rows': rows,
    }))
    sys.exit(0 if all(r['valid'] for r in rows) else 1)


main()
