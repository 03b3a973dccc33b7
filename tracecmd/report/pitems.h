/*
 * pitems.h - the entries of a task, in the order in which its profile shows them.
 *
 * Layer 5. Pairs of the scheduler come first, then what is of one event together, and of that what took
 * longest or came most often. There may be a hundred thousand that are only counted: that they are in
 * order takes time that grows with their number.
 */
#ifndef REPORT_PITEMS_H
#define REPORT_PITEMS_H

#include "report/profile.h"

/* An entry, with what its place in the list depends on. */
struct pitem {
	uint64_t place;			/* of its kind, then by count where there is no more to it */
	uint64_t value;
	const struct profile_entry *entry;
};

struct pitems {
	const struct profile *profile;
	struct pitem *list, *spare;	/* room for the owner who has most */
	uint32_t count;
};

/* Get ready for the owners that @p has by now. 0; -ENOMEM. */
int pitems_init(struct pitems *items, const struct profile *p);

/* Have the entries of @o in @items->list. */
void pitems_fill(struct pitems *items, const struct profile_owned *o);
void pitems_release(struct pitems *items);

/* The event that names the item. */
const struct pevent *pitem_event(const struct profile *p, const struct pitem *i);

#endif
