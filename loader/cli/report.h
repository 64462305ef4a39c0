/* SPDX-License-Identifier: GPL-2.0 */
#ifndef PAIRFUSE_REPORT_H
#define PAIRFUSE_REPORT_H

/* One page for a bug report on standard output; checks(arg) prints doctor's. */
void cli_report(void (*checks)(void *arg), void *arg);

#endif /* PAIRFUSE_REPORT_H */
