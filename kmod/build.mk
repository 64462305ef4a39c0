# SPDX-License-Identifier: GPL-2.0
#: kmod            the kernel module for KDIR, as $(O)/pairfuse.ko
#: install-kmod    put it where modprobe finds it, for the kernel of KDIR
#: uninstall-kmod  what install-kmod has put there
#: dkms-install    give its sources to dkms, which builds it for every new kernel too
#: dkms-uninstall  what dkms-install has put there, and what dkms has built
#
# kbuild writes beside its sources, so it gets a copy of them: the checkout
# stays clean and several kernels can be built at the same time, each with its
# own O. Our variables (O above all) mean something else to it, hence env -u.

KMOD_TREE	:= $(O)/kbuild
KMOD_SRC	:= $(wildcard kmod/*.[chS]) kmod/Kbuild include/uapi/linux/pairfuse.h

# $(call KBUILD,DIR) TARGET: the kernel's make for the modules in DIR
KBUILD = env -u MAKEFLAGS -u MAKEOVERRIDES -u O $(MAKE) --no-print-directory -j2 \
	 -C $(KDIR) M=$(abspath $(1)) V=$(V) \
	 $(if $(shell command -v pahole),,CONFIG_DEBUG_INFO_BTF_MODULES=)

# What kernel.h says of the kernel of KDIR; nothing where that has not been configured.
KMOD_REFUSAL	= $(CC) -E -include $(KDIR)/include/generated/autoconf.h \
		  -I$(KDIR)/include/generated/uapi kmod/kernel.h 2>&1 >/dev/null | \
		  sed -n '/.*error: [^"]*"\(.*\)"$$/{s//\1/p;q}'

# The kernel that KDIR is of: modules go to /lib/modules/$(KREL).
KREL		= $(shell cat $(KDIR)/include/config/kernel.release 2>/dev/null)

.PHONY: FORCE kmod kmod-supported kmod-release install-kmod uninstall-kmod
kmod: $(O)/pairfuse.ko
kmod-supported:
	@test -e "$(KDIR)/Makefile" || { \
		echo "kmod: no kernel build tree at $(KDIR): install the headers of the running kernel (Debian: linux-headers-$$(uname -r)) or pass KDIR=DIR" >&2; exit 1; }
	@refusal=$$($(KMOD_REFUSAL)); [ -z "$$refusal" ] || { \
		echo "kmod: $(KDIR): $$refusal" >&2; exit 1; }
kmod-release:
	@test -n "$(KREL)" || { \
		echo "kmod: $(KDIR): has no include/config/kernel.release: pass KDIR=DIR, or KREL=RELEASE" >&2; exit 1; }

# What was built for another kernel is built anew.
$(KMOD_TREE)/release: FORCE
	@mkdir -p $(@D)
	@echo '$(KDIR) $(KREL)' | cmp -s - $@ || echo '$(KDIR) $(KREL)' >$@

$(KMOD_TREE)/%: %
	@mkdir -p $(@D)
	@cp $< $@

$(O)/pairfuse.ko: $(addprefix $(KMOD_TREE)/,$(KMOD_SRC) release) | kmod-supported
	$(call say,KBUILD,$@)
	$(Q)$(call KBUILD,$(KMOD_TREE)/kmod) modules
	@cp $(KMOD_TREE)/kmod/pairfuse.ko $@

# kbuild's modules_install signs and compresses as the kernel is configured to, so the
# module loads where only signed ones do. Distributions ship that configuration without
# the key and without System.map: then it is not to sign, and not to say that it leaves
# depmod to us.
KMOD_DEST	= $(DESTDIR)/lib/modules/$(KREL)/updates
KMOD_KEY	= $(shell sed -n 's/^CONFIG_MODULE_SIG_KEY=//p' $(KDIR)/include/config/auto.conf)
KMOD_SIGN	= $(if $(filter pkcs11:% /%,$(KMOD_KEY))$(wildcard $(KMOD_KEY:%=$(KDIR)/%)),,CONFIG_MODULE_SIG_ALL=)
KMOD_DEPMOD	= $(if $(DESTDIR),:,PATH=$$PATH:/usr/sbin:/sbin depmod -a $(KREL))

install-kmod: $(O)/pairfuse.ko | kmod-release
	$(call say,INSTALL,$(KMOD_DEST)/pairfuse.ko)
	@mkdir -p $(KMOD_DEST)
	@rm -f $(KMOD_DEST)/pairfuse.ko*
	$(Q)$(call KBUILD,$(KMOD_TREE)/kmod) $(if $(filter 1,$(V)),,-s) $(KMOD_SIGN) DEPMOD=true \
		INSTALL_MOD_PATH=$(abspath $(DESTDIR)) INSTALL_MOD_DIR=updates \
		modules_install 2>$(KMOD_TREE)/errors; \
		status=$$?; grep -v "missing 'System.map'" $(KMOD_TREE)/errors >&2; exit $$status
	$(Q)$(KMOD_DEPMOD)

uninstall-kmod: | kmod-release
	$(call say,RM,$(KMOD_DEST)/pairfuse.ko)
	$(Q)rm -f $(KMOD_DEST)/pairfuse.ko*
	$(Q)cd $(DESTDIR)/ && rmdir -p lib/modules/$(KREL)/updates 2>/dev/null || :
	$(Q)[ ! -d $(DESTDIR)/lib/modules/$(KREL) ] || $(KMOD_DEPMOD)

# dkms keeps what it builds in /var/lib/dkms, and finds the sources in /usr/src. Those of
# a package (DESTDIR) are left to the package's scripts to add.
DKMS_MODULE	:= pairfuse/$(VERSION)
DKMS_TREE	:= $(DESTDIR)/usr/src/pairfuse-$(VERSION)
DKMS		:= PATH=$$PATH:/usr/sbin:/sbin dkms
# What is not there need not be removed.
DKMS_FORGET	:= [ -z "$$($(DKMS) status $(DKMS_MODULE) 2>/dev/null)" ] || \
		   $(DKMS) remove $(DKMS_MODULE) --all

.PHONY: dkms-install dkms-uninstall dkms-present
dkms-present:
	@$(DKMS) --version >/dev/null 2>&1 || { \
		echo 'dkms-install: dkms is missing: apt install dkms' >&2; exit 1; }

dkms-install: $(if $(DESTDIR),,dkms-present kmod-supported kmod-release)
	$(call say,INSTALL,$(DKMS_TREE))
	$(Q)$(if $(DESTDIR),:,$(DKMS_FORGET))
	$(Q)rm -rf $(DKMS_TREE)
	$(Q)set -e; for f in Kbuild $(KMOD_SRC); do \
		install -D -m 644 "$$f" "$(DKMS_TREE)/$$f"; done
	$(Q)sed 's/@VERSION@/$(VERSION)/' kmod/dkms.conf >$(DKMS_TREE)/dkms.conf
ifeq ($(DESTDIR),)
	$(Q)$(DKMS) add $(DKMS_MODULE)
	$(Q)$(DKMS) install $(DKMS_MODULE) -k $(KREL) --kernelsourcedir $(abspath $(KDIR))
endif

dkms-uninstall:
	$(call say,RM,$(DKMS_TREE))
	$(Q)$(if $(DESTDIR),:,$(DKMS_FORGET))
	$(Q)rm -rf $(DKMS_TREE)
	$(Q)$(if $(DESTDIR),cd $(DESTDIR)/ && rmdir -p usr/src 2>/dev/null || :,:)
