# SPDX-License-Identifier: GPL-2.0
#
# Unit tests: one program for each file tests/unit/test_NAME.c, plus the
# analysis cases (tests/cases, bpf/refuse) as data.
#
#: check-unit         unit tests and analysis cases, plain and with sanitizers
#: verdicts           write tests/cases/VERDICTS.md anew: what explain says of the cases

UNIT_TESTS	:= $(patsubst tests/unit/%.c,$(B)/tests/unit/%,$(wildcard tests/unit/test_*.c))
UNIT_COMMON	:= $(patsubst %.c,$(B)/%.o,$(filter-out tests/unit/test_%.c %.bpf.c,$(wildcard tests/unit/*.c)))
# what test_object.c and test_cli.sh open; beside the test programs
UNIT_BPF	:= $(patsubst %.bpf.c,$(B)/%.bpf.o,$(wildcard tests/unit/*.bpf.c))
CASE_SRCS	:= $(wildcard tests/cases/*.bpf.c bpf/refuse/*.bpf.c)
CASE_OBJS	:= $(patsubst %.bpf.c,$(B)/tests/cases/%.bpf.o,$(CASE_SRCS))
# what only explain opens
EXPLAIN_OBJS	:= $(patsubst %.bpf.c,$(B)/tests/cases/%.bpf.o,$(wildcard tests/cases/explain/*.bpf.c))

UNIT_OBJS	:= $(UNIT_COMMON) $(patsubst $(B)/%,$(B)/%.o,$(UNIT_TESTS))
$(UNIT_OBJS): PF_CPPFLAGS += -Iloader/lib -Itests/unit

# -mcpu=v3 as in bpf/build.mk; -g for BTF, which maps need.
$(B)/tests/cases/%.bpf.o: %.bpf.c bpf/refuse/case.bpf.h
	$(call say,BPF,$@)
	@mkdir -p $(@D)
	$(Q)$(CLANG) -O2 -g -target bpf -mcpu=v3 -Wall -Ibpf/refuse -c -o $@ $<

$(UNIT_TESTS): $(B)/tests/unit/%: $(B)/tests/unit/%.o $(UNIT_COMMON) $(B)/libpairfuse.a
	$(call say,LD,$@)
	$(Q)$(CC) $(PF_LDFLAGS) $(LDFLAGS) -o $@ $^ -lcmocka $(PF_LDLIBS)

.PHONY: check-unit-run
check-unit-run: $(UNIT_TESTS) $(CASE_OBJS) $(UNIT_BPF) $(BPF_OBJS) $(BPF_REFUSE_OBJS) $(B)/pairfuse
	$(Q)set -e; for t in $(filter-out %/test_cases %/test_mutate %/test_verified,$(UNIT_TESTS)); do \
		echo "== $$t"; $$t; done
	$(Q)echo '== test_cli.sh'; tests/unit/test_cli.sh $(B)
	$(Q)echo '== cases'; \
		$(B)/tests/unit/test_cases $(B)/tests/cases tests/cases bpf/refuse $(BPF_OBJS)
	$(Q)echo '== mutations'; $(B)/tests/unit/test_mutate $(CASE_OBJS)
	$(Q)echo '== verified mutations'; \
		$(B)/tests/unit/test_verified $(filter-out %/err-complex.bpf.o,$(CASE_OBJS))

$(EXPLAIN_OBJS): tests/cases/explain/pair.bpf.h

.PHONY: verdicts check-verdicts
verdicts: $(B)/pairfuse $(CASE_OBJS) $(EXPLAIN_OBJS)
	$(Q)tests/cases/table $(B)

check-verdicts: $(B)/pairfuse $(CASE_OBJS) $(EXPLAIN_OBJS)
	$(Q)echo '== verdicts'; tests/cases/table --check $(B)

# The sanitizers' build is a build of its own, in $(O)/san.
.PHONY: check-unit
check-unit: check-unit-run check-verdicts
ifneq ($(SANITIZE),1)
	$(Q)echo '== test_refused.sh'; tests/unit/test_refused.sh
	$(Q)echo '== test_completion.sh'; tests/unit/test_completion.sh
	$(Q)echo '== test_install.sh'; tests/unit/test_install.sh $(B)
	$(Q)$(MAKE) --no-print-directory SANITIZE=1 O=$(O) check-unit-run
endif

-include $(UNIT_OBJS:.o=.d)
