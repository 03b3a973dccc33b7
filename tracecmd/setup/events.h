/*
 * events.h - which events there are, and which a -e means.
 *
 * Layer 3. A name is "all", "SYS:EVENT", "SYS:", "SYS" or "EVENT"; all but "all"
 * may have shell globs. Whole systems stay whole, as one write switches them.
 */
#ifndef SETUP_EVENTS_H
#define SETUP_EVENTS_H

#include <stdbool.h>
#include <stddef.h>

struct event_id {
	const char *system;
	const char *name;
};

/* All events the kernel offers, in its order: those of a system stand together. */
struct event_list {
	char *text;		/* what the ids point into */
	struct event_id *id;
	size_t count;
};

/* What a name means: a system's events [first, first + count) as a whole, or one event. */
struct event_target {
	const char *system;
	const char *name;	/* NULL: the whole system */
	size_t first, count;
};

struct event_targets {
	struct event_target *target;
	size_t count, alloc;
	bool all;		/* "all": the targets are all systems */
};

/* Read available_events of the tracefs directory @dir. 0; -errno. */
int event_list_read(const char *dir, struct event_list *ret);

struct setup_event;

/*
 * The same for whoever only looks for the names of the @nr @events: if each is the full name of an event, the
 * list has just these. The kernel hands out the whole list in small pieces, for each of which it waits for
 * all who set up events.
 */
int event_list_read_for(const char *dir, const struct setup_event *events, int nr,
			struct event_list *ret);
void event_list_release(struct event_list *l);
#define _cleanup_event_list_ _cleanup_(event_list_release)

/* Find what @name means; none is no error: ret->count is 0 then. 0; -ENOMEM. */
int event_list_match(const struct event_list *l, const char *name, struct event_targets *ret);
void event_targets_release(struct event_targets *t);
#define _cleanup_event_targets_ _cleanup_(event_targets_release)

#endif
