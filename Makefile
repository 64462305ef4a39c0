# SPDX-License-Identifier: GPL-2.0
#
# pairfuse: `make help` lists the targets.
#
# Variables:
#   V=1              show the commands
#   O=DIR            where built files go (default: build)
#   KDIR=DIR         kernel build tree for `make kmod`, `install-kmod`, `dkms-install`
#                    (default: /lib/modules/$(uname -r)/build)
#   CC, CLANG, LLVM_STRIP, BPFTOOL, CLANG_FORMAT   tools
#   CFLAGS, LDFLAGS  added to our own
#   SANITIZE=1       user space with ASan and UBSan, in $(O)/san
#   VMLINUX=FILE     where vmlinux.h comes from (default: the running kernel's
#                    BTF, else that of KDIR or of the VM's kernel)
#   DESTDIR, PREFIX  for `make install` (default prefix: /usr/local); DESTDIR also
#                    for `install-kmod` and `dkms-install`

MAKEFLAGS += --no-builtin-rules
.SUFFIXES:
.DELETE_ON_ERROR:
.SECONDEXPANSION:

O	?= build
ifeq ($(SANITIZE),1)
B	:= $(O)/san
else
B	:= $(O)
endif

ifeq ($(origin CC),default)
CC	:= gcc
endif
CLANG		?= clang
LLVM_STRIP	?= $(firstword $(shell command -v llvm-strip llvm-strip-19 llvm-strip-14) llvm-strip)
BPFTOOL		?= $(firstword $(shell command -v bpftool) /usr/sbin/bpftool)
CLANG_FORMAT	?= clang-format
KDIR		?= /lib/modules/$(shell uname -r)/build
PREFIX		?= /usr/local
VERSION		:= 0.1.0

ifeq ($(V),1)
Q :=
say = @:
else
Q := @
say = @printf '  %-7s %s\n' $(1) $(2)
endif

PF_CPPFLAGS	:= -Iinclude -Iinclude/uapi -D_GNU_SOURCE \
		   -DPAIRFUSE_VERSION='"$(VERSION)"'
PF_CFLAGS	:= -std=gnu11 -O2 -g -Wall -Wextra -Wno-unused-parameter \
		   -Wmissing-prototypes -Wstrict-prototypes -Werror=unused-function \
		   -fvisibility=hidden -MMD -MP
PF_LDLIBS	:= -lbpf -lelf -lz
ifeq ($(SANITIZE),1)
PF_CFLAGS	+= -fsanitize=address,undefined -fno-sanitize-recover=all \
		   -fno-omit-frame-pointer -O1
PF_LDFLAGS	:= -fsanitize=address,undefined
endif

.PHONY: all kmod lib cli bpf check check-unit check-vm check-debug check-fp vm vm-shell check-style \
	bench-micro bench-iozone demo install uninstall clean help deps
all: lib cli bpf

include loader/build.mk
include bpf/build.mk
include kmod/build.mk
include tests/build.mk
include bench/build.mk
include scripts/build.mk

$(B)/%.o: %.c
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(PF_CPPFLAGS) $(CPPFLAGS) $(PF_CFLAGS) $(CFLAGS) -c -o $@ $<

clean:
	$(call say,CLEAN,$(O))
	$(Q)find $(O) -mindepth 1 -maxdepth 1 ! -name vm ! -name compilers -exec rm -rf {} +

help:
	@sed -n 's/^#   //p' Makefile | sed '/^$$/d' | sed 's/^/    /' | sed '1i Variables:'
	@echo 'Targets:'
	@cat */build.mk */*/build.mk | sed -n 's/^#: \([a-z.-]*\) *\(.*\)/    \1\t\2/p' | expand -t 24
