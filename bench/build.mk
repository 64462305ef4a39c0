# SPDX-License-Identifier: GPL-2.0
#
# Benchmarks run in the VM (scripts/vm run --icount); what the guest needs is in
# bench/guest/, bench/bpf/ and bench/kmod/ and installed below
# $(PREFIX)/lib/pairfuse/bench. Pictures need gnuplot: scripts/deps bench.
#
#: bench-micro        instructions per traced call, all arms, per kernel; into $(O)/bench
#: bench-iozone       IOzone without, with the packaged, with fused fsdist; per kernel
#: bench-fio          the same with fio
#: bench-tools        instructions per event, for each tool; bench/TOOLS-COST.md
#: bench-retstack     what unbalanced returns cost, on this machine, in user space
#: bench-vm           the guest's benchmark programs
#: kmod-bench         the benchmarks' module for KDIR, as $(O)/pairfuse_bench.ko
#: install-bench      all of them below $(DESTDIR)$(PREFIX)/lib/pairfuse/bench

BENCH_PROGS	:= $(patsubst %.c,$(B)/%,$(wildcard bench/guest/*.c))
BENCH_DIR	:= $(DESTDIR)$(PREFIX)/lib/pairfuse/bench
BENCH_STATES	:= 8 16 24 32 64
BENCH_MANY	:= 1 50 200
BENCH_OBJS	:= $(addprefix $(B)/bench/bpf/,$(addsuffix .bpf.o,kprobe syscall task fsession empty \
		   $(BENCH_STATES:%=state%) $(BENCH_MANY:%=many%)))

.PHONY: bench-vm install-bench kmod-bench bench-fio bench-tools bench-retstack
bench-vm: $(BENCH_PROGS) $(BENCH_OBJS)

$(B)/bench/guest/%.o: PF_CPPFLAGS += -Iloader/lib -Ibench/kmod -Itests/vm/kmod

$(BENCH_PROGS): %: %.o $(B)/libpairfuse.a
	$(call say,LD,$@)
	$(Q)$(CC) $(PF_LDFLAGS) $(LDFLAGS) -o $@ $^ $(PF_LDLIBS)

BENCH_BPF = $(call say,BPF,$@); mkdir -p $(@D) && \
	$(CLANG) $(BPF_CFLAGS) -Ibench/kmod -MMD -MP $(1) -c -o $@ $< && $(LLVM_STRIP) -g $@

$(B)/bench/bpf/%.bpf.o: bench/bpf/%.bpf.c $(VMLINUX_H)
	$(Q)$(call BENCH_BPF,)
$(BENCH_STATES:%=$(B)/bench/bpf/state%.bpf.o): $(B)/bench/bpf/state%.bpf.o: bench/bpf/state.bpf.c $(VMLINUX_H)
	$(Q)$(call BENCH_BPF,-DSTATE_SIZE=$*)
$(BENCH_MANY:%=$(B)/bench/bpf/many%.bpf.o): $(B)/bench/bpf/many%.bpf.o: bench/bpf/many.bpf.c $(VMLINUX_H)
	$(Q)$(call BENCH_BPF,-DMANY=$*)

install-bench: bench-vm
	$(call say,INSTALL,$(BENCH_DIR))
	$(Q)install -d $(BENCH_DIR)
	$(Q)install -m 755 $(BENCH_PROGS) bench/guest/*.py $(BENCH_DIR)
	$(Q)install -m 644 $(BENCH_OBJS) $(BENCH_DIR)

# As kmod/build.mk does it: kbuild gets a copy, because it writes beside its sources.
KMOD_BENCH_TREE	:= $(O)/kbuild-bench
KMOD_BENCH_SRC	:= $(wildcard bench/kmod/*.[ch]) bench/kmod/Kbuild bpf/hist.bpf.h

kmod-bench: $(O)/pairfuse_bench.ko

$(O)/pairfuse_bench.ko: $(KMOD_BENCH_SRC) $(KMOD_TREE)/release | kmod-supported
	$(call say,KBUILD,$@)
	@mkdir -p $(KMOD_BENCH_TREE)
	@cp $(KMOD_BENCH_SRC) $(KMOD_BENCH_TREE)
	$(Q)$(call KBUILD,$(KMOD_BENCH_TREE)) modules
	@cp $(KMOD_BENCH_TREE)/pairfuse_bench.ko $@

bench-micro:
	$(Q)set -e; for k in $(KERNELS); do bench/call-cost -k $$k -o $(O)/bench; done
	$(Q)bench/plot $(O)/bench/micro $(KERNELS:%=$(O)/bench/call-cost-%.json)

bench-iozone bench-fio: bench-%:
	$(Q)set -e; for k in $(KERNELS); do bench/files -k $$k -o $(O)/bench $*; done
	$(Q)bench/plot $(O)/bench/$* $(KERNELS:%=$(O)/bench/$*-%.json)

bench-tools:
	$(Q)set -e; for k in $(KERNELS); do bench/tool-cost -k $$k -o $(O)/bench --write; done

$(B)/bench/retstack: $(B)/bench/retstack.o
	$(call say,LD,$@)
	$(Q)$(CC) $(PF_LDFLAGS) $(LDFLAGS) -o $@ $<

bench-retstack: $(B)/bench/retstack
	$(Q)$<

-include $(BENCH_PROGS:%=%.d) $(BENCH_OBJS:%.o=%.d) $(B)/bench/retstack.d
