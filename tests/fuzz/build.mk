# SPDX-License-Identifier: GPL-2.0
#
# Random pairs, and fuzzing with libFuzzer; see README.md here.
#
#: fuzz               libFuzzer on object reader and analysis, FUZZ_TIME=seconds for each
#: fuzz-pairs         COUNT random pairs (2000000), SEED=, JOBS=
#: fuzz-c             random pairs as C source, by COMPILERS=, COUNT= sources or PAIRS=, SEED=

FUZZ_DIR	:= $(B)/tests/fuzz
FUZZ_GEN	:= $(patsubst %,$(FUZZ_DIR)/%.o,code value stmt place shape sub side case)
FUZZ_PAIRS	:= $(FUZZ_GEN) $(patsubst %,$(FUZZ_DIR)/%.o,pairs check oracle damage verify)

# Cases of `make check-unit`: two pairs in each, nearly. Sanitizers are slow.
ifeq ($(SANITIZE),1)
FUZZ_COUNT	?= 5000
FUZZ_DAMAGE	?= 100 --least 30
FUZZ_C_COUNT	?= 10
else
FUZZ_COUNT	?= 20000
FUZZ_DAMAGE	?= 1000 --least 40
endif

$(FUZZ_DIR)/pairs: $(FUZZ_PAIRS) $(UNIT_COMMON) $(B)/libpairfuse.a
	$(call say,LD,$@)
	$(Q)$(CC) $(PF_LDFLAGS) $(LDFLAGS) -o $@ $^ $(PF_LDLIBS)

# Sources for compilers, and what is made of them.
FUZZ_SOURCES	:= $(patsubst %,$(FUZZ_DIR)/%.o,sources src_text src_func src_value src_stmt \
			src_output src_side src_file code)

$(FUZZ_DIR)/sources: $(FUZZ_SOURCES)
	$(call say,LD,$@)
	$(Q)$(CC) $(PF_LDFLAGS) $(LDFLAGS) -o $@ $^

$(FUZZ_DIR)/objects: $(FUZZ_DIR)/objects.o $(FUZZ_DIR)/code.o $(B)/libpairfuse.a
	$(call say,LD,$@)
	$(Q)$(CC) $(PF_LDFLAGS) $(LDFLAGS) -o $@ $^ $(PF_LDLIBS)

# Compilers that are named are those of the trees (scripts/deps fuzz-c) or commands.
SEED		?= 1
JOBS		?= $(shell nproc)
COMPILERS	?= $(CLANG) clang-19 clang-21 bpf-gcc-14 bpf-gcc-16
FUZZ_C		:= tests/fuzz/run-sources --build $(B) --trees $(O)/compilers --keep $(O)/fuzz-c
FUZZ_C_COUNT	?= 40

.PHONY: fuzz-pairs fuzz-c
fuzz-pairs: $(FUZZ_DIR)/pairs
	$(Q)$(FUZZ_DIR)/pairs --pairs $(or $(COUNT),2000000) --seed $(SEED) --jobs $(JOBS)

fuzz-c: $(FUZZ_DIR)/sources $(FUZZ_DIR)/objects $(VMLINUX_H)
	$(Q)$(FUZZ_C) --seed $(SEED) --count $(or $(COUNT),$(FUZZ_C_COUNT)) --pairs $(or $(PAIRS),0) \
		--jobs $(JOBS) $(COMPILERS)

.PHONY: check-fuzz-run
check-fuzz-run: $(FUZZ_DIR)/pairs $(FUZZ_DIR)/replay_analysis $(FUZZ_DIR)/replay_object \
		$(FUZZ_DIR)/sources $(FUZZ_DIR)/objects $(VMLINUX_H)
	$(Q)set -e; echo '== random pairs'; $(FUZZ_DIR)/pairs --count $(FUZZ_COUNT) --least 45
	$(Q)$(FUZZ_DIR)/pairs --damage --count $(FUZZ_DAMAGE)
ifneq ($(wildcard /sys/kernel/btf/vmlinux),)
	$(Q)set -e; echo '== random pairs in C'; $(FUZZ_C) --count $(FUZZ_C_COUNT) --least 25 $(CLANG)
endif
	$(Q)set -e; echo '== what fuzzing has found'; \
		$(FUZZ_DIR)/replay_analysis tests/fuzz/corpus/analysis; \
		$(FUZZ_DIR)/replay_object tests/fuzz/corpus/object

check-unit-run: check-fuzz-run


# --- libFuzzer ---
#
# Objects of their own in $(O)/fuzz, made by clang with coverage and sanitizers;
# the replay of the corpus is built as all else is.

FUZZ_CC		?= $(CLANG)
FUZZ_TIME	?= 60
FUZZ_SAN	:= -fsanitize=address,undefined -fno-sanitize-recover=all
FUZZ_LIB	:= $(patsubst %.c,$(O)/fuzz/%.o,$(wildcard loader/lib/*.c))
FUZZ_TARGETS	:= $(O)/fuzz/target_analysis $(O)/fuzz/target_object
FUZZ_REPLAYS	:= $(FUZZ_DIR)/replay_analysis $(FUZZ_DIR)/replay_object
FUZZ_CORPUS	:= tests/fuzz/corpus
FUZZ_FLAGS	:= -timeout=20 -rss_limit_mb=2048 -detect_leaks=1 -print_final_stats=1

$(FUZZ_DIR)/%.o: PF_CPPFLAGS += -Iloader/lib -Itests/unit
$(O)/fuzz/%.o: PF_CPPFLAGS += -Iloader/lib -Itests/unit

$(O)/fuzz/%.o: %.c
	$(call say,FUZZCC,$@)
	@mkdir -p $(@D)
	$(Q)$(FUZZ_CC) $(PF_CPPFLAGS) -std=gnu11 -O1 -g -Wall -MMD -MP $(FUZZ_SAN) \
		-fsanitize=fuzzer-no-link -c -o $@ $<

$(O)/fuzz/target_analysis: $(O)/fuzz/tests/fuzz/decode.o
$(FUZZ_TARGETS): $(O)/fuzz/target_%: $(O)/fuzz/tests/fuzz/target_%.o $(FUZZ_LIB)
	$(call say,FUZZLD,$@)
	$(Q)$(FUZZ_CC) $(FUZZ_SAN) -fsanitize=fuzzer -o $@ $^ $(PF_LDLIBS)

$(FUZZ_DIR)/replay_analysis: $(FUZZ_DIR)/decode.o
$(FUZZ_REPLAYS): $(FUZZ_DIR)/replay_%: $(FUZZ_DIR)/replay.o $(FUZZ_DIR)/target_%.o \
		$(B)/libpairfuse.a
	$(call say,LD,$@)
	$(Q)$(CC) $(PF_LDFLAGS) $(LDFLAGS) -o $@ $^ $(PF_LDLIBS)

$(FUZZ_DIR)/seeds: $(FUZZ_DIR)/seeds.o $(FUZZ_DIR)/decode.o $(FUZZ_GEN) $(UNIT_COMMON) \
		$(B)/libpairfuse.a
	$(call say,LD,$@)
	$(Q)$(CC) $(PF_LDFLAGS) $(LDFLAGS) -o $@ $^ $(PF_LDLIBS)

# What fuzzing starts from beside the corpus: all objects, without what the reader skips.
FUZZ_SEEDS	:= $(O)/fuzz/seeds
$(FUZZ_SEEDS)/stamp: $(FUZZ_DIR)/seeds $(CASE_OBJS) $(EXPLAIN_OBJS) $(BPF_OBJS)
	$(call say,SEEDS,$(FUZZ_SEEDS))
	@mkdir -p $(FUZZ_SEEDS)/analysis $(FUZZ_SEEDS)/object
	$(Q)$(FUZZ_DIR)/seeds $(FUZZ_SEEDS)/analysis $(CASE_OBJS) $(BPF_OBJS)
	$(Q)set -e; for o in $(CASE_OBJS) $(EXPLAIN_OBJS) $(BPF_OBJS); do \
		$(LLVM_STRIP) -g -o $(FUZZ_SEEDS)/object/$${o##*/} $$o; done
	@touch $@

# New inputs go to $(O)/fuzz/found, crashes to $(O)/fuzz; `make fuzz-corpus` keeps
# the smallest set that covers as much.
.PHONY: fuzz fuzz-corpus
fuzz: $(FUZZ_TARGETS) $(FUZZ_SEEDS)/stamp
	$(Q)set -e; for t in analysis object; do \
		mkdir -p $(O)/fuzz/found/$$t; echo "== fuzzing: $$t, $(FUZZ_TIME) s"; \
		$(O)/fuzz/target_$$t $(FUZZ_FLAGS) -max_total_time=$(FUZZ_TIME) \
			-artifact_prefix=$(O)/fuzz/$$t- $(O)/fuzz/found/$$t \
			$(FUZZ_CORPUS)/$$t $(FUZZ_SEEDS)/$$t; done

fuzz-corpus: $(FUZZ_TARGETS) $(FUZZ_SEEDS)/stamp
	$(Q)set -e; for t in analysis object; do \
		mkdir -p $(O)/fuzz/found/$$t $(O)/fuzz/new/$$t; \
		$(O)/fuzz/target_$$t -merge=1 -timeout=20 $(O)/fuzz/new/$$t $(FUZZ_CORPUS)/$$t \
			$(FUZZ_SEEDS)/$$t $(O)/fuzz/found/$$t; du -sh $(O)/fuzz/new/$$t; done

-include $(wildcard $(FUZZ_DIR)/*.d) $(shell find $(O)/fuzz -name '*.d' 2>/dev/null)
