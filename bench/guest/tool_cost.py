#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""What does a tool add to the event that it traces? Run in the guest
(bench/tool-cost does), best under --icount, where a nanosecond is an instruction.

Arms: nothing (first and last), the tool as Debian ships it, the same tool under
`pairfuse run`, in shared and in direct mode. `toolload` makes the events, N and
2N at a time; of each several times the median counts.

The tool's user space shares the one CPU with the events: it is stopped (SIGSTOP)
while the clock runs, and reads and prints afterwards. So what is counted is what
the task that is traced pays: hooks, programs, and output into the buffer that
nobody reads meanwhile. N is such that 2N events fit into it, and between two
timer ticks (4 ms, 4 million instructions): toolload starts behind a tick.

A row is void, and the exit status 1, unless in each arm the tool has reported
exactly the events that were made and has fused exactly the pairs that it is known
to have; nothing costs the same before and after; 2N events cost twice N."""
import argparse
import ctypes
import json
import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
WAIT = 120      # seconds of the guest; idle ones pass at once under icount
OTHER = 2000    # calls of the other system call

ARMS = {
    'nothing': None,
    'plain': [],
    'fused-shared': ['pairfuse', 'run', '-v', '--hook', 'shared', '--'],
    'fused-direct': ['pairfuse', 'run', '-v', '--hook', 'direct', '--'],
    'nothing-again': None,
}


def lines(text):
    """Lines that name the load."""
    return len(re.findall(r'^.*\btoolload\b', text, re.M))


def histogram(text):
    """Events in all of its rows."""
    return sum(int(n) for n in re.findall(r'->\s*\d+\s*:\s*(\d+)', text))


def last_number(pattern):
    def count(text):
        found = re.findall(pattern, text, re.M)
        return int(found[-1]) if found else 0
    return count


# name: what it is called in the table (and on the command line)
# cmd: PID is the load's; event: see toolload.c; n: events at a time
# ready: what it says when it is, None: nothing; it sleeps then
# pairs: how many it has; count: events in its output, at_end: there only at the end
# proof: another event, for where `event` is dropped by the exit program: the tool
#        reports these ones, and none of the others
# other: its hooks are system calls' tracepoints: what does another system call cost?
# silent_on: kernels (a prefix of the release) on which the tool, started directly,
#        reports nothing: all arms have to, and there are no figures
# no_fentry: the tool is made to believe that the kernel cannot do fentry
class Tool:
    def __init__(self, name, cmd, event, what, ready, n=200, pairs=1, count=lines,
                 at_end=False, proof=None, other=False, no_fentry=False,
                 silent_on=None):
        self.name, self.event, self.what = name, event, what
        self.cmd = cmd if isinstance(cmd, list) else cmd.split()
        self.ready, self.n, self.pairs, self.count = ready, n, pairs, count
        self.at_end, self.proof, self.other = at_end, proof, other
        self.no_fentry = no_fentry
        self.silent = bool(silent_on) and os.uname().release.startswith(silent_on)


def bpftrace(name, entry, exit):
    script = ('BEGIN{printf("ready\\n");}%s:__x64_sys_getpgid{@start[tid]=nsecs;}'
              '%s:__x64_sys_getpgid /@start[tid]/ {@ns=hist(nsecs-@start[tid]);'
              '@calls=count();delete(@start,tid);}' % (entry, exit))
    return Tool(name, ['bpftrace', '-e', script], 'getpgid', 'getpgid()', '^ready',
                n=500, count=last_number(r'^@calls: (\d+)'), at_end=True)


TOOLS = [
    Tool('fsdist', 'fsdist-libbpf -t ext4 -p PID', 'read', '4 kB read', '^Tracing',
         pairs=5, count=histogram, at_end=True),
    Tool('fsdist, kprobes', 'fsdist-libbpf -t ext4 -p PID', 'read', '4 kB read', '^Tracing',
         pairs=5, count=histogram, at_end=True, no_fentry=True),
    Tool('fsslower', 'fsslower-libbpf -t ext4 -m 1 -p PID', 'read', '4 kB read, not slow',
         '^TIME', pairs=4, proof='bigread'),
    Tool('fsslower -m 0', 'fsslower-libbpf -t ext4 -m 0 -p PID', 'read', '4 kB read, reported',
         '^TIME', pairs=4),
    Tool('funclatency', 'funclatency-libbpf -p PID __x64_sys_getpgid', 'getpgid', 'getpgid()',
         '^Tracing', n=500, count=histogram, at_end=True),
    Tool('funclatency -k', 'funclatency-libbpf -k -p PID __x64_sys_getpgid', 'getpgid',
         'getpgid()', '^Tracing', n=500, count=histogram, at_end=True),
    Tool('bindsnoop', 'bindsnoop-libbpf -p PID', 'bindfail', 'failing bind(), not reported',
         '^PID', pairs=2, proof='bind'),
    Tool('bindsnoop -x', 'bindsnoop-libbpf -x -p PID', 'bindfail', 'failing bind()', '^PID',
         pairs=2),
    Tool('capable', 'capable-libbpf -p PID', 'capable', 'failing sethostname()', '^TIME'),
    Tool('tcpconnect', 'tcpconnect-libbpf -p PID', 'refused', 'refused connect()', '^PID',
         n=60, pairs=2),
    Tool('tcpconnect -c', 'tcpconnect-libbpf -c -p PID', 'refused', 'refused connect(), counted',
         None, n=60, pairs=2, at_end=True,
         count=last_number(r'^127\.0\.0\.1 .* (\d+) *$')),
    Tool('tcptracer', 'tcptracer-libbpf -p PID', 'connect', 'connection made and closed',
         '^Tracing|^T', n=20, pairs=2,
         count=lambda text: len(re.findall(r'^C .*\btoolload\b', text, re.M))),
    Tool('solisten', 'solisten-libbpf -p PID', 'listen', 'listen()', '^PID', no_fentry=True),
    Tool('filelife', 'filelife-libbpf -p PID', 'unlink', 'file made and removed', '^T', n=50,
         silent_on='7.3'),    # struct renamedata, by which it tells kernels apart, has changed
    Tool('futexctn', 'futexctn-libbpf -p PID', 'futex', 'futex(), not reported',
         None, n=500, count=histogram, at_end=True, proof='futexwait', other=True),
    Tool('opensnoop', 'opensnoop-libbpf -p PID', 'open', 'open, close', '^PID', n=100, pairs=2,
         other=True),
    Tool('opensnoop -x', 'opensnoop-libbpf -x -p PID', 'open', 'open, close, not reported',
         '^PID', n=100, pairs=2, proof='openfail', other=True),
    Tool('statsnoop', 'statsnoop-libbpf -p PID', 'stat', 'stat()', '^PID', n=80, pairs=5,
         other=True),
    Tool('statsnoop -x', 'statsnoop-libbpf -x -p PID', 'stat', 'stat(), not reported', '^PID',
         n=80, pairs=5, proof='statfail', other=True),
    Tool('mountsnoop', 'mountsnoop-libbpf -p PID', 'mount', 'failing mount()', '^COMM', n=10,
         pairs=2, other=True),
    Tool('killsnoop', 'killsnoop-libbpf -p PID', 'kill', 'kill(self, 0)', '^TIME', n=100, pairs=3,
         other=True),
    Tool('killsnoop -x', 'killsnoop-libbpf -x -p PID', 'kill', 'kill(self, 0), not reported',
         '^TIME', pairs=3, proof='killfail', other=True),
    Tool('execsnoop -x', 'execsnoop-libbpf -x', 'exec', 'failing execve()', '^PCOMM', n=60,
         other=True),
    bpftrace('bpftrace kprobe', 'kprobe', 'kretprobe'),
    bpftrace('bpftrace fentry', 'fentry', 'fexit'),
    Tool('bcc funclatency', 'funclatency-bpfcc -p PID __x64_sys_getpgid', 'getpgid', 'getpgid()',
         '^Tracing', n=500, count=last_number(r'count: (\d+)'), at_end=True),
]


class Void(Exception):
    """Why an arm has no figure."""


def wait_for(condition, what):
    end = time.monotonic() + WAIT
    while not condition():
        if time.monotonic() > end:
            raise Void('%s: not within %d s' % (what, WAIT))
        time.sleep(0.02)


def no_fentry():
    """In the child: bpf(BPF_RAW_TRACEPOINT_OPEN), by which tools try whether fentry
    works, fails. Links of pairs and of kprobes are not made by it."""
    sock_filter = ctypes.c_ushort * 4
    bpf, raw_tracepoint_open, eperm = 321, 17, 1

    def insn(code, jt, jf, k):
        return bytes(sock_filter(code, jt | jf << 8, k & 0xffff, k >> 16))
    code = (insn(0x20, 0, 0, 0) + insn(0x15, 0, 3, bpf) +           # nr
            insn(0x20, 0, 0, 16) + insn(0x15, 0, 1, raw_tracepoint_open) +  # args[0]
            insn(0x06, 0, 0, 0x00050000 | eperm) +                  # SECCOMP_RET_ERRNO
            insn(0x06, 0, 0, 0x7fff0000))                           # SECCOMP_RET_ALLOW
    text = ctypes.create_string_buffer(code)

    class Program(ctypes.Structure):
        _fields_ = [('len', ctypes.c_ushort), ('filter', ctypes.c_void_p)]
    program = Program(len(code) // 8, ctypes.addressof(text))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(22, 2, ctypes.byref(program), 0, 0):              # PR_SET_SECCOMP
        os._exit(125)


class Load:
    """The program that makes the events."""

    def __init__(self, kinds):
        self.p = subprocess.Popen([HERE + '/toolload', *kinds], stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE, text=True, bufsize=1)
        if self.p.stdout.readline() != 'ready %d\n' % self.p.pid:
            sys.exit('toolload %s did not start' % ' '.join(kinds))

    def run(self, kind, n):
        self.p.stdin.write('%s %d\n' % (kind, n))
        return int(self.p.stdout.readline())

    def end(self):
        self.p.stdin.close()
        self.p.wait()


class Running:
    """A tool at work, or nothing."""

    def __init__(self, tool, prefix, pid):
        self.tool, self.p, self.want = tool, None, 0
        if prefix is None:
            return
        self.dir = tempfile.TemporaryDirectory()
        cmd = ['stdbuf', '-o0', *prefix, *(str(pid) if w == 'PID' else w for w in tool.cmd)]
        with open(self.path('out'), 'w') as out, open(self.path('err'), 'w') as err:
            self.p = subprocess.Popen(cmd, stdout=out, stderr=err,
                                      env=dict(os.environ, PYTHONUNBUFFERED='1'),
                                      preexec_fn=no_fentry if tool.no_fentry else None)
        try:
            wait_for(self.is_ready, 'the first line')
            if prefix:
                self.check_fused(prefix)
        except Void:
            self.kill()
            raise
        time.sleep(1)

    def path(self, name):
        return self.dir.name + '/' + name

    def text(self, name):
        with open(self.path(name), errors='replace') as f:
            return f.read()

    def is_ready(self):
        if self.p.poll() is not None:
            raise Void('it ended: ' + self.text('err').strip()[-300:])
        if self.tool.ready is None:
            return self.sleeps()
        return re.search(self.tool.ready, self.text('out') + '\n' + self.text('err'), re.M)

    def sleeps(self):
        """It has not run for a while."""
        def ran():
            with open('/proc/%d/schedstat' % self.p.pid) as f:
                return f.read()
        before = ran()
        time.sleep(4)
        return ran() == before

    def check_fused(self, prefix):
        said = self.text('err')
        fused = re.findall(r': fused: .* (\w+) hook, link', said)
        self.fused = len(fused)
        mode = prefix[prefix.index('--hook') + 1]
        if fused != [mode] * self.tool.pairs:
            raise Void('fused %d pairs of %d (%s): %s' % (
                fused.count(mode), self.tool.pairs, mode, said.strip()[-300:]))

    def stopped(self):
        task = '/proc/%d/task' % self.p.pid
        for tid in os.listdir(task):
            with open('%s/%s/stat' % (task, tid)) as f:
                if f.read().rpartition(')')[2].split()[0] != 'T':
                    return False
        return True

    def stop(self):
        if self.p:
            self.p.send_signal(signal.SIGSTOP)
            wait_for(self.stopped, 'stopping it')

    def go_on(self, made):
        """`made` events more are to be reported."""
        if self.p is None:
            return
        self.want += made
        self.p.send_signal(signal.SIGCONT)
        if not self.tool.at_end:
            wait_for(lambda: self.reported() >= self.want or self.p.poll() is not None,
                     'event %d (have %d)' % (self.want, self.reported()))

    def reported(self):
        return self.tool.count(self.text('out'))

    def end(self):
        """How many events it has reported, after its end."""
        if self.p is None:
            return None
        time.sleep(1)
        if self.p.poll() is not None:
            raise Void('it ended: ' + self.text('err').strip()[-300:])
        if 'back to the original' in self.text('err'):
            raise Void('not fused any more: ' + self.text('err').strip()[-300:])
        self.p.send_signal(signal.SIGINT)
        try:
            status = self.p.wait(WAIT)
        except subprocess.TimeoutExpired:
            raise Void('it does not end')
        if status not in (0, -signal.SIGINT):
            raise Void('its exit status is %d' % status)
        if re.search('lost [0-9]* events', self.text('err'), re.I):
            raise Void('it lost events')
        return self.reported()

    def kill(self):
        if self.p and self.p.poll() is None:
            self.p.send_signal(signal.SIGCONT)
            self.p.kill()
            self.p.wait()


def measure(tool, arm, reps):
    kinds = [tool.event] + [tool.proof] * bool(tool.proof) + ['getpid'] * tool.other
    load = Load(kinds)
    row = {'arm': arm, 'made': 0, 'fused': 0}
    running = None

    def run(kind, n):
        counts = kind == (tool.proof or tool.event) and not tool.silent
        running.stop()
        ns = load.run(kind, n)
        running.go_on(n if counts else 0)
        row['made'] += n if counts else 0
        return ns / n
    try:
        running = Running(tool, ARMS[arm], load.p.pid)
        if running.p:
            row['fused'] = getattr(running, 'fused', 0)
        for _ in range(3):      # warms up caches of every kind
            run(tool.event, tool.n)
        row['raw'] = [run(tool.event, tool.n) for _ in range(reps)]
        row['raw_2n'] = [run(tool.event, 2 * tool.n) for _ in range(reps)]
        row['per_event'] = statistics.median(row['raw'] + row['raw_2n'])
        row['off'] = statistics.median(row['raw_2n']) / statistics.median(row['raw']) - 1
        if tool.other:
            run('getpid', OTHER)
            row['raw_other'] = [run('getpid', OTHER) for _ in range(reps)]
            row['other'] = statistics.median(row['raw_other'])
        if tool.proof:
            run(tool.proof, 5)
        row['reported'] = running.end()
        if row['reported'] not in (None, row['made']):
            print(running.text('out')[-1000:], file=sys.stderr)
            raise Void('reported %d events of %d' % (row['reported'], row['made']))
        if abs(row['off']) > 0.01:
            raise Void('twice as many events cost %.1f %% more or less' % (100 * row['off']))
    except Void as e:
        row['void'] = str(e)
    finally:
        if running:
            running.kill()
        load.end()
    return row


def measure_tool(tool, reps):
    arms = {}
    for arm in ARMS:
        arms[arm] = row = measure(tool, arm, reps)
        base = arms['nothing'].get('per_event')
        if 'per_event' in row and base is not None:
            row['added'] = row['per_event'] - base
        again = arm == 'nothing-again' and row.get('added')
        if again and abs(again) > max(5, 0.01 * base):
            row.setdefault('void', 'nothing costs %+.1f more than at first' % again)
        print('%-18s %-14s %10.1f %+9.1f%s' % (
            tool.name, arm, row.get('per_event', 0), row.get('added', 0),
            '   VOID: ' + row['void'] if 'void' in row else ''), file=sys.stderr, flush=True)
    return {'tool': tool.name, 'command': tool.cmd, 'event': tool.event, 'what': tool.what,
            'silent': tool.silent, 'n': tool.n, 'pairs': tool.pairs, 'arms': arms,
            'valid': not any('void' in r for r in arms.values())}


def main():
    ap = argparse.ArgumentParser(description=__doc__,
                                 formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument('--reps', type=int, default=5)
    ap.add_argument('--commit', default='unknown', help='goes into the JSON')
    ap.add_argument('--settle', type=int, default=5, help='seconds to wait first')
    ap.add_argument('tool', nargs='*', help='a name or the beginning of one')
    args = ap.parse_args()

    chosen = [t for t in TOOLS if not args.tool or any(t.name.startswith(a) for a in args.tool)]
    if not chosen:
        sys.exit('no such tool; have: ' + ', '.join(t.name for t in TOOLS))
    subprocess.run(['modprobe', 'pairfuse'], check=True)
    time.sleep(args.settle)
    rows = [measure_tool(t, args.reps) for t in chosen]
    print(json.dumps({
        'schema': 1, 'benchmark': 'tool-cost', 'kernel': os.uname().release,
        'commit': args.commit, 'unit': 'instructions (icount) or ns', 'reps': args.reps, 'rows': rows,
    }))
    sys.exit(0 if all(r['valid'] for r in rows) else 1)


if __name__ == '__main__':
    main()
