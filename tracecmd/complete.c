/*
 * complete.c - see complete.h: reads the line as getopt will, by the tables of commands. Layer 6.
 */
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "commands.h"
#include "complete.h"
#include "complete-values.h"
#include "record/options.h"
#include "setup/tracefile.h"

/* Those that run a command line of their own. */
#define RUNS_COMMAND (FOR_RECORD | FOR_START | FOR_SET | FOR_STREAM | FOR_PROFILE)

struct line {
	FILE *out;
	const struct command *cmd;
	char *const *words;
	int index;			/* of the word at the cursor */
	const struct opt_spec *pending;	/* whose argument that word is, NULL: none's */
	int rest;			/* the first word that is no option, INT_MAX: there is none yet */
	struct offers offers;
};

const struct opt_spec complete_options[] = { OPT_END };

/* --- reading what stands before the cursor -------------------------------- */

static const struct opt_spec *by_letter(const struct line *l, char c)
{
	return opt_row(l->cmd, c);
}

/* By its name of @len bytes, or the beginning of it if no other name begins so, as getopt does. */
static const struct opt_spec *by_name(const struct line *l, const char *name, size_t len)
{
	const struct opt_spec *o, *found = NULL;
	int fits = 0;

	for (o = l->cmd->options; o->id; o++) {
		if (!o->name || strncmp(o->name, name, len) || opt_row(l->cmd, o->id) != o)
			continue;
		if (!o->name[len])
			return o;
		found = o;
		fits++;
	}
	return fits == 1 ? found : NULL;
}

/* What later options are about. */
static void note(struct line *l, const struct opt_spec *o, const char *arg)
{
	if (!o->value)
		return;
	if (!strcmp(o->value, "event"))
		l->offers.event = arg;
	if (o->id == 'i' && !strcmp(o->value, "file"))
		l->offers.file = arg;
}

/* The argument of @o is the word behind word @i. Returns how many words that takes: 1, or 0. */
static int take_next(struct line *l, const struct opt_spec *o, int i)
{
	if (i + 1 == l->index) {
		l->pending = o;
		return 1;
	}
	if (o->arg == OPT_NEXT && l->words[i + 1][0] == '-')
		return 0;
	note(l, o, l->words[i + 1]);
	return 1;
}

/* Read the letters behind the dash of word @i. Returns how many more words it takes. */
static int take_letters(struct line *l, int i)
{
	const char *at;

	for (at = l->words[i] + 1; *at; at++) {
		const struct opt_spec *o = by_letter(l, *at);

		if (!o)
			return 0;
		if (o->arg == OPT_NONE || (o->arg == OPT_NEXT && at[1]))
			continue;
		if (at[1])
			note(l, o, at + 1);
		else if (o->arg != OPT_OPTIONAL)
			return take_next(l, o, i);
		return 0;
	}
	return 0;
}

/* Read word @i. Returns how many more words it takes. */
static int take_word(struct line *l, int i)
{
	const char *word = l->words[i], *equals = strchr(word, '=');
	const struct opt_spec *o;

	if (word[0] != '-' || !word[1]) {
		l->rest = i;
		return 0;
	}
	if (word[1] != '-')
		return take_letters(l, i);
	if (!word[2]) {
		l->rest = i + 1;
		return 0;
	}
	o = by_name(l, word + 2, strcspn(word + 2, "="));
	if (o && equals)
		note(l, o, equals + 1);
	else if (o && (o->arg == OPT_REQUIRED || o->arg == OPT_NEXT))
		return take_next(l, o, i);
	return 0;
}

static void read_line(struct line *l)
{
	int i;

	for (i = 2; i < l->index && i < l->rest; i++)
		i += take_word(l, i);
}

/* --- answers -------------------------------------------------------------- */

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Only the first of those that differ in their descriptions. */
static void answer_words(struct line *l)
{
	const struct offers *o = &l->offers;
	const char *last = "";
	int i;

	fprintf(l->out, ":words\n");
	if (o->list.nr)
		qsort(o->list.item, o->list.nr, sizeof(*o->list.item), compare);
	for (i = 0; i < o->list.nr; i++) {
		const char *item = o->list.item[i];
		size_t len = strcspn(item, "\t");

		if (strncmp(last, item, len) || (last[len] && last[len] != '\t'))
			fprintf(l->out, "%.*s%s\n", (int)(o->word - o->whole), o->whole, item);
		last = item;
	}
}

/* What stands before the word in the same word of the shell, behind @what. */
static void answer_shell(struct line *l, const char *what)
{
	const struct offers *o = &l->offers;

	fprintf(l->out, ":%s%s%.*s\n", what, o->word > o->whole ? " " : "",
		(int)(o->word - o->whole), o->whole);
}

/* The word from o->word on is the argument of @o. */
static void answer_value(struct line *l, const struct opt_spec *o)
{
	const struct value_kind *kind = o->value ? value_kind(o->value) : NULL;
	const char *help = o->help ? o->help : "";
	const char *comma;

	if (o->value && (!strcmp(o->value, "file") || !strcmp(o->value, "directory"))) {
		answer_shell(l, o->value[0] == 'f' ? "files" : "directories");
		return;
	}
	if (!o->value || (kind && !kind->offer)) {
		fprintf(l->out, ":none%s%.*s\n", *help ? " " : "", (int)strcspn(help, "\n"), help);
		return;
	}
	comma = kind && kind->list ? strrchr(l->offers.word, ',') : NULL;
	if (comma)
		l->offers.word = comma + 1;
	if (kind)
		kind->offer(&l->offers);
	else
		offer_words(&l->offers, o->value);
	answer_words(l);
}

static void offer_options(struct line *l)
{
	struct offers *o = &l->offers;
	const struct opt_spec *row;
	char word[64];

	for (row = l->cmd->options; row->id; row++) {
		if (!opt_is_shown(l->cmd, row))
			continue;
		snprintf(word, sizeof(word), "-%c", row->id);
		if (row->id < OPT_LONG)
			offer(o, word, row->help);
		if (!row->name)
			continue;
		snprintf(word, sizeof(word), "--%s", row->name);
		offer(o, word, row->help);
		/* its value must be attached: say so to those who have typed all of it */
		if (row->arg == OPT_OPTIONAL && !strcmp(word, o->word)) {
			snprintf(word, sizeof(word), "--%s=", row->name);
			offer(o, word, row->help);
		}
	}
}

/* Letters: the last one's argument may have begun in the same word. */
static void answer_letters(struct line *l)
{
	struct offers *o = &l->offers;
	const struct opt_spec *row;
	const char *at;

	for (at = o->whole + 1; *at; at++) {
		row = by_letter(l, *at);
		if (!row) {
			answer_words(l);
			return;
		}
		if (at[1] && (row->arg == OPT_REQUIRED || row->arg == OPT_OPTIONAL)) {
			offers_skip(o, at + 1 - o->whole);
			answer_value(l, row);
			return;
		}
	}
	offer(o, o->whole, at[-1] != '-' ? by_letter(l, at[-1])->help : NULL);
	answer_words(l);
}

static void answer_option(struct line *l)
{
	struct offers *o = &l->offers;
	const char *equals = strchr(o->whole, '=');
	const struct opt_spec *row;

	if (o->whole[1] && o->whole[1] != '-') {
		answer_letters(l);
		return;
	}
	if (!o->whole[1] || !equals) {
		offer_options(l);
		answer_words(l);
		return;
	}
	row = by_name(l, o->whole + 2, equals - o->whole - 2);
	if (!row || row->arg == OPT_NONE) {
		answer_words(l);
		return;
	}
	offers_skip(o, equals + 1 - o->whole);
	answer_value(l, row);
}

/* Words that are no options, from word @first on. */
static void answer_rest(struct line *l, int first)
{
	const struct command *cmd = l->cmd;
	const struct opt_spec words = { .value = cmd->words };

	if (cmd->bit & RUNS_COMMAND) {
		fprintf(l->out, ":command %d\n", first);
	} else if (cmd->words) {
		answer_value(l, &words);
	} else {
		/* nothing but options may follow */
		if (!l->offers.whole[0] && l->index <= l->rest)
			offer_options(l);
		answer_words(l);
	}
}

static void answer_commands(struct line *l)
{
	const struct command *c;
	unsigned int i;

	for (i = 0; (c = command_at(i)); i++) {
		if (c->help)
			offer(&l->offers, c->name, c->help);
	}
	answer_words(l);
}

static void answer(struct line *l)
{
	const char *word = l->offers.whole;

	l->cmd = l->index > 1 ? command_find(l->words[1]) : NULL;
	if (l->index == 1) {
		answer_commands(l);
		return;
	}
	if (!l->cmd) {
		fprintf(l->out, ":none\n");
		return;
	}
	read_line(l);
	if (l->index >= l->rest)
		answer_rest(l, l->rest);
	else if (l->pending && (l->pending->arg != OPT_NEXT || word[0] != '-'))
		answer_value(l, l->pending);
	else if (word[0] == '-')
		answer_option(l);
	else
		answer_rest(l, l->index);
}

void complete_line(FILE *out, const char *tracing, int index, int nr, char *const *words)
{
	struct line l = {
		.out = out, .words = words, .index = index, .rest = INT_MAX,
		.offers = { .tracing = tracing, .file = "trace.dat" },
	};
	const char *word = index < nr ? words[index] : "";

	/* a quote that is still open: the shell knows of it */
	if (*word == '"' || *word == '\'')
		word++;
	l.offers.whole = l.offers.word = word;
	if (index > nr)
		fprintf(out, ":none\n");
	else
		answer(&l);
	strlist_release(&l.offers.list);
}

/* Where tracefs may be read already: completion mounts nothing. */
static const char *find_tracing(void)
{
	static const char *const dirs[] = { "/sys/kernel/tracing", "/sys/kernel/debug/tracing" };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(dirs); i++) {
		_cleanup_free_ char *path = tracefile_path(dirs[i], "available_events");

		if (path && !access(path, R_OK))
			return dirs[i];
	}
	return NULL;
}

int cmd_complete(int argc, char **argv)
{
	int quiet = open("/dev/null", O_WRONLY | O_CLOEXEC);
	long long index;

	/* whatever a library has to say, it would stand in the middle of the line being typed */
	if (quiet >= 0) {
		dup2(quiet, STDERR_FILENO);
		close(quiet);
	}
	if (argc < 2 || opt_number(argv[1], 0, INT_MAX - 1, &index))
		printf(":none\n");
	else
		complete_line(stdout, find_tracing(), index, argc - 2, argv + 2);
	return 0;
}
