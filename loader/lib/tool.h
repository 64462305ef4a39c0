/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Programs that are started with the interposer of `pairfuse run`.
 */
#ifndef PAIRFUSE_TOOL_H
#define PAIRFUSE_TOOL_H

/*
 * What the program is that keeps the interposer from seeing its system calls ("is linked
 * statically"), or NULL: nothing, or it cannot be read. `name` is looked for as
 * execvp() does. Scripts are judged by their interpreter's own start. Allocates
 * nothing: it is asked between vfork() and execve() too.
 */
const char *pairfuse_tool_unfit(const char *name);

#endif /* PAIRFUSE_TOOL_H */
