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

/* What formats point into. Files with the same bytes can share it. */
struct in_formats_text {
	unsigned int refs;
	struct buf bytes;
};

/* All zeros: none. */
struct in_formats {
	struct in_formats_text *events;	/* what the others point into, or NULL */
	char *unwritten;		/* a format that is not of the file, likewise; or NULL */
	struct in_format *item;
	unsigned int count, alloc;
	uint8_t taken[(UINT16_MAX + 1) / 8];	/* a bit for each id of which none is left */
};

/* Note a format. 0; -ENOMEM. */
int in_formats_add(struct in_formats *f, const char *system, const char *text, uint32_t len);

/* Keep @bytes, which all formats so far point into, and which is owned from now on. 0; -ENOMEM: there are none left. */
int in_formats_keep(struct in_formats *f, struct buf *bytes);

/* Have one copy only of what is kept for @f and @other, which must be the same bytes. */
void in_formats_share(struct in_formats *f, const struct in_formats *other);

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
