// SPDX-License-Identifier: GPL-2.0
/*
 * JSON writer; see json.h.
 */
#include <assert.h>
#include <math.h>
#include <string.h>

#include "json.h"

void pairfuse_json_init(struct pairfuse_json *w, FILE *out)
{
	memset(w, 0, sizeof(*w));
	w->out = out;
}

/*
 * Length of the UTF-8 sequence at s, or 0 when there is none: overlong forms,
 * surrogates and what lies beyond U+10FFFF are none.
 */
static size_t utf8_len(const unsigned char *s, size_t len)
{
	size_t n, i;

	if (s[0] < 0x80)
		return 1;
	n = s[0] >= 0xc2 && s[0] <= 0xdf ? 2 :
	    s[0] >= 0xe0 && s[0] <= 0xef ? 3 :
	    s[0] >= 0xf0 && s[0] <= 0xf4 ? 4 : 0;
	if (!n || n > len)
		return 0;
	for (i = 1; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
	    (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
		return 0;
	return n;
}

static void quote(FILE *out, const char *str, size_t len)
{
	const unsigned char *s = (const unsigned char *)str;
	size_t n;

	fputc('"', out);
	for (; len; s += n, len -= n) {
		n = utf8_len(s, len);
		if (!n) {
			fprintf(out, "\\u%04x", *s);
			n = 1;
		} else if (n > 1) {
			fwrite(s, 1, n, out);
		} else if (*s == '"' || *s == '\\') {
			fprintf(out, "\\%c", *s);
		} else if (*s == '\n') {
			fputs("\\n", out);
		} else if (*s == '\t') {
			fputs("\\t", out);
		} else if (*s < 0x20 || *s == 0x7f) {
			fprintf(out, "\\u%04x", *s);
		} else {
			fputc(*s, out);
		}
	}
	fputc('"', out);
}

static void name_of(struct pairfuse_json *w, const char *name)
{
	if (w->comma[w->depth])
		fputc(',', w->out);
	w->comma[w->depth] = true;
	if (name) {
		quote(w->out, name, strlen(name));
		fputc(':', w->out);
	}
}

static void open_level(struct pairfuse_json *w, const char *name, char c)
{
	name_of(w, name);
	assert(w->depth + 1 < PAIRFUSE_JSON_DEPTH);
	fputc(c, w->out);
	w->comma[++w->depth] = false;
}

static void close_level(struct pairfuse_json *w, char c)
{
	assert(w->depth);
	w->depth--;
	fputc(c, w->out);
}

void pairfuse_json_begin(struct pairfuse_json *w, const char *event)
{
	w->depth = 0;
	w->comma[0] = false;
	open_level(w, NULL, '{');
	pairfuse_json_uint(w, "schema", PAIRFUSE_JSON_SCHEMA);
	if (event)
		pairfuse_json_string(w, "event", event);
}

void pairfuse_json_end(struct pairfuse_json *w)
{
	close_level(w, '}');
	assert(!w->depth);
	fputc('\n', w->out);
	fflush(w->out);
}

void pairfuse_json_object(struct pairfuse_json *w, const char *name)
{
	open_level(w, name, '{');
}

void pairfuse_json_object_end(struct pairfuse_json *w)
{
	close_level(w, '}');
}

void pairfuse_json_array(struct pairfuse_json *w, const char *name)
{
	open_level(w, name, '[');
}

void pairfuse_json_array_end(struct pairfuse_json *w)
{
	close_level(w, ']');
}

void pairfuse_json_string_n(struct pairfuse_json *w, const char *name, const char *value,
			    size_t len)
{
	name_of(w, name);
	quote(w->out, value, len);
}

void pairfuse_json_string(struct pairfuse_json *w, const char *name, const char *value)
{
	if (value)
		pairfuse_json_string_n(w, name, value, strlen(value));
	else
		pairfuse_json_null(w, name);
}

void pairfuse_json_uint(struct pairfuse_json *w, const char *name, __u64 value)
{
	name_of(w, name);
	fprintf(w->out, "%llu", (unsigned long long)value);
}

void pairfuse_json_int(struct pairfuse_json *w, const char *name, __s64 value)
{
	name_of(w, name);
	fprintf(w->out, "%lld", (long long)value);
}

void pairfuse_json_double(struct pairfuse_json *w, const char *name, double value)
{
	if (!isfinite(value)) {		/* JSON has no word for them */
		pairfuse_json_null(w, name);
		return;
	}
	name_of(w, name);
	fprintf(w->out, "%.17g", value);
}

void pairfuse_json_bool(struct pairfuse_json *w, const char *name, bool value)
{
	name_of(w, name);
	fputs(value ? "true" : "false", w->out);
}

void pairfuse_json_null(struct pairfuse_json *w, const char *name)
{
	name_of(w, name);
	fputs("null", w->out);
}
