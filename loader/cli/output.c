// SPDX-License-Identifier: GPL-2.0
/*
 * Standard output, with the reason for which it could not be written: stdio knows
 * that some write has failed, and by the end errno is that of something else.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"

static int failed;		/* errno */

static ssize_t write_out(void *cookie, const char *buf, size_t len)
{
	size_t done = 0;
	ssize_t n;

	while (done < len) {
		n = write(STDOUT_FILENO, buf + done, len - done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			failed = errno;
			break;
		}
		done += n;
	}
	return done;
}

void cli_output_init(void)
{
	FILE *out = fopencookie(NULL, "w", (cookie_io_functions_t){ .write = write_out });

	if (out)
		stdout = out;
	setvbuf(stdout, NULL, _IOLBF, 0);
}

int cli_output_end(int status)
{
	if (!fflush(stdout) && !ferror(stdout))
		return status;
	if (failed != EPIPE)
		cli_error("standard output: %s", strerror(failed));
	return status ? status : CLI_FAILED;
}
