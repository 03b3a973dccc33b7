/*
 * trace-list.c - the commands list and options: what there is to trace with. Layer 6.
 *
 * An option's argument may be left out, and is the next word unless that begins with
 * a dash: so the words are looked at here, and not by the common parser.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "message.h"
#include "setup/setup.h"
#include "report/fgraph-options.h"
#include "state/list.h"
#include "zip/zip.h"

enum { OPT_FULL = OPT_LONG, OPT_PROTO };

const struct opt_spec list_options_table[] = {
	{ 'e', NULL, OPT_NEXT, "events, those that match a regular expression if one follows",
	  "event" },
	{ 'F', NULL, OPT_NONE, "the formats of the events", NULL, 0, true },
	{ OPT_FULL, "full", OPT_NONE, "with -F: what is printed of them, too", NULL, 0, true },
	{ 'l', NULL, OPT_NONE, "the filters of the events", NULL, 0, true },
	{ 'R', NULL, OPT_NONE, "the triggers of the events", NULL, 0, true },
	{ 's', NULL, OPT_NONE, "event systems" },
	{ 't', NULL, OPT_NONE, "tracers" },
	{ 'p', NULL, OPT_NONE, "tracers, too" },
	{ 'o', NULL, OPT_NEXT, "trace options; [REGEX]", "option" },
	{ 'f', NULL, OPT_NEXT, "functions that may be traced; [REGEX]", "function" },
	{ OPT_PROTO, "proto", OPT_NONE, "with -f: what they are called with", NULL, 0, true },
	{ 'P', NULL, OPT_NONE, "plugins that print events" },
	{ 'O', NULL, OPT_NONE, "options of these plugins" },
	{ 'B', NULL, OPT_NONE, "instances" },
	{ 'C', NULL, OPT_NONE, "clocks, the one in use in brackets" },
	{ 'c', NULL, OPT_NONE, "compression algorithms" },
	{ 'h', "help", OPT_NONE, "show this help" },
	OPT_END
};
const struct opt_spec options_options[] = {
	{ 'h', "help", OPT_NONE, "show this help" },
	OPT_END
};

struct list_plan {
	struct list_events events;
	const char *options, *functions;	/* patterns */
	char shown[16];				/* letters of what was asked for */
	bool event_files;			/* -F, -l, -R, --full */
	bool proto;
};

static void ask(struct list_plan *l, char what)
{
	size_t n = strlen(l->shown);

	if (!strchr(l->shown, what) && n + 1 < sizeof(l->shown))
		l->shown[n] = what;
}

/* One letter; @next is the word behind it, NULL if that is no argument. Words used, -1: unknown. */
static int letter(struct list_plan *l, char c, const char *next)
{
	switch (c) {
	case 'e':
		l->events.pattern = next;
		break;
	case 'o':
		l->options = next;
		break;
	case 'f':
		l->functions = next;
		break;
	case 'F':
		l->events.format = l->event_files = true;
		return 0;
	case 'l':
		l->events.filter = l->event_files = true;
		return 0;
	case 'R':
		l->events.triggers = l->event_files = true;
		return 0;
	case 's': case 't': case 'P': case 'O': case 'B': case 'C': case 'c':
		next = NULL;
		break;
	case 'p':
		c = 't';
		next = NULL;
		break;
	default:
		return -1;
	}
	ask(l, c);
	return next != NULL;
}

static int unknown(const char *option)
{
	fprintf(stderr, "list: invalid option -- '%s'\n", option);
	/* how scripts know it */
	if (option[0] == '-' && option[1])
		fprintf(stderr, "list: invalid option -- '-'\n");
	return usage("list");
}

static int parse(struct list_plan *l, int argc, char **argv)
{
	int i, used;

	for (i = 1; i < argc; i++) {
		const char *word = argv[i];
		const char *next = i + 1 < argc && argv[i + 1][0] != '-' ? argv[i + 1] : NULL;

		if (!strcmp(word, "--full")) {
			l->events.full = l->event_files = true;
			continue;
		}
		if (!strcmp(word, "--proto")) {
			l->proto = true;
			continue;
		}
		if (!strcmp(word, "-h") || !strcmp(word, "--help"))
			return usage("list");
		if (word[0] != '-')
			return usage_why("list", "unexpected argument '%s'", word);
		if (word[1] == '-' || !word[1])
			return unknown(word[1] ? word : "-");
		for (word++; *word; word++) {
			const char letter_text[] = { *word, '\0' };

			used = letter(l, *word, word[1] ? NULL : next);
			if (used < 0)
				return unknown(letter_text);
			i += used;
		}
	}
	if (l->event_files && (!strchr(l->shown, 'e') || !l->events.pattern))
		return cmd_fail(0, "When specifying event files, an event must be named");
	if (l->proto && !strchr(l->shown, 'f'))
		return cmd_fail(0, "--proto tells more of functions: it needs -f");
	return 0;
}

static void list_compression(void)
{
	const struct zip_algo *z;
	unsigned int i;

	if (!zip_at(0)) {
		printf("No compression algorithms are supported\n");
		return;
	}
	printf("Supported compression algorithms:\n");
	for (i = 0; (z = zip_at(i)); i++)
		printf("\t%s, %s\n", z->name, z->version());
}

/* Print what the letter @what stands for. */
static int show(const struct list_plan *l, char what, const char *tracing, struct err *err)
{
	switch (what) {
	case 'e':
		return list_events(tracing, &l->events, err);
	case 't':
		return list_tracers(tracing, err);
	case 'o':
		return list_options(tracing, l->options, err);
	case 'f':
		return list_functions(tracing, l->functions, l->proto, err);
	case 'B':
		return list_instances(tracing, err);
	case 'C':
		return list_clocks(tracing, err);
	default:
		return list_systems(tracing, err);
	}
}

/* The options of plugins, and report's own. */
static void list_all_options(void)
{
	struct fgraph_options fgraph;

	fgraph_options_add(&fgraph);
	list_plugin_options();
	fgraph_options_remove(&fgraph);
}

int cmd_list(int argc, char **argv)
{
	struct list_plan l = { .shown = "" };
	const char *tracing = NULL, *what;
	struct err err = { 0 };
	int ret = parse(&l, argc, argv);

	if (ret)
		return ret;
	/* these need no kernel */
	for (what = "etoPOfBCsc"; !ret && *what; what++) {
		if (!strchr(l.shown, *what))
			continue;
		if (*what == 'P')
			list_plugins();
		else if (*what == 'O')
			list_all_options();
		else if (*what == 'c')
			list_compression();
		else if (!tracing && (ret = setup_find_tracing(&tracing, &err)))
			break;
		else
			ret = show(&l, *what, tracing, &err);
	}
	if (!ret && !l.shown[0]) {
		ret = setup_find_tracing(&tracing, &err);
		if (!ret)
			ret = list_all(tracing, &err);
		list_compression();
	}
	return ret ? cmd_fail_err(-ret, &err) : 0;
}

int cmd_options(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "-h") && strcmp(argv[1], "--help"))
		return usage_why("options", "unexpected argument '%s'", argv[1]);
	if (argc > 1)
		return usage("options");
	list_all_options();
	return 0;
}
