/*
 * printer.h - the text of events: by a compiled plan where there is one, by
 * libtraceevent where not.
 *
 * Layer 2. Plans may be run by several threads at once, each with a share of the printer; all
 * else is done in the order of the records by the thread that has the printer itself.
 * Both give the same bytes. Besides the tests that show it, a plan is held
 * against libtraceevent for its first records of each trace, and dropped if they differ:
 * plugins and versions of libtraceevent are many.
 */
#ifndef FMT_PRINTER_H
#define FMT_PRINTER_H

#include <sys/types.h>

#include "event-parse.h"
#include "fmt/text.h"

struct printer;

enum printer_flags {
	PRINTER_NO_PLANS	= 1,	/* libtraceevent prints everything */
	PRINTER_NO_CHECKS	= 2,	/* plans are trusted from the first record on */
};

/*
 * Print events of @tep, which must outlive the printer. Flags of its events (raw, no
 * plugin) must be set before the first of them is printed. NULL: out of memory.
 */
struct printer *printer_new(struct tep_handle *tep, unsigned int flags);
void printer_free(struct printer *p);

/*
 * A printer for another thread, with the plans of @p, which must outlive it. It prints only
 * records that printer_ready() has passed. NULL: out of memory.
 */
struct printer *printer_share(struct printer *p);

/*
 * Have @p, which was not yet used, run the plans of @other, whose file describes all events and functions
 * in the same words; names of tasks, and what libtraceevent prints, stay their own. All their tep handles must
 * outlive their use. Of shares in one thread, whose printers were joined before: remember texts of symbols and
 * flags together; @p must not outlive @other. False: they can't be joined, and stay as they are.
 */
bool printer_join(struct printer *p, struct printer *other);

/*
 * Do what must be done of a record in its place in the order: names that it tells become known.
 * True: the text may be made at any time, by any share. False: nothing was done, print it now.
 */
bool printer_ready(struct printer *p, struct tep_record *record);

/*
 * Append the text behind an event's name. @event may be NULL if it isn't known yet.
 * 0; -ENOENT: no such event; -EBADMSG: the record is too short for its event, or its
 * strings lie outside of it; -ENOMEM.
 */
int printer_print(struct printer *p, const struct tep_event *event, struct tep_record *record,
		  struct text *out);

/*
 * Put the text of what printer_ready() has passed at @to, where @size bytes are free. Its length;
 * -ENOSPC: it may be longer, or can't be said so: printer_print() can.
 */
ssize_t printer_put(struct printer *p, struct tep_record *record, char *to, size_t size);

/* Held around what changes the tep handle while shares are printing. */
void printer_lock(struct printer *p);
void printer_unlock(struct printer *p);
pthread_mutex_t *printer_mutex(struct printer *p);

/* True if the event has a plan (so far). */
bool printer_has_plan(struct printer *p, const struct tep_event *event);

/* Records so far that plans have printed, and those that libtraceevent has. */
void printer_counts(const struct printer *p, unsigned long long *ret_plans,
		    unsigned long long *ret_others);

#endif
