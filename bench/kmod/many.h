/* SPDX-License-Identifier: GPL-2.0 */
/*
 * ONE(0) ... ONE(PAIRFUSE_BENCH_MANY - 1): the module's functions, and the programs
 * for them in bench/bpf/many.bpf.c. With MANY 1 or 50, so many of them only.
 */
#define TEN(n) ONE(n##0) ONE(n##1) ONE(n##2) ONE(n##3) ONE(n##4) \
	ONE(n##5) ONE(n##6) ONE(n##7) ONE(n##8) ONE(n##9)

ONE(0)
#if !defined(MANY) || MANY > 1
ONE(1) ONE(2) ONE(3) ONE(4) ONE(5) ONE(6) ONE(7) ONE(8) ONE(9)
TEN(1) TEN(2) TEN(3) TEN(4)
#endif
#if !defined(MANY) || MANY > 50
TEN(5) TEN(6) TEN(7) TEN(8) TEN(9)
TEN(10) TEN(11) TEN(12) TEN(13) TEN(14) TEN(15) TEN(16) TEN(17) TEN(18) TEN(19)
#endif
