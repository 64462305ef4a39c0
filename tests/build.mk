# SPDX-License-Identifier: GPL-2.0

-include tests/vm/build.mk
include tests/unit/build.mk
include tests/preload/build.mk
include tests/tools/build.mk
include tests/fuzz/build.mk
