/*
 * complete-values.c - see complete-values.h. Layer 6.
 *
 * Lists are read as the kernel gives them, line by line: one of them, of the functions, may be long
 * and is slow to read.
 */
#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "complete-values.h"
#include "session/vm.h"
#include "setup/tracefile.h"
#include "zip/zip.h"

/* A list that takes longer is cut off: somebody waits at the keyboard. */
#define READ_MAX_MS 300
/* How often to look at the clock, in lines. */
#define LINES_PER_LOOK 256

bool offer_n(struct offers *o, const char *word, size_t len, const char *about)
{
	_cleanup_free_ char *text = NULL;
	size_t typed = strlen(o->word), i;

	if (!len || len < typed || strncmp(word, o->word, typed))
		return true;
	/* tasks may have any name: it must neither end our line nor get to the terminal */
	for (i = 0; i < len; i++) {
		if (iscntrl((unsigned char)word[i]))
			return true;
	}
	if (o->list.nr >= OFFERS_MAX)
		return false;
	if (asprintf(&text, "%.*s%s%.*s", (int)len, word, about && *about ? "\t" : "",
		     about ? (int)strcspn(about, "\n") : 0, about ? about : "") < 0)
		return false;
	for (i = len + 1; i < strlen(text); i++) {
		if (iscntrl((unsigned char)text[i]))
			text[i] = '?';
	}
	return !strlist_add(&o->list, text);
}

bool offer(struct offers *o, const char *word, const char *about)
{
	return offer_n(o, word, strlen(word), about);
}

/* Those of @text that @divide divides. */
static void offer_divided(struct offers *o, const char *text, const char *divide)
{
	while (*(text += strspn(text, divide))) {
		size_t len = strcspn(text, divide);

		offer_n(o, text, len, NULL);
		text += len;
	}
}

void offer_words(struct offers *o, const char *words)
{
	offer_divided(o, words, " ");
}

void offers_skip(struct offers *o, size_t len)
{
	o->word += len;
}

static void lines_of(struct offers *o, const char *path, bool (*each)(struct offers *o, char *line))
{
	_cleanup_fclose_ FILE *f = fopen(path, "re");
	struct deadline end = deadline_in_ms(READ_MAX_MS);
	_cleanup_free_ char *line = NULL;
	size_t size = 0, nr = 0;

	while (f && getline(&line, &size, f) >= 0) {
		line[strcspn(line, "\n")] = '\0';
		if (!each(o, line) || (++nr % LINES_PER_LOOK == 0 && deadline_passed(end)))
			break;
	}
}

void each_line(struct offers *o, const char *name, bool (*each)(struct offers *o, char *line))
{
	_cleanup_free_ char *path = o->tracing ? tracefile_path(o->tracing, "%s", name) : NULL;

	if (path)
		lines_of(o, path, each);
}

/* --- tracefs -------------------------------------------------------------- */

static bool words_of_line(struct offers *o, char *line)
{
	/* brackets mark the one in use */
	offer_divided(o, line, " \t[]");
	return true;
}

static void offer_tracers(struct offers *o)
{
	each_line(o, "available_tracers", words_of_line);
}

static void offer_clocks(struct offers *o)
{
	each_line(o, "trace_clock", words_of_line);
}

static bool option_and_opposite(struct offers *o, char *line)
{
	char word[128];

	line += strncmp(line, "no", 2) ? 0 : 2;
	snprintf(word, sizeof(word), "no%s", line);
	return offer(o, line, NULL) && offer(o, word, NULL);
}

static void offer_options(struct offers *o)
{
	each_line(o, "trace_options", option_and_opposite);
}

/* "NAME" or "NAME [MODULE]" */
static bool function_of_line(struct offers *o, char *line)
{
	size_t len = strcspn(line, " \t");
	char *module = strchr(line + len, '[');

	return offer_n(o, line, len, module);
}

static void offer_functions(struct offers *o)
{
	each_line(o, "available_filter_functions", function_of_line);
}

/* What the kernel may do at a function: FUNC:COMMAND. */
static void offer_function_commands(struct offers *o)
{
	const char *colon = strchr(o->word, ':');

	if (!colon) {
		offer_functions(o);
		return;
	}
	o->word = colon + 1;
	offer_words(o, "cpudump disable_event: dump enable_event: snapshot stacktrace traceoff traceon");
}

static void offer_instances(struct offers *o)
{
	_cleanup_free_ char *path = o->tracing ? tracefile_path(o->tracing, "instances") : NULL;
	_cleanup_closedir_ DIR *dir = path ? opendir(path) : NULL;
	struct dirent *d;

	while (dir && (d = readdir(dir))) {
		if (d->d_name[0] != '.')
			offer(o, d->d_name, NULL);
	}
}

/* --- this machine --------------------------------------------------------- */

static bool first_word_of_line(struct offers *o, char *line)
{
	return offer_n(o, line, strcspn(line, " \t:"), NULL);
}

static void offer_modules(struct offers *o)
{
	lines_of(o, "/proc/modules", first_word_of_line);
}

static void offer_groups(struct offers *o)
{
	lines_of(o, "/etc/group", first_word_of_line);
}

static void offer_users(struct offers *o)
{
	lines_of(o, "/etc/passwd", first_word_of_line);
}

static void offer_pids(struct offers *o)
{
	_cleanup_closedir_ DIR *dir = opendir("/proc");
	struct dirent *d;

	while (dir && (d = readdir(dir))) {
		_cleanup_free_ char *comm = NULL;
		char path[300];

		if (!isdigit((unsigned char)d->d_name[0]) ||
		    strncmp(d->d_name, o->word, strlen(o->word)))
			continue;
		snprintf(path, sizeof(path), "/proc/%s/comm", d->d_name);
		/* gone since */
		if (!tracefile_read(path, &comm))
			offer(o, d->d_name, comm);
	}
}

static void offer_cpus(struct offers *o)
{
	_cleanup_closedir_ DIR *dir = opendir("/sys/devices/system/cpu");
	struct dirent *d;

	while (dir && (d = readdir(dir))) {
		if (!strncmp(d->d_name, "cpu", 3) && isdigit((unsigned char)d->d_name[3]))
			offer(o, d->d_name + 3, NULL);
	}
}

static bool hosts_of_line(struct offers *o, char *line)
{
	line[strcspn(line, "#")] = '\0';
	offer_divided(o, line + strcspn(line, " \t"), " \t");
	return true;
}

static void offer_hosts(struct offers *o)
{
	lines_of(o, "/etc/hosts", hosts_of_line);
}

/* The host that this machine is a guest of has the same number everywhere. */
static void offer_own_host(struct offers *o)
{
	offer(o, "2", "the host of this machine");
}

static void offer_guests(struct offers *o)
{
	struct strlist names = { 0 };
	int i;

	vm_names(&names);
	for (i = 0; i < names.nr; i++)
		offer(o, names.item[i], "virtual machine");
	strlist_release(&names);
	offer_hosts(o);
}

static void offer_compressions(struct offers *o)
{
	const struct zip_algo *zip;
	unsigned int i;

	offer(o, "any", "the best there is");
	offer(o, "none", NULL);
	for (i = 0; (zip = zip_at(i)); i++)
		offer(o, zip->name, zip->version());
}

const struct value_kind *value_kind(const char *name)
{
	static const struct value_kind kinds[] = {
		{ "event", offer_events },
		{ "event-name", offer_event_names },	/* of a trace file */
		{ "event-filter", offer_filters },	/* of a trace file */
		{ "field", offer_fields },
		{ "column", offer_columns, true },	/* of a report, or fields */
		{ "tracer", offer_tracers },
		{ "clock", offer_clocks },
		{ "option", offer_options },
		{ "function", offer_functions },
		{ "function-command", offer_function_commands },
		{ "module", offer_modules },
		{ "instance", offer_instances },
		{ "pid", offer_pids, true },
		{ "file-pid", offer_file_pids, true },
		{ "file-task", offer_file_tasks, true },
		{ "cpu", offer_cpus, true },
		{ "user", offer_users },
		{ "group", offer_groups },
		{ "host", offer_hosts },
		{ "guest", offer_guests },
		{ "own-host", offer_own_host },
		{ "compression", offer_compressions },
		{ "file", NULL },
		{ "directory", NULL },
		{ "number", NULL },
		{ "text", NULL },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (!strcmp(kinds[i].name, name))
			return &kinds[i];
	}
	return NULL;
}
