// SPDX-License-Identifier: GPL-2.0
/*
 * libbpf.a is not compiled for shared libraries (-fPIE, not -fPIC) and its one
 * direct reference to another object's data is stderr, for messages that
 * interpose.c turns off. A hidden definition of our own lets it be linked. The
 * libraries of the tool do not see it, and nothing here uses stdio's streams.
 */
struct _IO_FILE;
extern struct _IO_FILE *stderr;
__attribute__((visibility("hidden"))) struct _IO_FILE *stderr;
