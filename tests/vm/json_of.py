#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""json_of.py FILE EVENT EXPR: evaluate EXPR on `d`, the last document in FILE
(one per line) whose "event" is EVENT, or the last one when EVENT is `-`."""
import json
import sys


def hists(d, name):
    """Events in each histogram of an array."""
    return ' '.join(str(sum(v['log2'])) for v in d['values'] if v['name'] == name)


def value(d, name):
    """A scalar."""
    return next(v['value'] for v in d['values'] if v['name'] == name)


def entries(d, name):
    """Key and value of each entry of a map."""
    m = next(m for m in d['maps'] if m['name'] == name)
    return [(e['key'], e['value']) for e in m['entries']]


def main():
    path, event, expr = sys.argv[1:]
    last = None
    for line in open(path):
        doc = json.loads(line)
        if doc.get('schema') != 1:
            sys.exit('schema: ' + line)
        if event in ('-', doc.get('event')):
            last = doc
    if last is None:
        sys.exit('%s: no "%s"' % (path, event))
    env = {'d': last, 'hists': hists, 'value': value, 'entries': entries}
    print(eval(expr, env))


main()
