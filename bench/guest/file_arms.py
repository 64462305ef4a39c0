# SPDX-License-Identifier: GPL-2.0
"""The arms of bench-iozone and bench-fio: a line each. What is not there (an option
that this pairfuse does not know) is left out with a note."""
from machine import knows
from opts import STEPS

DIRECT = ['--hook', 'direct']
# Debian's own, with its options: print after 1000 seconds, once (or at SIGINT).
FSDIST = ['fsdist-libbpf', '-t', 'ext4', '1000', '1']
RUN = ['pairfuse', 'run', '-v']      # says what it has fused
LOAD = ['pairfuse', 'load', '--json', '--fs', 'ext4']
OBJECT = ['/usr/lib/pairfuse/fsdist.bpf.o']

# name, command (None: nothing attached), an option without which there is no such arm
ARMS = [
    ('nothing', None),
    ('fsdist', FSDIST),
    ('fsdist-fused', RUN + ['--'] + FSDIST),
    ('fsdist-direct', RUN + DIRECT + ['--'] + FSDIST),
    ('split', LOAD + ['--engine', 'split'] + OBJECT),
    ('ktime', LOAD + ['--clock', 'exact'] + OBJECT, '--clock'),
    ('ktime-direct', LOAD + DIRECT + ['--clock', 'exact'] + OBJECT, '--clock'),
    # one bar per optimisation, each with those before it, as in the paper's figure 6
    *((name, LOAD + ['--opt', opt] + OBJECT, '--opt') for name, opt in STEPS),
    ('fused', LOAD + OBJECT),
    ('fused-direct', LOAD + DIRECT + OBJECT),
    ('nothing-again', None),
]

PACKAGED = 'fsdist'     # what the ratios compare with


def have(arm):
    return len(arm) < 3 or knows('pairfuse', 'load', arm[2])
