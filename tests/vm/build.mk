# SPDX-License-Identifier: GPL-2.0
#
# What runs in the VM: programs and scripts for the guest, a module of targets.
#
#: check              everything: unit tests, then VM tests on every kernel
#: check-vm           the VM tests (KERNELS="6.12 7.3" by default)
#: check-debug        the VM tests on a kernel with KASAN, lockdep, kmemleak, fault injection
#: check-fp           the VM tests on a kernel with frame pointers, without IBT and ORC
#: demo               fsdist fused on real file I/O, from a fresh clone
#: tests-vm           the guest's test programs
#: kmod-tests         the test modules for KDIR, as $(O)/pairfuse_*.ko
#: install-tests      all of them below $(DESTDIR)$(PREFIX)/lib/pairfuse/tests

KERNELS		?= 6.12 7.3
TESTS_VM_SRC	:= $(wildcard tests/vm/*.c)
TESTS_VM_PROGS	:= $(patsubst %.c,$(B)/%,$(wildcard tests/vm/prog/*.c))
TESTS_VM_SH	:= $(addprefix tests/vm/,run leaks lockdown mitigated list.calm list.busy list.debug list.ibt list.icount list.tools lib.sh \
		   json_of.py)
TESTS_DIR	:= $(DESTDIR)$(PREFIX)/lib/pairfuse/tests

.PHONY: tests-vm install-tests kmod-tests
tests-vm: $(B)/tests/vm/vmtest $(TESTS_VM_PROGS) $(BPF_TEST_OBJS)

TESTS_VM_CPPFLAGS := -Itests/vm -Wno-missing-field-initializers

$(B)/tests/vm/%.o: PF_CPPFLAGS += $(TESTS_VM_CPPFLAGS)

$(B)/tests/vm/vmtest: $(TESTS_VM_SRC:%.c=$(B)/%.o)
	$(call say,LD,$@)
	$(Q)$(CC) $(PF_LDFLAGS) $(LDFLAGS) -o $@ $^ $(PF_LDLIBS) -lpthread

$(TESTS_VM_PROGS): %: %.o
	$(call say,LD,$@)
	$(Q)$(CC) $(PF_LDFLAGS) $(LDFLAGS) -o $@ $< -lpthread

install-tests: tests-vm
	$(call say,INSTALL,$(TESTS_DIR))
	$(Q)install -d $(TESTS_DIR)/cli $(TESTS_DIR)/bpf $(TESTS_DIR)/refuse \
		$(TESTS_DIR)/tools
	$(Q)install -m 755 $(B)/tests/vm/vmtest $(TESTS_VM_PROGS) $(TESTS_VM_SH) $(TESTS_DIR)
	$(Q)install -m 644 tests/vm/cli/*.sh $(TESTS_DIR)/cli
	$(Q)install -m 755 tests/vm/tools/* $(TESTS_DIR)/tools
	$(Q)for o in $(BPF_TEST_OBJS); do install -m 644 $$o $(TESTS_DIR)/bpf; done
	$(Q)for o in $(BPF_REFUSE_OBJS); do install -m 644 $$o $(TESTS_DIR)/refuse; done

# As kmod/build.mk does it: kbuild gets a copy, because it writes beside its sources.
KMOD_TESTS_TREE	:= $(O)/kbuild-tests
KMOD_TESTS_SRC	:= $(wildcard tests/vm/kmod/*.[ch]) tests/vm/kmod/Kbuild

kmod-tests: $(O)/pairfuse_test.ko

$(O)/pairfuse_test.ko: $(KMOD_TESTS_SRC) $(KMOD_TREE)/release | kmod-supported
	$(call say,KBUILD,$@)
	@mkdir -p $(KMOD_TESTS_TREE)
	@cp $(KMOD_TESTS_SRC) $(KMOD_TESTS_TREE)
	$(Q)$(call KBUILD,$(KMOD_TESTS_TREE)) modules
	@cp $(KMOD_TESTS_TREE)/*.ko $(O)

demo:
	$(Q)scripts/demo

check-vm:
	$(Q)tests/vm/check $(KERNELS)

# The first time, that kernel is compiled.
check-debug:
	$(Q)scripts/vm build -k debug
	$(Q)tests/vm/check debug

check-fp:
	$(Q)scripts/vm build -k fp
	$(Q)tests/vm/check fp

# Each part prints `N passed, N failed`; the last line is their sum.
check:
	$(Q)MAKE='$(MAKE)' tests/vm/check --all $(KERNELS)

-include $(TESTS_VM_SRC:%.c=$(B)/%.d) $(TESTS_VM_PROGS:%=%.d)
