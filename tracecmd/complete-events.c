/*
 * complete-events.c - see complete-values.h: events of the kernel and of trace files. Layer 6.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "complete-values.h"
#include "dump/names.h"
#include "setup/tracefile.h"

/* --- the kernel's --------------------------------------------------------- */

/* "SYSTEM:EVENT" as a whole */
static bool whole_event(struct offers *o, char *line)
{
	return offer(o, line, NULL);
}

/* The system alone, going on if it is typed in full; events without it only once begun. */
static bool system_or_event(struct offers *o, char *line)
{
	char *colon = strchr(line, ':');
	char about[128];
	bool more;

	if (!colon)
		return true;
	*colon = '\0';
	snprintf(about, sizeof(about), "event of %s", line);
	more = offer(o, line, "all events of the system");
	if (more && *o->word && !strcmp(o->word, line)) {
		*colon = ':';
		more = offer_n(o, line, colon + 1 - line, "one event of the system");
	}
	return more && *o->word ? offer(o, colon + 1, about) : more;
}

void offer_events(struct offers *o)
{
	if (strchr(o->word, ':')) {
		each_line(o, "available_events", whole_event);
		return;
	}
	if (o->tracing)
		offer(o, "all", "all events there are");
	each_line(o, "available_events", system_or_event);
}

/* The directory of "SYSTEM:EVENT" or "EVENT" below events/, in @found; "" if there is none. */
static void find_event(const char *tracing, const char *event, char *found, size_t size)
{
	_cleanup_free_ char *path = tracefile_path(tracing, "available_events");
	_cleanup_fclose_ FILE *f = path ? fopen(path, "re") : NULL;
	bool with_system = strchr(event, ':');
	_cleanup_free_ char *line = NULL;
	size_t room = 0;

	*found = '\0';
	while (f && !*found && getline(&line, &room, f) >= 0) {
		char *colon = strchr(line, ':');

		line[strcspn(line, "\n")] = '\0';
		if (!colon || strcmp(with_system ? line : colon + 1, event))
			continue;
		*colon = '/';
		snprintf(found, size, "%s", line);
	}
}

/* "	field:TYPE NAME[N];	offset:..." */
static bool field_of_line(struct offers *o, char *line)
{
	char *at = strstr(line, "field:"), *end = at ? strchr(at, ';') : NULL, *name;

	if (!end)
		return true;
	at += strlen("field:");
	*end = '\0';
	end = strchr(at, '[');
	if (end)
		*end = '\0';
	name = strrchr(at, ' ');
	if (!name)
		return true;
	*name++ = '\0';
	return offer(o, name, at);
}

/* True if an operand may begin behind the first @len bytes of the filter @text. */
static bool operand_follows(const char *text, size_t len)
{
	while (len && text[len - 1] == ' ')
		len--;
	return !len || strchr("(!", text[len - 1]) ||
	       (len > 1 && strchr("&|", text[len - 1]) && text[len - 2] == text[len - 1]);
}

/* False if the filter that begins at o->word needs no field at its end; else that is the word. */
static bool field_follows(struct offers *o)
{
	size_t len = strlen(o->word);

	while (len && (strchr("_.", o->word[len - 1]) || isalnum((unsigned char)o->word[len - 1])))
		len--;
	if (!operand_follows(o->word, len))
		return false;
	offers_skip(o, len);
	return true;
}

static void kernel_fields(struct offers *o, const char *event)
{
	_cleanup_free_ char *path = NULL;
	char found[256];

	find_event(o->tracing, event, found, sizeof(found));
	if (asprintf(&path, "events/%s/format", found) < 0) {
		path = NULL;
		return;
	}
	if (*found)
		each_line(o, path, field_of_line);
}

void offer_fields(struct offers *o)
{
	if (o->tracing && o->event && field_follows(o))
		kernel_fields(o, o->event);
}

/* --- those of a trace file, or the kernel's if it has none ----------------- */

static int file_event(void *data, const char *system, const char *event, char *format)
{
	struct offers *o = data;
	char about[128];

	snprintf(about, sizeof(about), "event of %s", system);
	return !offer(o, event, about);
}

static bool kernel_event(struct offers *o, char *line)
{
	char *colon = strchr(line, ':');
	char about[128];

	if (!colon)
		return true;
	*colon = '\0';
	snprintf(about, sizeof(about), "event of %s", line);
	return offer(o, colon + 1, about);
}

void offer_event_names(struct offers *o)
{
	if (names_events(o->file, file_event, o))
		each_line(o, "available_events", kernel_event);
}

static void fields_in(struct offers *o, char *format)
{
	char *line;

	while ((line = strsep(&format, "\n")))
		field_of_line(o, line);
}

struct search {
	struct offers *offers;
	const char *event;	/* "SYSTEM:EVENT" or "EVENT" */
	bool found;
};

static int fields_if_found(void *data, const char *system, const char *event, char *format)
{
	struct search *s = data;
	const char *colon = strchr(s->event, ':');

	if (strcmp(event, colon ? colon + 1 : s->event) ||
	    (colon && (strlen(system) != (size_t)(colon - s->event) ||
		       strncmp(system, s->event, colon - s->event))))
		return 0;
	fields_in(s->offers, format);
	s->found = true;
	return 1;
}

/* EVENTS[:EXPRESSION]: of those in EVENTS (divided by commas) the last one, or a field of it. */
void offer_filters(struct offers *o)
{
	const char *colon = strchr(o->word, ':'), *comma;
	_cleanup_free_ char *event = NULL;
	struct search s;
	char *slash;

	if (!colon) {
		comma = strrchr(o->word, ',');
		if (comma)
			offers_skip(o, comma + 1 - o->word);
		offer_event_names(o);
		return;
	}
	event = strndup(o->word, colon - o->word);
	offers_skip(o, colon + 1 - o->word);
	slash = event ? strchr(event, '/') : NULL;
	if (slash)
		*slash = ':';
	if (!event || !field_follows(o))
		return;
	s = (struct search){ .offers = o, .event = event };
	names_events(o->file, fields_if_found, &s);
	if (!s.found && o->tracing)
		kernel_fields(o, event);
}

static int own_fields(void *data, const char *system, const char *event, char *format)
{
	/* fields that all events have come first, a blank line is behind them */
	char *own = strstr(format, "\n\n");

	if (own)
		fields_in(data, own);
	return 0;
}

void offer_columns(struct offers *o)
{
	offer_words(o, "ts time cpu pid comm system event flags file instance text");
	/* there are hundreds */
	if (*o->word)
		names_events(o->file, own_fields, o);
}

static int file_pid(void *data, int pid, const char *comm)
{
	char number[16];

	snprintf(number, sizeof(number), "%d", pid);
	return !offer(data, number, comm);
}

void offer_file_pids(struct offers *o)
{
	names_tasks(o->file, file_pid, o);
}

static int file_task(void *data, int pid, const char *comm)
{
	return !offer(data, comm, NULL);
}

void offer_file_tasks(struct offers *o)
{
	names_tasks(o->file, file_task, o);
}
