/* SPDX-License-Identifier: GPL-2.0 */
#ifndef TEST_CHECK_H
#define TEST_CHECK_H

void test_self_check(void **state);
void test_self_check_brief(void **state);

#endif /* TEST_CHECK_H */
