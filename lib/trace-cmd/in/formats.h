/*
 * formats.h - the formats of events that libtraceevent doesn't have yet.
 *
 * Layer 2. Parsing all of them takes longer than a short trace; few occur in it. So they are
 * kept as text, by their ids, until records of theirs are met.
 */
#ifndef IN_FORMATS_H
#define IN_FORMATS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "in/file.h"

struct in_format {
	const char *system;	/* NUL-terminated */
	const char *text;	/* len bytes */
	uint32_t len;
	int id;			/* -1: it doesn't say */
	bool taken;		/* libtraceevent has it, or was offered it */
};

/* All zeros: none. */
struct in_formats {
	struct buf events;		/* what the others point into */
	char *unwritten;		/* a format that is not of the file, likewise; or NULL */
	struct in_format *item;
	unsigned int count, alloc;
	uint8_t taken[(UINT16_MAX + 1) / 8];	/* a bit for each id of which none is left */
};

/* Note a format. 0; -ENOMEM. */
int in_formats_add(struct in_formats *f, const char *system, const char *text, uint32_t len);

/*
 * The next one of @id that isn't taken, which then is; NULL: none. A negative @id: any. @at: 0 at first,
 * and left as it is for the next call.
 */
struct in_format *in_formats_take(struct in_formats *f, int id, unsigned int *at);

/*
 * The id of the next format, that isn't taken, of an event that a filter's text may be about; -1: there is
 * none. @at as above. Which events a filter is about is libtraceevent's to find, but it is none besides. @names: of
 * in_names_parse().
 */
struct in_names;
int in_formats_named(const struct in_formats *f, const struct in_names *names, unsigned int *at);

void in_formats_release(struct in_formats *f);

#endif
