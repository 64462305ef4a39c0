# SPDX-License-Identifier: GPL-2.0
"""The optimisations of `pairfuse load --opt`, one added after the other: names of arms,
and the value of the option. `none` runs both programs from one stub, with their map;
after the last come all (without the option)."""
ADDED = ('slot', 'dead-code', 'rodata', 'clock', 'division')

STEPS = [('opt-none', 'none')] + [('+' + ADDED[i], ','.join(ADDED[:i + 1]))
                                  for i in range(len(ADDED))]
