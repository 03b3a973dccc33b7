/*
 * complete-values.h - what completion offers: the list of candidates, and the kinds of values that
 * an option's row names (opt_spec.value).
 *
 * Layer 6.
 */
#ifndef COMPLETE_VALUES_H
#define COMPLETE_VALUES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/strlist.h"

/* Nobody reads more, and a shell takes long to sort them. */
#define OFFERS_MAX 2000

struct offers {
	const char *tracing;	/* tracefs, NULL: there is none */
	const char *file;	/* the trace file that the line names */
	const char *event;	/* of the option -e before, NULL: none */
	const char *whole;	/* the word at the cursor */
	const char *word;	/* the part of it, at its end, that is completed */
	struct strlist list;	/* "WORD" or "WORD\tDESCRIPTION" */
};

/*
 * Add @word, described by @about (may be NULL; its first line counts), if it begins as o->word
 * does. False: there is no room for more.
 */
bool offer(struct offers *o, const char *word, const char *about);
/* The same for the @len bytes at @word. */
bool offer_n(struct offers *o, const char *word, size_t len, const char *about);

/* Add those of @words (divided by blanks) that fit. */
void offer_words(struct offers *o, const char *words);

/* The rest of the word is what follows @len bytes of it; complete that. */
void offers_skip(struct offers *o, size_t len);

struct value_kind {
	const char *name;
	/* Adds what fits; NULL: nothing is known beforehand, or it is the shell's to know. */
	void (*offer)(struct offers *o);
	bool list;		/* several may be given, divided by commas */
};

/* The kind called @name; NULL: there is none, those are words. */
const struct value_kind *value_kind(const char *name);

/* Those that need more than a list to read: complete-events.c. */
void offer_events(struct offers *o);
void offer_filters(struct offers *o);
void offer_fields(struct offers *o);
void offer_event_names(struct offers *o);
void offer_columns(struct offers *o);
void offer_file_tasks(struct offers *o);
void offer_file_pids(struct offers *o);

/* Each line of "@o->tracing/NAME", without its newline, until @each returns false. */
void each_line(struct offers *o, const char *name, bool (*each)(struct offers *o, char *line));

#endif
