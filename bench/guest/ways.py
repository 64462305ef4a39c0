# SPDX-License-Identifier: GPL-2.0
"""Ways to have a pair run: each is started, says when it is attached, and tells at
its end how many events it has counted (None: nothing counts)."""
import json
import os
import signal
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
FSDIST = '/usr/lib/pairfuse/fsdist.bpf.o'


class Missing(Exception):
    """Why there is no such way here."""


class Nothing:
    def __init__(self, arm, function):
        pass

    def end(self, calls):
        return None


class Hand:
    """Nothing to attach: the function does it by itself."""

    def __init__(self, arm, function):
        self.before = None

    def start(self, calls):
        self.before = calls.counted()

    def end(self, calls):
        return calls.counted() - self.before


class Load:
    """`pairfuse load` of an object with one pair, or of fsdist's read pair."""

    def __init__(self, arm, function):
        path = FSDIST if arm.obj is None else '%s/%s.bpf.o' % (HERE, arm.obj)
        self.cmd = ['pairfuse', 'load', '--json', *arm.options]
        if arm.obj is None:
            self.cmd += ['--target', 'dummy_file_read=' + function]
        self.p = subprocess.Popen([*self.cmd, path], stdout=subprocess.PIPE, text=True)
        attached = self.document('attached')
        split = 'split' in arm.options
        if attached['fused'] != (0 if split else 1):
            sys.exit('%s: fused %d pairs' % (' '.join(self.cmd), attached['fused']))

    def document(self, event):
        for line in self.p.stdout:
            doc = json.loads(line)
            if doc['event'] == event:
                return doc
        sys.exit('%s: ended early' % ' '.join(self.cmd))

    def end(self, calls):
        self.p.send_signal(signal.SIGINT)
        data = self.document('data')
        if self.p.wait():
            sys.exit('pairfuse load: exit status %d' % self.p.returncode)
        return sum(sum(v['log2']) for v in data['values'] if 'log2' in v)


class Fsession:
    def __init__(self, arm, function):
        self.p = subprocess.Popen([HERE + '/fsession', HERE + '/fsession.bpf.o', arm.obj],
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        if self.p.stdout.readline() != 'attached\n':
            if self.p.wait() == 3:
                raise Missing('this kernel has no fsession')
            sys.exit('fsession: exit status %d' % self.p.returncode)

    def end(self, calls):
        self.p.stdin.close()
        events = int(self.p.stdout.read())
        if self.p.wait():
            sys.exit('fsession: exit status %d' % self.p.returncode)
        return events
