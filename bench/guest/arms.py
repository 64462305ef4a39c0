# SPDX-License-Identifier: GPL-2.0
"""The arms of the micro benchmark (call_cost.py), in groups. A line each: what is
called, how the pair runs, with which options of `pairfuse load`."""
from machine import knows
from opts import STEPS
from ways import Fsession, Hand, Load, Nothing

SPLIT = ['--engine', 'split']
# Time stamps as the programs take them, with bpf_ktime_get_ns(); and what is best.
KTIME = ['--clock', 'exact']
HOOKS = {'shared': ['--hook', 'shared'], 'direct': ['--hook', 'direct']}
NOBODY = ['--set', 'target_pid=1']      # init, which makes none of the calls

STATES = (8, 16, 24, 32, 64)
ARGS = range(7)


class Arm:
    """obj: an object here instead of fsdist, or the program for Fsession; kind: what `calls` calls, where that is
    not the group's; silent: the filter says no, so no event may be counted."""

    def __init__(self, name, way, options=(), obj=None, kind=None, silent=False):
        self.name, self.way, self.options, self.obj = name, way, list(options), obj
        self.kind, self.silent = kind, silent


class Group:
    """function: that the pair is attached to; n: calls at a time under icount, of
    which 2n fit between two timer ticks (4 million instructions)."""

    def __init__(self, kind, function, arms, n=500):
        self.kind, self.function, self.n = kind, function, n
        self.arms = [Arm('nothing', Nothing), *arms, Arm('nothing-again', Nothing)]


def fused(prefix, *options, **more):
    return [Arm('%s-%s' % (prefix, hook), Load, [*HOOKS[hook], *options], **more)
            for hook in HOOKS]


def clocks():
    """Without the option there is one kind of time stamp, the programs' own."""
    if knows('pairfuse', 'load', '--clock'):
        return fused('ktime', *KTIME) + fused('fused')
    return fused('ktime')


def steps():
    """One optimisation after the other, then all of them."""
    if not knows('pairfuse', 'load', '--opt'):
        return []
    return [Arm(name, Load, [*HOOKS['shared'], '--opt', opt]) for name, opt in STEPS] + [
        Arm('opt-all', Load, HOOKS['shared'])]


def groups():
    all_groups = {
        'getpgid': Group('getpgid', '__x64_sys_getpgid', [
            Arm('fentry-hash', Load, SPLIT),
            Arm('fentry-task', Load, SPLIT, obj='task'),
            Arm('kprobe-hash', Load, SPLIT, obj='kprobe'),
            Arm('tracepoint-hash', Load, SPLIT, obj='syscall'),
            Arm('fsession', Fsession, obj='session'),
            # two hooks with nothing in them, and one for both ends
            Arm('fentry-empty', Load, SPLIT, obj='empty', silent=True),
            Arm('fsession-empty', Fsession, obj='empty', silent=True),
            *clocks(),
            # the same, written for other hooks and maps
            *(Arm(obj + '-fused', Load, HOOKS['shared'], obj=obj)
              for obj in ('task', 'kprobe', 'syscall')),
            # nested calls as in the map: what fsdist gets with all of its pairs
            *fused('nested', '--nesting', 'exact'),
        ]),
        'hand': Group('plain', 'pairfuse_bench_plain', [
            Arm('hand', Hand, kind='hand'),
            Arm('fentry-hash', Load, SPLIT),
            *clocks(),
        ]),
        'opt': Group('getpgid', '__x64_sys_getpgid', steps()),
        'filter': Group('getpgid', '__x64_sys_getpgid', [
            Arm('fentry-hash', Load, SPLIT + NOBODY, silent=True),
            *fused('fused', *NOBODY, silent=True),
        ]),
        'pread': Group('pread', 'ext4_file_read_iter', [
            Arm('fentry-hash', Load, SPLIT),
            *clocks(),
            *fused('nested', '--nesting', 'exact'),
        ], n=200),
    }
    for size in STATES:
        all_groups['state%d' % size] = Group('getpgid', '__x64_sys_getpgid', [
            Arm('fentry-hash', Load, SPLIT, obj='state%d' % size),
            *fused('fused', obj='state%d' % size),
        ])
    for nr in ARGS:
        all_groups['args%d' % nr] = Group('args%d' % nr, 'pairfuse_test_args%d' % nr, [
            Arm('fentry-hash', Load, SPLIT),
            *fused('fused'),
        ])
    return all_groups


# Of attach_cost.py: objects with so many pairs, engine, hook.
ATTACH = [
    ('split', 'split', 'shared'),
    ('fused-shared', 'fused', 'shared'),
    ('fused-direct', 'fused', 'direct'),
]
MANY = (1, 50, 200)
