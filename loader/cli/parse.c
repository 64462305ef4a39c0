// SPDX-License-Identifier: GPL-2.0
/*
 * Options of a verb: parsed and explained from one table.
 */
#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

#define MAX_OPTIONS 32
#define OPT_BASE    256		/* getopt's value for option 0, beyond all letters */
#define OPT_HELP    'h'
#define OPT_VERBOSE 'v'

static const struct cli_verb *current;

static size_t nr_options(const struct cli_verb *verb)
{
	size_t n = 0;

	while (verb->options[n].name)
		n++;
	return n;
}

static int has_arg(const struct cli_option *opt)
{
	if (!opt->arg)
		return no_argument;
	return opt->arg[0] == '[' ? optional_argument : required_argument;
}

static void option_help(FILE *out, const struct cli_option *opt)
{
	char letter[8] = "    ", head[64];

	if (opt->letter)
		snprintf(letter, sizeof(letter), "-%c, ", opt->letter);
	snprintf(head, sizeof(head), "%s--%s%s%s", letter, opt->name,
		 has_arg(opt) == required_argument ? " " : "",
		 opt->arg ? opt->arg : "");
	fprintf(out, "  %-27s %s\n", head, opt->help);
}

static const struct cli_option common[] = {
	{ "verbose", OPT_VERBOSE, NULL, "say more; twice: also what libbpf says" },
	{ "help", OPT_HELP, NULL, "this text" },
};

void cli_verb_help(const struct cli_verb *verb, FILE *out)
{
	size_t i, n = nr_options(verb);

	fprintf(out, "Usage: pairfuse %s [OPTION]...%s%s\n%c%s.\n\nOptions:\n", verb->name,
		verb->args ? " " : "", verb->args ? verb->args : "",
		toupper((unsigned char)verb->summary[0]), verb->summary + 1);
	for (i = 0; i < n; i++)
		option_help(out, &verb->options[i]);
	for (i = 0; i < sizeof(common) / sizeof(common[0]); i++)
		option_help(out, &common[i]);
	if (verb->details)
		fprintf(out, "\n%s", verb->details);
}

void cli_bad_value(const struct cli_option *opt, const char *have, const char *need)
{
	cli_error("%s: --%s: have '%s', need %s", current->name, opt->name, have, need);
}

bool cli_parse_number(const char *text, long min, long max, long *out)
{
	char *end;

	errno = 0;
	*out = strtol(text, &end, 10);
	return isdigit((unsigned char)text[0]) && !*end && !errno && *out >= min && *out <= max;
}

int cli_usage(const struct cli_verb *verb)
{
	fprintf(stderr, "See 'pairfuse %s --help'.\n", verb->name);
	return CLI_USAGE;
}

static void build_tables(const struct cli_verb *verb, struct option *longs, char *shorts)
{
	size_t i, n = nr_options(verb);

	if (verb->nr_args == CLI_REST)
		*shorts++ = '+';	/* what follows is not for us */
	*shorts++ = ':';	/* tell a missing argument from an unknown option */
	for (i = 0; i < n; i++) {
		const struct cli_option *opt = &verb->options[i];

		longs[i] = (struct option){ opt->name, has_arg(opt), NULL, OPT_BASE + i };
		if (opt->letter) {
			*shorts++ = opt->letter;
			if (opt->arg)
				*shorts++ = ':';
			if (has_arg(opt) == optional_argument)
				*shorts++ = ':';
		}
	}
	for (i = 0; i < sizeof(common) / sizeof(common[0]); i++) {
		longs[n + i] = (struct option){ common[i].name, no_argument, NULL,
						common[i].letter };
		*shorts++ = common[i].letter;
	}
	*shorts = '\0';
}

static int option_index(const struct cli_verb *verb, int c)
{
	int i;

	if (c >= OPT_BASE)
		return c - OPT_BASE;
	for (i = 0; verb->options[i].name; i++)
		if (verb->options[i].letter == c)
			return i;
	return -1;
}

/* As a letter they cannot be wrong: it was "--verbose=3". */
static bool is_common(int letter)
{
	return letter == OPT_VERBOSE || letter == OPT_HELP;
}

static int complain(const struct cli_verb *verb, int c, char **argv)
{
	const char *word = argv[optind - 1];

	if (c == ':')
		cli_error("%s: option '%s' needs an argument", verb->name, word);
	else if (optopt && optopt < OPT_BASE && !is_common(optopt))
		cli_error("%s: no option '-%c'", verb->name, optopt);
	else
		cli_error("%s: no option '%s', or it takes no argument", verb->name, word);
	return cli_usage(verb);
}

int cli_run_verb(const struct cli_verb *verb, int argc, char **argv)
{
	struct option longs[MAX_OPTIONS] = {};
	char shorts[3 * MAX_OPTIONS + 5];
	int c, have;

	current = verb;
	build_tables(verb, longs, shorts);
	opterr = 0;
	while ((c = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
		if (c == OPT_HELP) {
			cli_verb_help(verb, stdout);
			return CLI_OK;
		}
		if (c == OPT_VERBOSE) {
			cli_verbose++;
			continue;
		}
		if (c == '?' || c == ':')
			return complain(verb, c, argv);
		if (!verb->option(verb->state, option_index(verb, c), optarg))
			return cli_usage(verb);
	}
	have = argc - optind;
	if (verb->nr_args == CLI_REST && have > 0)
		return verb->run(verb->state, argv + optind);
	if (verb->nr_args == CLI_REST)
		cli_error("%s: no TOOL given", verb->name);
	else if (have < verb->nr_args)
		cli_error("%s: %s is missing", verb->name, verb->args);
	else if (have > verb->nr_args)
		cli_error("%s: '%s': one argument too many", verb->name,
			  argv[optind + verb->nr_args]);
	if (have != verb->nr_args)
		return cli_usage(verb);
	return verb->run(verb->state, argv + optind);
}
