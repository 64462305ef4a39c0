# SPDX-License-Identifier: GPL-2.0
#
# What becomes of the tools that people run: libbpf-tools of Debian 13.
#
#: tools-table        write loader/TOOLS.md anew (TOOLS=DIR: where the tools are)
#: check-tools        is loader/TOOLS.md right? As root: does this kernel take it?
#: check-tools-vm     the same on the kernels of KERNELS, with stacks compared

TOOLS		?= $(firstword $(wildcard build/vm/base-*/root/usr/sbin) /usr/sbin)
TOOLS_PROGS	:= $(B)/tests/tools/load-all $(B)/tests/tools/stack.bpf.o

$(B)/tests/tools/load_all.o: PF_CPPFLAGS += -Iloader/lib

$(B)/tests/tools/load-all: $(B)/tests/tools/load_all.o $(B)/libpairfuse.a
	$(call say,LD,$@)
	$(Q)$(CC) $(PF_LDFLAGS) $(LDFLAGS) -o $@ $^ $(PF_LDLIBS)

$(B)/tests/tools/stack.bpf.o: tests/tools/stack.bpf.c bpf/refuse/case.bpf.h
	$(call say,BPF,$@)
	@mkdir -p $(@D)
	$(Q)$(CLANG) -O2 -g -target bpf -mcpu=v3 -Wall -Ibpf/refuse -c -o $@ $<

.PHONY: tools-table check-tools check-tools-vm
tools-table: $(B)/pairfuse
	$(Q)tests/tools/table $(B)/pairfuse $(TOOLS) >loader/TOOLS.md.new
	$(Q)mv loader/TOOLS.md.new loader/TOOLS.md

check-tools: $(B)/pairfuse $(TOOLS_PROGS)
	$(Q)tests/tools/check $(B) $(TOOLS)

check-tools-vm: $(B)/pairfuse $(TOOLS_PROGS)
	$(Q)set -e; for k in $(KERNELS); do \
		scripts/vm run -k $$k --timeout 900 --share . -- /share/tests/tools/check /share/$(B); done

-include $(B)/tests/tools/load_all.d
