# SPDX-License-Identifier: GPL-2.0
"""What iozone.py and fio.py have in common: rounds through the arms of
file_arms.py, each under its tool; throughput lost, events counted, a JSON document."""
import argparse
import json
import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time

import file_arms
import machine

PAIRS = 5       # of fsdist on ext4
WHAT = ('random_read', 'random_write')
ON_HARDWARE = """
In the VM bench/files runs this under icount, where a nanosecond is an instruction.
On hardware run it as it is, as root, on an idle machine, with a directory of an
ext4 file system; the file (16 MB) stays in the page cache:

    sudo make install install-bench; sudo insmod build/pairfuse.ko ...
    sudo /usr/local/lib/pairfuse/bench/%(name)s.py --dir /mnt --rounds 10 >%(name)s.json

The arms come round after round, so that what drifts hits all of them alike (nothing
drifts under icount: there it is one round, and repetitions in each arm); all of
%(name)s runs on one CPU; nothing is measured first and last, medians are shown and
every value is kept. A row is void, and the exit status 1, when its tool has not
counted the same writes as the others, or fewer reads than were made; or when
nothing is not the same first and last, within --tolerance."""


class Tool:
    """fsdist in one of its forms; ready when it has attached."""

    def __init__(self, arm, cmd):
        self.arm, self.p = arm, None
        if cmd is None:
            return
        self.err = tempfile.TemporaryFile('w+')
        self.p = subprocess.Popen(['stdbuf', '-oL', *cmd], stdout=subprocess.PIPE,
                                  stderr=self.err, text=True)
        for line in self.p.stdout:
            if line.startswith('Tracing') or '"attached"' in line:
                break
        else:
            sys.exit('%s: ended early: %s' % (' '.join(cmd), self.said()))
        fused = json.loads(line)['fused'] if line[0] == '{' else self.said().count(': fused: ')
        plain = cmd == file_arms.FSDIST or 'split' in cmd
        if fused != (0 if plain else PAIRS):
            sys.exit('%s: fused %d pairs: %s' % (' '.join(cmd), fused, self.said()))

    def said(self):
        self.err.seek(0)
        return self.err.read()

    def end(self):
        """Detach; events counted: {'read': N, 'write': N, ...}."""
        if self.p is None:
            return None
        self.p.send_signal(signal.SIGINT)
        out = self.p.communicate()[0]
        events = {}
        if '"event"' in out:
            for line in out.splitlines():
                for v in json.loads(line).get('values', []):
                    if v['name'] == 'hists' and any(v['log2']):
                        events[v['label']] = sum(v['log2'])
            return events
        for part in out.split('operation = ')[1:]:
            name = re.match(r"'(\w+)'", part).group(1)
            events[name] = sum(int(n) for n in re.findall(r'->\s*\d+\s*:\s*(\d+)', part))
        return events


class Row:
    def __init__(self, arm):
        self.arm, self.void, self.events = arm, [], []
        self.raw = {what: [] for what in WHAT}

    def median(self, what):
        return statistics.median(self.raw[what])

    def lost(self, what, base):
        return 1 - self.median(what) / base.median(what)

    def figure(self, what, nothing, record):
        """Instructions added to a record: as `added`, but against nothing both times,
        since one timer tick more or less in a run is six."""
        return record * 1e9 * (1 / self.median(what) - 1 / statistics.median(nothing[what]))

    def document(self, base, packaged, record):
        doc = {'arm': self.arm, 'void': self.void, 'events': self.events, 'raw': self.raw}
        for what in WHAT:
            lost = self.lost(what, base)
            doc[what] = self.median(what)
            doc[what + '_lost'] = lost
            # per record: kB/s -> ns
            doc[what + '_added'] = record * 1e9 * (1 / self.median(what) - 1 / base.median(what))
            if self.arm in ('nothing', 'nothing-again') or not packaged:
                continue
            if lost > 0 and packaged.lost(what, base) > 0:
                doc[what + '_ratio'] = packaged.lost(what, base) / lost
        return doc


def check(rows, reads, tolerance, exact):
    """Marks what is void. exact: nobody else reads, so all arms count the same."""
    base, again = rows[0], rows[-1]
    for what in WHAT:
        if abs(again.lost(what, base)) > tolerance:
            again.void.append('%s of nothing: %+.1f %%' % (what, -100 * again.lost(what, base)))
    counted = [r for r in rows if r.events]
    writes = statistics.mode([e['write'] for r in counted for e in r.events]) if counted else 0
    for row in counted:
        for e in row.events:
            if e['write'] != writes or e['read'] < reads:
                row.void.append('%d writes of %d, %d reads of %d' % (
                    e['write'], writes, e['read'], reads))
            elif exact and e != counted[0].events[0]:
                row.void.append('%s, not %s' % (e, counted[0].events[0]))


def show(doc):
    text = '%-14s' % doc['arm']
    for what in WHAT:
        text += ' %9d kB/s %6.2f %% lost' % (doc[what], 100 * doc[what + '_lost'])
        ratio = doc.get(what + '_ratio')
        text += ' %8s' % ('1/%.1f' % ratio if ratio else '')
    print(text + ''.join('   VOID: ' + why for why in doc['void']), file=sys.stderr, flush=True)


def main(name, options, run, reads, record=4):
    """run(dir, cpu) -> throughput of WHAT in kB/s; it makes `reads` reads of
    `record` kB."""
    ap = argparse.ArgumentParser(description=ON_HARDWARE.strip('\n') % {'name': name},
                                 formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument('--dir', default='/scratch', help='on ext4 (default: /scratch)')
    ap.add_argument('--rounds', type=int, default=5, help='times through all arms')
    ap.add_argument('--reps', type=int, default=1, help='repetitions of an arm in each round')
    ap.add_argument('--tolerance', type=float, default=1, help='per cent (default: 1)')
    ap.add_argument('--cpu', type=int, default=machine.last_cpu())
    ap.add_argument('--settle', type=int, default=5, help='seconds to wait first')
    ap.add_argument('--icount', action='store_true', help='nanoseconds are instructions')
    ap.add_argument('--commit', default='unknown', help='goes into the JSON')
    ap.add_argument('arm', nargs='*', help='only these, besides nothing and the packaged fsdist')
    args = ap.parse_args()

    machine.load_modules('pairfuse')
    arms = [a for a in file_arms.ARMS if not args.arm or a[0] in args.arm or
            a[0] in ('nothing', file_arms.PACKAGED, 'nothing-again')]
    for arm in arms:
        if not file_arms.have(arm):
            print('%-14s not measured: this pairfuse has no %s' % (arm[0], arm[2]), file=sys.stderr)
    arms = [a for a in arms if file_arms.have(a)]
    time.sleep(args.settle)
    rows = [Row(a[0]) for a in arms]
    run(args.dir, args.cpu)
    for _ in range(args.rounds):
        for row, arm in zip(rows, arms):
            tool = Tool(*arm[:2])
            for _ in range(args.reps):
                for what, value in run(args.dir, args.cpu).items():
                    row.raw[what].append(value)
            events = tool.end()
            if events is not None:
                row.events.append(events)
    check(rows, reads * args.reps, args.tolerance / 100, args.icount)
    packaged = next((r for r in rows if r.arm == file_arms.PACKAGED), None)
    docs = [row.document(rows[0], packaged, record) for row in rows]
    nothing = {what: rows[0].raw[what] + rows[-1].raw[what] for what in WHAT}
    for doc in docs:
        show(doc)
    print(json.dumps({
        'schema': 2, 'benchmark': name, **machine.describe(), 'commit': args.commit,
        'unit': 'kB/s of guest instructions (10^9 a second)' if args.icount else 'kB/s',
        'options': options, 'rounds': args.rounds, 'reps': args.reps,
        'rows': docs,
        'figures': {'%s/%s/%s' % (name, row.arm, what): row.figure(what, nothing, record)
                    for row in rows for what in WHAT
                    if not row.void and not row.arm.startswith('nothing')},
    }))
    sys.exit(1 if any(d['void'] for d in docs) else 0)
