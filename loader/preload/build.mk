# SPDX-License-Identifier: GPL-2.0
#
# The interposer of `pairfuse run`. libbpf is linked statically and everything
# is hidden: the tool has a libbpf of its own, of another version.

PRELOAD_OBJS	:= $(patsubst %.c,$(B)/%.o,$(wildcard loader/preload/*.c))
$(PRELOAD_OBJS): PF_CPPFLAGS += -Iloader/lib -Iloader/preload
$(PRELOAD_OBJS): PF_CFLAGS += -fPIC

ifneq ($(SANITIZE),1)
cli: $(B)/libpairfuse-preload.so
endif

$(B)/libpairfuse-preload.so: $(PRELOAD_OBJS) $(B)/libpairfuse.a loader/preload/preload.map
	$(call say,LD,$@)
	$(Q)$(CC) -shared -Wl,-soname,libpairfuse-preload.so -Wl,--no-undefined -Wl,-z,now \
		-Wl,--version-script=loader/preload/preload.map $(PF_LDFLAGS) $(LDFLAGS) -o $@ \
		$(PRELOAD_OBJS) $(B)/libpairfuse.a -l:libbpf.a -lelf -lz

-include $(PRELOAD_OBJS:.o=.d)
