#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""run_load.py N: known system calls, when told.

Says `ready PID`, then for each line of standard input (the name of a kind of
load below) does it N times and answers `done`. Nothing is imported or opened in
between.
"""
import ctypes
import os
import signal
import socket
import sys

libc = ctypes.CDLL(None, use_errno=True)
n = int(sys.argv[1])
here = b'/scratch'


def failing(fn, *args):
    try:
        fn(*args)
    except OSError:
        pass


def load_open():
    for _ in range(n):
        os.close(os.open('/scratch/there', os.O_RDWR | os.O_CREAT))
        failing(os.open, '/scratch/nowhere', os.O_RDONLY)


def load_stat():
    for _ in range(n):
        os.stat('/scratch')
        failing(os.stat, '/scratch/nowhere')
        os.statvfs('/scratch')
        os.lstat('/scratch')


def load_kill():
    for _ in range(n):
        os.kill(os.getpid(), signal.SIGUSR1)
        os.kill(os.getpid(), 0)
        failing(os.kill, 0x3ffffff0, signal.SIGUSR1)


def load_bind():
    for i in range(n):
        with socket.socket(socket.AF_INET) as a, socket.socket(socket.AF_INET6) as b:
            a.bind(('127.0.0.1', 20000 + i))
            b.bind(('::1', 21000 + i))
            with socket.socket(socket.AF_INET) as c:
                failing(c.bind, ('127.0.0.1', 20000 + i))


def connect(family, address):
    with socket.socket(family) as s:
        failing(s.connect, address)


def load_connect():
    for _ in range(n):
        connect(socket.AF_INET, ('127.0.0.1', 9))
        connect(socket.AF_INET6, ('::1', 9))


def load_mapped():
    for _ in range(n):
        connect(socket.AF_INET6, ('::ffff:127.0.0.1', 9))


def load_mount():
    for _ in range(n):
        libc.mount(b'none', here, b'tmpfs', 0, b'size=1m')
        libc.umount(here)
        libc.mount(b'none', b'/nowhere', b'tmpfs', 0, None)


def load_chown():
    for _ in range(n):
        os.chown('/scratch/there', 1, 1)
        os.chown('/scratch/there', 0, 0)


signal.signal(signal.SIGUSR1, signal.SIG_IGN)
load_open()
print('ready', os.getpid(), flush=True)
for line in sys.stdin:
    globals()['load_' + line.strip()]()
    print('done', flush=True)
