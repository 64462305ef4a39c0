// SPDX-License-Identifier: GPL-2.0
/*
 * A target without libFuzzer: runs over files and directories of files, built
 * by any compiler. Names what it is at, so that a crash tells.
 */
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/time.h>

#include "fuzz.h"

#define SECONDS 20	/* of CPU time, for each file */

static unsigned int files;
static const char *volatile current;

/* Where did it end? Sanitizers end a program with exit(), a crash is a signal. */
static void where(void)
{
	if (current)
		fprintf(stderr, "replay: in %s\n", current);
}

static void died(int sig)
{
	where();
	signal(sig, SIG_DFL);
	raise(sig);
}

/* Targets have functions that change inputs; nobody calls them here. */
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size)
{
	return size;
}

static void limit(unsigned int seconds)
{
	setitimer(ITIMER_PROF, &(struct itimerval){ .it_value.tv_sec = seconds }, NULL);
}

static int replay_file(const char *path, size_t size)
{
	unsigned char *data = malloc(size + !size);
	FILE *f = fopen(path, "rb");
	int ok = f && data && fread(data, 1, size, f) == size;

	if (ok) {
		limit(SECONDS);
		current = path;
		LLVMFuzzerTestOneInput(data, size);
		current = NULL;
		limit(0);
		files++;
	}
	if (f)
		fclose(f);
	free(data);
	return ok ? 0 : 1;
}

static int replay(const char *path)
{
	struct dirent *d;
	struct stat st;
	char name[4096];
	DIR *dir;
	int err = 0;

	if (stat(path, &st)) {
		perror(path);
		return 1;
	}
	if (!S_ISDIR(st.st_mode))
		return replay_file(path, st.st_size);
	dir = opendir(path);
	if (!dir)
		return 1;
	while ((d = readdir(dir))) {
		if (d->d_name[0] == '.')
			continue;
		snprintf(name, sizeof(name), "%s/%s", path, d->d_name);
		err |= replay(name);
	}
	closedir(dir);
	return err;
}

int main(int argc, char **argv)
{
	int i, err = 0;

	atexit(where);
	signal(SIGSEGV, died);
	signal(SIGABRT, died);
	signal(SIGPROF, died);
	for (i = 1; i < argc; i++)
		err |= replay(argv[i]);
	printf("%u files replayed\n", files);
	return err || !files;
}
