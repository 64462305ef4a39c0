// SPDX-License-Identifier: GPL-2.0
/*
 * seeds DIR OBJECT...: the objects as inputs for the fuzzing of the analysis
 * (see decode.h), and some random pairs.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "decode.h"
#include "gen.h"

#define RANDOM_PAIRS 100

static unsigned char buf[1 << 16];

static int save(const char *dir, const char *name, const struct pairfuse_input *in)
{
	size_t len = fuzz_encode(in, buf, sizeof(buf));
	char path[4096];
	FILE *f;
	int ok;

	if (!len)	/* too large to be a good seed */
		return 0;
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "wb");
	ok = f && fwrite(buf, 1, len, f) == len;
	if (f)
		ok &= !fclose(f);
	if (!ok)
		perror(path);
	return ok ? 0 : 1;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

int main(int argc, char **argv)
{
	struct test_object *obj;
	struct fuzz_case *c;
	char name[64];
	int i, err = 0;

	for (i = 2; i < argc; i++) {
		if (test_object_open(argv[i], &obj))
			continue;
		obj->in.rdonly_cast_id = 4242;
		obj->in.clock = i % (PAIRFUSE_CLOCK_COUNTER + 1);
		obj->in.filter = i & 1;
		err |= save(argv[1], base_name(argv[i]), &obj->in);
		test_object_close(obj);
	}
	for (i = 0; i < RANDOM_PAIRS; i++) {
		c = fuzz_case_new(i, NULL);
		snprintf(name, sizeof(name), "random-%d", i);
		err |= save(argv[1], name, &c->obj.in);
		fuzz_case_free(c);
	}
	return err;
}
