#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""load.py N: known system calls, when told.

Says `ready PID LOCK` (LOCK: the address of a futex), then for each line of
standard input does what it says and answers `done`. In between it does nothing,
and nothing is imported or opened then. Its name is `load`. A line is

    [as UID] [threads | last] KIND

KIND is a function kind_KIND below, which does its calls N times; `threads`: in
four threads, two to a CPU; `as UID`: in a child that is this user; `last KIND`:
the kind's marker, once on each CPU. Events of one CPU arrive in order, so who
has seen the markers has seen everything.
"""
import ctypes
import mmap
import os
import signal
import socket
import struct
import sys
import threading

libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
n = int(sys.argv[1])
scratch = '/scratch'
cpus = sorted(os.sched_getaffinity(0))
SYS_open, SYS_futex, SYS_tkill, SYS_tgkill = 2, 202, 200, 234
FUTEX_WAIT, FUTEX_WAKE = 0, 1
PR_SET_PDEATHSIG = 1

shared = mmap.mmap(-1, mmap.PAGESIZE)
word = ctypes.c_uint32.from_buffer(shared)
lock = ctypes.addressof(word)


def failing(fn, *args):
    try:
        fn(*args)
    except OSError:
        return
    sys.exit(f'load.py: {fn.__name__}{args} did not fail')


def call_me(name):
    with open('/proc/self/comm', 'w', encoding='ascii') as f:
        f.write(name)


def child(fn, *args):
    """In a process of its own, whose end is awaited."""
    pid = os.fork()
    if not pid:
        try:
            fn(*args)
            os._exit(0)
        finally:
            os._exit(1)
    if os.waitpid(pid, 0)[1]:
        sys.exit(f'load.py: {fn.__name__}{args} failed')


# --- kinds; w: which of the threads, or 'last' ---

def kind_open(w):
    for _ in range(1 if w == 'last' else n):
        os.close(os.open(f'{scratch}/there.{w}', os.O_RDWR | os.O_CREAT, 0o666))
        fd = libc.syscall(SYS_open, f'{scratch}/there.{w}'.encode(), os.O_RDONLY)
        os.close(fd)
        failing(os.open, f'{scratch}/nowhere.{w}', os.O_RDONLY)


def kind_stat(w):
    if w == 'last':
        failing(os.stat, '/last')
        return
    for _ in range(n):
        os.stat(scratch)
        failing(os.stat, f'{scratch}/nowhere.{w}')
        os.statvfs(scratch)
        os.lstat(scratch)


def kind_kill(w):
    if w == 'last':
        failing(os.kill, 0x3ffffff0, signal.SIGUSR2)
        return
    for _ in range(n):
        os.kill(os.getpid(), signal.SIGUSR1)
        os.kill(os.getpid(), 0)
        failing(os.kill, 0x3ffffff0, signal.SIGUSR1)
        libc.syscall(SYS_tkill, os.getpid(), signal.SIGUSR1)
        libc.syscall(SYS_tgkill, os.getpid(), os.getpid(), signal.SIGWINCH)


def kind_signal(w):
    os.kill(os.getpid(), signal.SIGUSR2)


def kind_bind(w):
    if w == 'last':
        with socket.socket(type=socket.SOCK_DGRAM) as s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            s.bind(('127.0.0.1', 9999))
        return
    for i in range(n):
        port = 20000 + 1000 * w + i
        with socket.socket() as a, socket.socket(socket.AF_INET6) as b:
            a.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            a.bind(('127.0.0.1', port))
            b.bind(('::1', port))
            with socket.socket() as c:
                failing(c.bind, ('127.0.0.1', port))


def refused(family, address):
    with socket.socket(family) as s:
        failing(s.connect, address)


def kind_connect(w):
    if w == 'last':
        refused(socket.AF_INET, ('127.0.0.1', 99))
        return
    for _ in range(n):
        refused(socket.AF_INET, ('127.0.0.1', 9))
        refused(socket.AF_INET6, ('::1', 9))


def kind_mapped(w):
    """tcp_v6_connect() calls tcp_v4_connect()."""
    for _ in range(n):
        refused(socket.AF_INET6, ('::ffff:127.0.0.1', 9))


def kind_unreachable(w):
    """Fails inside of tcp_v4_connect()."""
    for _ in range(n):
        refused(socket.AF_INET, ('240.0.0.1', 9))


def talk(family, any_address, address, port):
    with socket.socket(family) as server, socket.socket(family) as client:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            server.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        server.bind((any_address, port))
        server.listen(1)
        client.connect((address, port))
        server.accept()[0].close()


def kind_talk(w):
    """Connections that are accepted and closed."""
    if w == 'last':
        talk(socket.AF_INET, '127.0.0.1', '127.0.0.1', 9997)
        return
    for _ in range(n):
        talk(socket.AF_INET, '127.0.0.1', '127.0.0.1', 5000 + w)
        talk(socket.AF_INET6, '::1', '::1', 5100 + w)
        talk(socket.AF_INET6, '::', '::ffff:127.0.0.1', 5200 + w)


def kind_listen(w):
    if w == 'last':
        with socket.socket() as s:
            s.listen(77)
        return
    for i in range(n):
        with socket.socket() as a, socket.socket(socket.AF_INET6) as b:
            a.bind(('127.0.0.1', 30000 + 1000 * w + i))
            a.listen(i)
            a.listen(i + 1)
            b.bind(('::1', 30000 + 1000 * w + i))
            b.listen(5)
    for _ in range(n):
        with socket.socket(type=socket.SOCK_DGRAM) as s:
            failing(s.listen, 1)


def kind_life(w):
    for i in range(1 if w == 'last' else n):
        path = f'{scratch}/short.{w}.{i}'
        os.close(os.open(path, os.O_CREAT | os.O_EXCL))
        os.unlink(path)
        failing(os.unlink, f'{scratch}/nowhere')
        failing(os.unlink, '/')
        if w == 'last':
            continue
        # made once, unlinked by two names: only the first is a short life
        os.close(os.open(path, os.O_CREAT | os.O_EXCL))
        os.link(path, f'{path}.second')
        os.unlink(f'{path}.second')
        os.unlink(path)


def kind_mount(w):
    here = scratch.encode()
    if w == 'last':
        libc.mount(b'none', b'/last', b'tmpfs', 0, None)
        return
    for _ in range(n):
        libc.mount(b'none', here, b'tmpfs', 0, b'size=1m')
        libc.umount(here)
        libc.mount(b'none', b'/nowhere', b'tmpfs', 0, None)
        libc.umount(b'/nowhere')


def kind_chown(w):
    if w == 'last':
        os.chroot('/')
        return
    for _ in range(n):
        os.chown(f'{scratch}/there.0', 1, 1)
        os.chown(f'{scratch}/there.0', 0, 0)


def kind_denied(w):
    """For a user who is not root."""
    if w == 'last':
        failing(os.chroot, '/')
        return
    for _ in range(n):
        failing(socket.sethostname, 'vm')


def futex(op, value, timeout=None):
    at = ctypes.byref(ctypes.create_string_buffer(struct.pack('qq', 0, timeout))) \
        if timeout else None
    return libc.syscall(SYS_futex, ctypes.c_void_p(lock), op, value, at, None, 0)


def wait_n_times(told):
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    for _ in range(n):
        if futex(FUTEX_WAIT, 0):
            os._exit(1)
    os.write(told, b'x')
    signal.pause()      # who is asked for its symbols has to be there


def kind_futex(w):
    """Waits that are woken, that fail at once, and that time out."""
    done, told = os.pipe()
    if not os.fork():
        wait_n_times(told)
    os.close(told)
    for _ in range(n):
        while not futex(FUTEX_WAKE, 1):
            os.sched_yield()
    if not os.read(done, 1):
        sys.exit('load.py: a futex was not waited for')
    os.close(done)
    for _ in range(n):
        futex(FUTEX_WAIT, 1)
        futex(FUTEX_WAIT, 0, 1000)


def kind_exec(w):
    if w == 'last':
        child(os.execv, '/bin/true', ['true', 'last'])
        return
    for _ in range(n // 4):
        child(os.execv, '/bin/true', ['true', 'a', 'b "c"\t'])
        child(os.execv, '/bin/true', ['true'] + [str(i) for i in range(30)])
        child(os.execv, '/bin/true', ['true', 'x' * 300, 'y'])
        child(failing, os.execv, '/bin/nowhere', ['nowhere', 'z'])
        child(failing, os.execv, '/etc/passwd', ['passwd'])


def kind_exec_cold(w):
    """With strings in pages that the process has not touched yet."""
    path = f'{scratch}/cold'
    with open(path, 'wb') as f:
        f.write(b'/bin/true\0'.ljust(mmap.PAGESIZE, b'\0') + b'cold\0')
    with open(path, 'rb') as f:
        for _ in range(n // 4):
            pages = mmap.mmap(f.fileno(), 0, flags=mmap.MAP_PRIVATE)
            address = ctypes.addressof(ctypes.c_char.from_buffer(pages))
            argv = (ctypes.c_void_p * 3)(address, address + mmap.PAGESIZE, None)
            child(libc.execve, ctypes.c_void_p(address), argv, None)


def kind_exec_thread(w):
    """By a thread that is not the leader, whose id becomes the leader's."""
    def both():
        t = threading.Thread(target=os.execv, args=('/bin/true', ['true', 'thread']))
        t.start()
        signal.pause()
    for _ in range(n // 4):
        child(both)


def kind_pipe(w):
    data = b'the end' if w == 'last' else b'x'
    for _ in range(1 if w == 'last' else n):
        r, t = os.pipe()
        os.write(t, data)
        os.read(r, len(data))
        os.close(r)
        os.close(t)


def kind_sync(w):
    """Writes that sync: the write calls the file system's fsync."""
    fd = os.open(f'{scratch}/sync.{w}', os.O_CREAT | os.O_WRONLY | os.O_DSYNC)
    for _ in range(n):
        os.pwrite(fd, b'x' * 4096, 0)
    os.close(fd)


def kind_reclaim(w):
    """More huge pages than there is memory: the kernel has to look for some. Brings
    its own marker: the second time it is called `last`."""
    os.sched_setaffinity(0, cpus[:1])
    for name in 'load', 'last':
        call_me(name)
        for pages in '1000000', '0':
            with open('/proc/sys/vm/nr_hugepages', 'w', encoding='ascii') as f:
                f.write(pages)
    call_me('load')
    os.sched_setaffinity(0, cpus)


# --- lines ---

def by_threads(kind):
    finished = []

    def one(w):
        os.sched_setaffinity(0, {cpus[w % len(cpus)]})
        kind(w)
        finished.append(w)
    threads = [threading.Thread(target=one, args=(w,)) for w in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    if len(finished) != len(threads):
        sys.exit('load.py: a thread failed')


def as_user(uid, words):
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
    do(words)


def last(kind):
    for cpu in cpus:
        os.sched_setaffinity(0, {cpu})
        kind('last')
    os.sched_setaffinity(0, cpus)


def do(words):
    if words[0] == 'as':
        child(as_user, int(words[1]), words[2:])
        return
    kind = globals()['kind_' + words[-1]]
    if words[0] == 'threads':
        by_threads(kind)
    elif words[0] == 'last':
        last(kind)
    else:
        kind(0)


call_me('load')
os.umask(0)
for sig in signal.SIGUSR1, signal.SIGUSR2:
    signal.signal(sig, signal.SIG_IGN)
for who in (0, 1, 2, 3, 'last'):
    kind_open(who)
print('ready', os.getpid(), hex(lock), flush=True)
for line in sys.stdin:
    do(line.split())
    print('done', flush=True)
