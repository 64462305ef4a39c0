#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""What does a traced call cost? The arms are in arms.py.

In the VM bench/call-cost runs this under icount, where a nanosecond is an
instruction. On hardware run it as it is, as root, on an idle machine:

    sudo make install install-bench; sudo insmod build/pairfuse.ko ...
    sudo /usr/local/lib/pairfuse/bench/call_cost.py >call-cost.json

The unit is nanoseconds then: arms come round after round (A B C, A B C, ...), all
on one CPU, each warmed up; medians are shown and every value is kept.

Groups (default: all): getpgid (all ways to run the pair), hand (the pair written
into the function in C), opt (one optimisation added after the other), filter (a task
that the filter leaves out), pread, state8 ... state64 (bytes of state), args0 ...
args6 (arguments), fsdist (Debian's, plain and fused), attach1, attach50, attach200
(targets: cost of loading, attaching and detaching, memory per link; the module's own
memory is in the JSON). GROUP/ARM: of a group only this arm, and nothing.

A row is void, and the exit status 1, unless each arm has counted exactly the calls
that were made; 2N calls cost twice N, within --tolerance; and nothing costs the
same before and after the others."""
import argparse
import json
import os
import statistics
import subprocess
import sys
import time

import arms
import machine
import tool_cost
from ways import Missing

HERE = os.path.dirname(os.path.abspath(__file__))


class Calls:
    """The program that makes the calls."""

    def __init__(self, kind, cpu):
        self.p = machine.pinned([HERE + '/calls', kind], cpu, stdin=subprocess.PIPE,
                                stdout=subprocess.PIPE, text=True, bufsize=1)
        if self.p.stdout.readline() != 'ready\n':
            sys.exit('calls %s did not start' % kind)
        self.made = 0

    def ask(self, line):
        self.p.stdin.write('%s\n' % line)
        return int(self.p.stdout.readline())

    def run(self, n):
        self.made += n
        return self.ask(n) / n

    def counted(self):
        return self.ask('events')

    def end(self):
        self.p.stdin.close()
        self.p.wait()


class Row:
    """One arm of one group, over all rounds."""

    def __init__(self, name, group, arm):
        self.name, self.group, self.arm = name, group, arm
        self.raw, self.raw_2n, self.void, self.skipped = [], [], [], None
        self.made = self.events = 0

    def measure(self, args):
        n = args.n or self.group.n
        calls = Calls(self.arm.kind or self.group.kind, args.cpu)
        try:
            way = self.arm.way(self.arm, self.group.function)
            if hasattr(way, 'start'):
                way.start(calls)
            for _ in range(3):      # warms up caches of every kind
                calls.run(n)
            self.raw += [calls.run(n) for _ in range(args.reps)]
            self.raw_2n += [calls.run(2 * n) for _ in range(args.reps)]
            events = way.end(calls)
            expected = 0 if self.arm.silent else calls.made
            if events not in (None, expected):
                self.void.append('%d events, not %d' % (events, expected))
            self.made += calls.made
            self.events += events or 0
        except Missing as e:
            self.skipped = str(e)
        finally:
            calls.end()

    def per_call(self):
        return statistics.median(self.raw + self.raw_2n)

    def check(self, tolerance):
        off = statistics.median(self.raw_2n) / statistics.median(self.raw) - 1
        if abs(off) > tolerance:
            self.void.append('2N calls cost %+.1f %% more or less than twice N' % (100 * off))

    def document(self, base, args):
        doc = {'group': self.name, 'arm': self.arm.name, 'function': self.group.function,
               'options': self.arm.options}
        if self.skipped:
            return {**doc, 'skipped': self.skipped}
        values = self.raw + self.raw_2n
        return {**doc, 'n': args.n or self.group.n, 'per_call': self.per_call(),
                'added': self.per_call() - base.per_call(),
                'min': min(values), 'max': max(values), 'raw': self.raw, 'raw_2n': self.raw_2n,
                'made': self.made, 'events': self.events, 'void': self.void}


def show(doc):
    text = '%-8s %-16s ' % (doc['group'], doc['arm'])
    if 'skipped' in doc:
        text += 'not measured: ' + doc['skipped']
    else:
        text += '%9.1f %+9.1f' % (doc['per_call'], doc['added'])
        text += ''.join('   VOID: ' + why for why in doc['void'])
    print(text, file=sys.stderr, flush=True)


def run_group(name, group, args):
    rows = [Row(name, group, arm) for arm in group.arms]
    for _ in range(args.rounds):
        for row in rows:
            if not row.skipped:
                row.measure(args)
    base, again = rows[0], rows[-1]
    for row in rows:
        if not row.skipped:
            row.check(args.tolerance / 100)
    if abs(again.per_call() / base.per_call() - 1) > args.tolerance / 100:
        again.void.append('nothing does not cost what it did at first')
    docs = [row.document(base, args) for row in rows]
    for doc in docs:
        show(doc)
    return docs


def run_fsdist(args):
    """Debian's own, with fentry and with kprobes: as tool_cost.py measures it."""
    docs = []
    for tool in tool_cost.TOOLS:
        if not tool.name.startswith('fsdist'):
            continue
        done = tool_cost.measure_tool(tool, args.reps)
        for arm, row in done['arms'].items():
            docs.append({
                'group': tool.name, 'arm': arm, 'function': tool.what, 'options': tool.cmd,
                'n': tool.n, 'per_call': row.get('per_event', 0), 'added': row.get('added', 0),
                'raw': row.get('raw', []), 'raw_2n': row.get('raw_2n', []), 'made': row['made'],
                'events': row.get('reported') or 0, 'void': [row['void']] if 'void' in row else []})
    return docs


def module_size():
    """kB that the module takes, with stubs for all links that there can be."""
    return int(machine.read('/sys/module/pairfuse/coresize') or 0) / 1024


def run_attach(many, args):
    docs = []
    for arm, engine, hook in arms.ATTACH:
        done = [json.loads(subprocess.run(
            [HERE + '/attach_cost', '%s/many%d.bpf.o' % (HERE, many), engine, hook],
            check=True, stdout=subprocess.PIPE, text=True).stdout)
            for _ in range(args.attach_reps if many == 1 else 1)]
        doc = {'group': 'attach%d' % many, 'arm': arm, 'pairs': many, 'raw': done, 'void': [],
               'module_kb': module_size()}
        if any(d['fused'] != (0 if engine == 'split' else many) for d in done):
            doc['void'].append('fused %s pairs' % [d['fused'] for d in done])
        for phase in ('load', 'attach', 'detach'):
            for what in ('cpu', 'elapsed'):
                doc['%s_%s' % (phase, what)] = statistics.median(d[phase][what] for d in done)
        doc['memory'] = {k: statistics.median(d['memory'][k] for d in done) / many
                         for k in done[0]['memory']}
        docs.append(doc)
        print('%-9s %-13s per pair: load %6.2f attach %6.2f detach %6.2f million; '
              'all: elapsed %6.0f, %6.0f ms; kB each: %s%s' % (
                  doc['group'], arm, *(doc[p + '_cpu'] / many / 1e6
                                       for p in ('load', 'attach', 'detach')),
                  doc['attach_elapsed'] / 1e6, doc['detach_elapsed'] / 1e6,
                  ' '.join('%s %.1f' % i for i in doc['memory'].items()),
                  '   VOID: ' + doc['void'][0] if doc['void'] else ''),
              file=sys.stderr, flush=True)
    return docs


def main():
    ap = argparse.ArgumentParser(description=__doc__,
                                 formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument('--icount', action='store_true',
                    help='few calls in one round: between two timer ticks each is exact')
    ap.add_argument('--n', type=int, help='calls at a time (default: 20000)')
    ap.add_argument('--reps', type=int, default=5, help='repetitions of N and of 2N calls')
    ap.add_argument('--rounds', type=int, help='times through all arms (default: 5)')
    ap.add_argument('--attach-reps', type=int, default=3,
                    help='repetitions of attaching; one where there are many targets')
    ap.add_argument('--tolerance', type=float, default=1, help='per cent (default: 1)')
    ap.add_argument('--cpu', type=int, default=machine.last_cpu(), help='where the calls are made')
    ap.add_argument('--settle', type=int, default=5, help='seconds to wait first')
    ap.add_argument('--commit', default='unknown', help='goes into the JSON')
    ap.add_argument('group', nargs='*', help='a group, or the beginning of some')
    args = ap.parse_args()
    if args.icount:
        args.rounds = args.rounds or 1
    else:
        args.n, args.rounds = args.n or 20000, args.rounds or 5

    machine.load_modules('pairfuse', 'pairfuse_test', 'pairfuse_bench')
    chosen_groups = arms.groups()
    for name, group in chosen_groups.items():
        of = [g.split('/')[1] for g in args.group if g.startswith(name + '/')]
        group.arms = [a for a in group.arms if not of or a.name in of or a.name.startswith('nothing')]
    runs = {name: (lambda name=name, group=group: run_group(name, group, args))
            for name, group in chosen_groups.items()}
    runs['fsdist'] = lambda: run_fsdist(args)
    for many in arms.MANY:
        runs['attach%d' % many] = lambda many=many: run_attach(many, args)
    chosen = [run for name, run in runs.items()
              if not args.group or any(name.startswith(g.split('/')[0]) for g in args.group)]
    if not chosen:
        sys.exit('no such group; have: ' + ', '.join(runs))
    time.sleep(args.settle)
    docs = [doc for run in chosen for doc in run()]
    print(json.dumps({
        'schema': 2, 'benchmark': 'call-cost', **machine.describe(), 'commit': args.commit,
        'unit': 'instructions' if args.icount else 'ns', 'reps': args.reps, 'rounds': args.rounds,
        'rows': docs,
        'figures': {'%s/%s' % (d['group'], d['arm']): d['added'] for d in docs
                    if 'added' in d and not d['void'] and not d['arm'].startswith('nothing')},
    }))
    sys.exit(1 if any(d.get('void') for d in docs) else 0)


if __name__ == '__main__':
    main()
