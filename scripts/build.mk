# SPDX-License-Identifier: GPL-2.0

#: vm             make the VM's images (scripts/vm build)
vm:
	$(Q)PAIRFUSE_VM_DIR=$${PAIRFUSE_VM_DIR:-$(abspath $(O))/vm} scripts/vm build

#: vm-shell       a root shell in the VM, this project installed
vm-shell:
	$(Q)PAIRFUSE_VM_DIR=$${PAIRFUSE_VM_DIR:-$(abspath $(O))/vm} scripts/vm run

#: deps           install what building and the VM need (scripts/deps)
deps:
	$(Q)scripts/deps all

#: check-style    licence lines, blanks, line length, shellcheck
check-style:
	$(Q)scripts/check-style
