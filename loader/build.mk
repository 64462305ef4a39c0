# SPDX-License-Identifier: GPL-2.0
#
# User space: the library, the command line tool, and installing all of it.

#: lib  libpairfuse.a and libpairfuse.so
#: cli  the pairfuse command
#: install  programs, library, BPF objects, man page, completion; not the module
#: uninstall  what install has put there

LIB_OBJS	:= $(patsubst %.c,$(B)/%.o,$(wildcard loader/lib/*.c))
CLI_OBJS	:= $(patsubst %.c,$(B)/%.o,$(wildcard loader/cli/*.c))

$(LIB_OBJS) $(CLI_OBJS): PF_CPPFLAGS += -Iloader/lib
$(LIB_OBJS): PF_CFLAGS += -fPIC

lib: $(B)/libpairfuse.a $(B)/libpairfuse.so
cli: $(B)/pairfuse

$(B)/libpairfuse.a: $(LIB_OBJS)
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(B)/libpairfuse.so: $(LIB_OBJS) loader/lib/libpairfuse.map
	$(call say,LD,$@)
	$(Q)$(CC) -shared -Wl,-soname,libpairfuse.so.0 -Wl,--version-script=loader/lib/libpairfuse.map \
		$(PF_LDFLAGS) $(LDFLAGS) -o $@ $(LIB_OBJS) $(PF_LDLIBS)

$(B)/pairfuse: $(CLI_OBJS) $(B)/libpairfuse.a
	$(call say,LD,$@)
	$(Q)$(CC) $(PF_LDFLAGS) $(LDFLAGS) -o $@ $(CLI_OBJS) $(B)/libpairfuse.a $(PF_LDLIBS)

-include $(LIB_OBJS:.o=.d) $(CLI_OBJS:.o=.d)

include loader/preload/build.mk

INSTALL	?= install
BPF_DIR	:= $(PREFIX)/lib/pairfuse
PC_DIR	:= $(DESTDIR)$(PREFIX)/lib/pkgconfig

define LIBPAIRFUSE_PC
prefix=$(PREFIX)
libdir=$${prefix}/lib
includedir=$${prefix}/include

Name: libpairfuse
Description: Loads BPF objects, the programs at the two ends of a function fused
Version: $(VERSION)
Requires.private: libbpf libelf zlib
Libs: -L$${libdir} -lpairfuse
Cflags: -I$${includedir}
endef
install: export LIBPAIRFUSE_PC := $(LIBPAIRFUSE_PC)

# So that programs find, or no longer find, the library. In DESTDIR it is not this machine's.
LDCONFIG := $(if $(DESTDIR),:,[ "$$(id -u)" != 0 ] || PATH=$$PATH:/usr/sbin:/sbin ldconfig)

install: lib cli bpf
	$(call say,INSTALL,$(DESTDIR)$(PREFIX))
	$(Q)$(INSTALL) -D -m 755 $(B)/pairfuse $(DESTDIR)$(PREFIX)/bin/pairfuse
	$(Q)$(INSTALL) -D -m 644 $(B)/libpairfuse.a $(DESTDIR)$(PREFIX)/lib/libpairfuse.a
	$(Q)$(INSTALL) -D -m 755 $(B)/libpairfuse.so $(DESTDIR)$(PREFIX)/lib/libpairfuse.so.0
	$(Q)ln -sf libpairfuse.so.0 $(DESTDIR)$(PREFIX)/lib/libpairfuse.so
	$(Q)$(INSTALL) -d $(PC_DIR)
	$(Q)echo "$$LIBPAIRFUSE_PC" >$(PC_DIR)/libpairfuse.pc
	$(Q)chmod 644 $(PC_DIR)/libpairfuse.pc
	$(Q)$(INSTALL) -D -m 755 $(B)/libpairfuse-preload.so \
		$(DESTDIR)$(BPF_DIR)/libpairfuse-preload.so
	$(Q)$(INSTALL) -D -m 644 loader/lib/pairfuse.h $(DESTDIR)$(PREFIX)/include/pairfuse/pairfuse.h
	$(Q)$(INSTALL) -D -m 644 include/uapi/linux/pairfuse.h \
		$(DESTDIR)$(PREFIX)/include/linux/pairfuse.h
	$(Q)set -e; for o in $(B)/bpf/*.bpf.o; do [ -e "$$o" ] || continue; \
		$(INSTALL) -D -m 644 "$$o" "$(DESTDIR)$(BPF_DIR)/$${o##*/}"; done
	$(Q)set -e; for o in $(B)/bpf/refuse/*.bpf.o; do [ -e "$$o" ] || continue; \
		$(INSTALL) -D -m 644 "$$o" "$(DESTDIR)$(BPF_DIR)/refuse/$${o##*/}"; done
	$(Q)$(INSTALL) -D -m 644 loader/man/pairfuse.8 $(DESTDIR)$(PREFIX)/share/man/man8/pairfuse.8
	$(Q)$(INSTALL) -D -m 644 loader/completion/pairfuse \
		$(DESTDIR)$(PREFIX)/share/bash-completion/completions/pairfuse
	$(Q)$(LDCONFIG)

# Directories that install may have made; they go when they are empty. /usr and /usr/local
# themselves, and what a system has in them anyway, stay.
INSTALL_DIRS := $(addprefix $(DESTDIR)$(PREFIX)/,include/pairfuse include/linux lib/pkgconfig \
		share/man/man8 share/bash-completion/completions share/bash-completion)
ifneq ($(DESTDIR)$(filter-out /usr /usr/local,$(PREFIX)),)
INSTALL_DIRS += $(addprefix $(DESTDIR)$(PREFIX)/,bin include lib share/man share) \
		$(DESTDIR)$(PREFIX)
endif

uninstall:
	$(call say,RM,$(DESTDIR)$(PREFIX))
	$(Q)rm -f $(DESTDIR)$(PREFIX)/bin/pairfuse $(DESTDIR)$(PREFIX)/lib/libpairfuse.a \
		$(DESTDIR)$(PREFIX)/lib/libpairfuse.so $(DESTDIR)$(PREFIX)/lib/libpairfuse.so.0 \
		$(PC_DIR)/libpairfuse.pc \
		$(DESTDIR)$(PREFIX)/include/pairfuse/pairfuse.h \
		$(DESTDIR)$(PREFIX)/include/linux/pairfuse.h \
		$(DESTDIR)$(PREFIX)/share/man/man8/pairfuse.8 \
		$(DESTDIR)$(PREFIX)/share/bash-completion/completions/pairfuse
	$(Q)rm -rf $(DESTDIR)$(BPF_DIR)
	$(Q)rmdir $(INSTALL_DIRS) 2>/dev/null || :
	$(Q)$(if $(DESTDIR),cd $(DESTDIR)/ && rmdir -p $(dir $(PREFIX:/%=%)) 2>/dev/null || :,:)
	$(Q)$(LDCONFIG)
