# SPDX-License-Identifier: GPL-2.0
#
# Random pairs, and fuzzing with libFuzzer; see README.md here.
#
#: fuzz               libFuzzer on object reader and analysis: FUZZ_TIME=seconds each

FUZZ_DIR	:= $(B)/tests/fuzz
FUZZ_GEN	:= $(patsubst %,$(FUZZ_DIR)/%.o,code value stmt sub side case)
FUZZ_PAIRS	:= $(FUZZ_GEN) $(patsubst %,$(FUZZ_DIR)/%.o,pairs check damage)

# Cases of `make check-unit`: two pairs in each, nearly. Sanitizers are slow.
ifeq ($(SANITIZE),1)
FUZZ_COUNT	?= 12000
FUZZ_DAMAGE	?= 100
else
FUZZ_COUNT	?= 20000
FUZZ_DAMAGE	?= 1000
endif

$(FUZZ_PAIRS): PF_CPPFLAGS += -Iloader/lib -Itests/unit

$(FUZZ_DIR)/pairs: $(FUZZ_PAIRS) $(UNIT_COMMON) $(B)/libpairfuse.a
	$(call say,LD,$@)
	$(Q)$(CC) $(PF_LDFLAGS) $(LDFLAGS) -o $@ $^ $(PF_LDLIBS)

.PHONY: check-fuzz-run
check-fuzz-run: $(FUZZ_DIR)/pairs
	$(Q)echo '== random pairs'; $(FUZZ_DIR)/pairs --count $(FUZZ_COUNT) --least 60
	$(Q)$(FUZZ_DIR)/pairs --damage --count $(FUZZ_DAMAGE) --least 40

check-unit-run: check-fuzz-run

-include $(FUZZ_PAIRS:.o=.d)
