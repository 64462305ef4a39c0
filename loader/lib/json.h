/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A JSON writer: one document per line, commas and escaping taken care of.
 * Strings that are no UTF-8 are written as if they were Latin-1, so that the
 * output is valid whatever a map contains.
 */
#ifndef PAIRFUSE_JSON_H
#define PAIRFUSE_JSON_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define PAIRFUSE_JSON_SCHEMA 1
#define PAIRFUSE_JSON_DEPTH  32

struct pairfuse_json {
	FILE *out;
	unsigned int depth;
	bool comma[PAIRFUSE_JSON_DEPTH]; /* something was written at this depth */
};

void pairfuse_json_init(struct pairfuse_json *w, FILE *out);

/*
 * A document: an object that begins with "schema" and, unless NULL, "event";
 * the end writes a newline and flushes.
 */
void pairfuse_json_begin(struct pairfuse_json *w, const char *event);
void pairfuse_json_end(struct pairfuse_json *w);

/* In all of these the name is NULL inside arrays. */
void pairfuse_json_object(struct pairfuse_json *w, const char *name);
void pairfuse_json_object_end(struct pairfuse_json *w);
void pairfuse_json_array(struct pairfuse_json *w, const char *name);
void pairfuse_json_array_end(struct pairfuse_json *w);
void pairfuse_json_string(struct pairfuse_json *w, const char *name, const char *value);
void pairfuse_json_string_n(struct pairfuse_json *w, const char *name, const char *value,
			    size_t len);
void pairfuse_json_uint(struct pairfuse_json *w, const char *name, __u64 value);
void pairfuse_json_int(struct pairfuse_json *w, const char *name, __s64 value);
void pairfuse_json_double(struct pairfuse_json *w, const char *name, double value);
void pairfuse_json_bool(struct pairfuse_json *w, const char *name, bool value);
void pairfuse_json_null(struct pairfuse_json *w, const char *name);

#endif /* PAIRFUSE_JSON_H */
