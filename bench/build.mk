# SPDX-License-Identifier: GPL-2.0
#
# Benchmarks run in the VM (scripts/vm run --icount); what the guest needs is in
# bench/guest/ and installed below $(PREFIX)/lib/pairfuse/bench.
#
#: bench-micro        instructions per traced call, per kernel; JSON in $(O)/bench
#: bench-iozone       file throughput without, with split, with fused fsdist
#: bench-tools        instructions per event, for each tool; bench/TOOLS-COST.md
#: bench-vm           the guest's benchmark programs
#: install-bench      all of them below $(DESTDIR)$(PREFIX)/lib/pairfuse/bench

BENCH_PROGS	:= $(patsubst %.c,$(B)/%,$(wildcard bench/guest/*.c))
BENCH_DIR	:= $(DESTDIR)$(PREFIX)/lib/pairfuse/bench

.PHONY: bench-vm install-bench bench-tools
bench-vm: $(BENCH_PROGS)

$(BENCH_PROGS): %: %.o
	$(call say,LD,$@)
	$(Q)$(CC) $(PF_LDFLAGS) $(LDFLAGS) -o $@ $<

install-bench: bench-vm
	$(call say,INSTALL,$(BENCH_DIR))
	$(Q)install -d $(BENCH_DIR)
	$(Q)install -m 755 $(BENCH_PROGS) bench/guest/*.py $(BENCH_DIR)

bench-micro:
	$(Q)set -e; for k in $(KERNELS); do bench/call-cost -k $$k -o $(O)/bench; done

bench-tools:
	$(Q)set -e; for k in $(KERNELS); do bench/tool-cost -k $$k -o $(O)/bench --write; done

bench-iozone:
	$(Q)bench/iozone -k $(firstword $(KERNELS)) -o $(O)/bench

-include $(BENCH_PROGS:%=%.d)
