// SPDX-License-Identifier: GPL-2.0
/*
 * An indirect call of what has no endbr64, by the test module: no test of ours, but of the
 * model that watches (scripts/vm-lib/ibt.c). The script `ibt` wants to be told of it.
 */
#include "vm.h"

TEST(no_endbr)
{
	test_call(PAIRFUSE_TEST_NO_ENDBR, 3, 0, NULL);
}
