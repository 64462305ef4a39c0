# SPDX-License-Identifier: GPL-2.0
#
# The interposer against a mocked kernel: its files, but for the system calls
# (sys.c), the libc functions (interpose.c) and the analysis (engine.c).

PRELOAD_MOCKED	:= sys interpose engine libbpf_stderr
PRELOAD_TESTED	:= $(filter-out $(PRELOAD_MOCKED:%=%.c),$(notdir $(wildcard loader/preload/*.c)))
PRELOAD_TEST_OBJS := $(patsubst %.c,$(B)/%.o,$(wildcard tests/preload/*.c))

$(PRELOAD_TEST_OBJS): PF_CPPFLAGS += -Iloader/lib -Iloader/preload -Itests/preload

$(B)/tests/preload/test_preload: $(PRELOAD_TEST_OBJS) \
		$(PRELOAD_TESTED:%.c=$(B)/loader/preload/%.o) $(B)/libpairfuse.a
	$(call say,LD,$@)
	$(Q)$(CC) $(PF_LDFLAGS) $(LDFLAGS) -o $@ $^ -lcmocka $(PF_LDLIBS)

.PHONY: check-preload-run
check-preload-run: $(B)/tests/preload/test_preload
	$(Q)echo "== $<"; $<

check-unit-run: check-preload-run

-include $(PRELOAD_TEST_OBJS:.o=.d)
