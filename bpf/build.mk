# SPDX-License-Identifier: GPL-2.0
#
# BPF objects: $(B)/bpf/NAME.bpf.o from bpf/NAME.bpf.c, and those that the
# tests need from bpf/refuse/ and tests/vm/bpf/.
#
#: bpf                the BPF objects
#: vmlinux.h          kernel types for them, out of BTF (see VMLINUX)

# Where there is no BTF of this machine (a container without /sys), the VM's
# kernel will do.
VM_VMLINUX	:= $(or $(PAIRFUSE_VM_DIR),$(O)/vm)/base-*/root/usr/src/linux-headers-*/vmlinux
VMLINUX		?= $(firstword $(wildcard /sys/kernel/btf/vmlinux $(KDIR)/vmlinux $(VM_VMLINUX)))
VMLINUX_H	:= $(B)/bpf/vmlinux.h
BPF_OBJS	:= $(patsubst %.bpf.c,$(B)/%.bpf.o,$(wildcard bpf/*.bpf.c))
BPF_REFUSE_OBJS	:= $(patsubst %.bpf.c,$(B)/%.bpf.o,$(wildcard bpf/refuse/*.bpf.c))
BPF_TEST_OBJS	:= $(patsubst %.bpf.c,$(B)/%.bpf.o,$(wildcard tests/vm/bpf/*.bpf.c))

# v3 is what clang and every supported kernel agree on (19 would take v4, whose
# sign extending loads the tests of clang 14 would never see).
BPF_CFLAGS	:= -O2 -g -target bpf -mcpu=v3 -D__TARGET_ARCH_x86 -Wall \
		   -I$(B)/bpf -Ibpf -Iinclude -Iinclude/uapi

.PHONY: vmlinux.h
bpf: $(BPF_OBJS) $(BPF_REFUSE_OBJS) $(BPF_TEST_OBJS)
vmlinux.h: $(VMLINUX_H)

# BTF in sysfs has no useful time stamp: it is dumped once and stays until
# `make clean`. CO-RE makes any kernel's types good for every other.
$(VMLINUX_H):
	$(call say,BTF,$@)
	@test -n "$(VMLINUX)" || { echo 'vmlinux.h: no BTF in /sys/kernel/btf, KDIR or the VM: set VMLINUX=FILE, or make the VM first (scripts/vm build)' >&2; exit 1; }
	@test -x "$(BPFTOOL)" || { echo 'vmlinux.h: bpftool is missing: apt install bpftool' >&2; exit 1; }
	@mkdir -p $(@D)
	$(Q)$(BPFTOOL) btf dump file $(VMLINUX) format c > $@.tmp
	@mv $@.tmp $@

# llvm-strip -g takes the DWARF and leaves BTF and line information.
$(B)/%.bpf.o: %.bpf.c $(VMLINUX_H)
	$(call say,BPF,$@)
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_CFLAGS) -MMD -MP -c -o $@ $<
	$(Q)$(LLVM_STRIP) -g $@

-include $(patsubst %.o,%.d,$(BPF_OBJS) $(BPF_REFUSE_OBJS) $(BPF_TEST_OBJS))
