# SPDX-License-Identifier: GPL-2.0
#: kmod        the kernel module for KDIR, as $(O)/pairfuse.ko
#
# kbuild writes beside its sources, so it gets a copy of them: the checkout
# stays clean and several kernels can be built at the same time, each with its
# own O. Our variables (O above all) mean something else to it, hence env -u.

KMOD_TREE	:= $(O)/kbuild
KMOD_SRC	:= Kbuild $(wildcard kmod/*.[chS]) kmod/Kbuild include/uapi/linux/pairfuse.h

# What kernel.h says of the kernel of KDIR; nothing where that has not been configured.
KMOD_REFUSAL	= $(CC) -E -include $(KDIR)/include/generated/autoconf.h \
		  -I$(KDIR)/include/generated/uapi kmod/kernel.h 2>&1 >/dev/null | \
		  sed -n '/.*error: [^"]*"\(.*\)"$$/{s//\1/p;q}'

.PHONY: kmod kmod-supported
kmod: $(O)/pairfuse.ko
kmod-supported:
	@refusal=$$($(KMOD_REFUSAL)); [ -z "$$refusal" ] || { \
		echo "kmod: $(KDIR): $$refusal" >&2; exit 1; }

$(KMOD_TREE)/%: %
	@mkdir -p $(@D)
	@cp $< $@

$(O)/pairfuse.ko: $(addprefix $(KMOD_TREE)/,$(KMOD_SRC)) | kmod-supported
	@test -e "$(KDIR)/Makefile" || { \
		echo "kmod: no kernel build tree at $(KDIR): install the headers of the running kernel (Debian: linux-headers-$$(uname -r)) or pass KDIR=DIR" >&2; exit 1; }
	$(call say,KBUILD,$@)
	$(Q)env -u MAKEFLAGS -u MAKEOVERRIDES -u O $(MAKE) --no-print-directory -j2 \
		-C $(KDIR) M=$(abspath $(KMOD_TREE)) V=$(V) \
		$(if $(shell command -v pahole),,CONFIG_DEBUG_INFO_BTF_MODULES=) modules
	@cp $(KMOD_TREE)/kmod/pairfuse.ko $@
