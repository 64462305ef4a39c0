// SPDX-License-Identifier: GPL-2.0
/*
 * pairfuse: the command line tool. Verbs are a table.
 */
#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "pairfuse.h"

static const struct cli_verb *const verbs[] = {
	&cmd_load,
	&cmd_run,
	&cmd_explain,
	&cmd_list,
	&cmd_doctor,
};

#define NR_VERBS (sizeof(verbs) / sizeof(verbs[0]))

int cli_verbose;

static void help(FILE *out)
{
	size_t i;

	fputs("Usage: pairfuse VERB [OPTION]... [ARGUMENT]...\n"
	      "Run entry and exit BPF programs of kernel functions as fused pairs.\n\n"
	      "Verbs:\n",
	      out);
	for (i = 0; i < NR_VERBS; i++)
		fprintf(out, "  %-10s %s\n", verbs[i]->name, verbs[i]->summary);
	fputs("\n  -h, --help     this text; 'pairfuse VERB --help' for a verb's options\n"
	      "  help [VERB]    the same\n"
	      "      --version  version and license\n"
	      "\nExit status: 0 done, 1 failed, 2 wrong usage.\n",
	      out);
}

static const struct cli_verb *find_verb(const char *name)
{
	size_t i;

	for (i = 0; i < NR_VERBS; i++)
		if (!strcmp(name, verbs[i]->name))
			return verbs[i];
	return NULL;
}

static int no_verb(const char *word)
{
	if (word[0] == '-')
		cli_error("'%s': options go behind the verb; see 'pairfuse --help'", word);
	else
		cli_error("no verb '%s': need load, run, explain, list or doctor; see 'pairfuse --help'",
			  word);
	return CLI_USAGE;
}

static int verb_help(const char *name)
{
	const struct cli_verb *verb = find_verb(name);

	if (!verb)
		return no_verb(name);
	cli_verb_help(verb, stdout);
	return CLI_OK;
}

static int run(int argc, char **argv)
{
	const struct cli_verb *verb;

	if (argc < 2) {
		help(stderr);
		return CLI_USAGE;
	}
	if (!strcmp(argv[1], "help") && argc > 2)
		return verb_help(argv[2]);
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help")) {
		help(stdout);
		return CLI_OK;
	}
	if (!strcmp(argv[1], "--version")) {
		printf("pairfuse %s\nLicense GPL-2.0\n", pairfuse_version());
		return CLI_OK;
	}
	verb = find_verb(argv[1]);
	if (!verb)
		return no_verb(argv[1]);
	cli_messages_init();
	return cli_run_verb(verb, argc - 1, argv + 1);
}

int main(int argc, char **argv)
{
	cli_output_init();
	return cli_output_end(run(argc, argv));
}
