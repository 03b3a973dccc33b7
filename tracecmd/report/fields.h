/*
 * fields.h - the fields of an event, for machines: where they are and of which type.
 *
 * Layer 5. Compiled once an event from the format its file stores. The common fields are left
 * out: what they tell is in columns of its own.
 */
#ifndef REPORT_FIELDS_H
#define REPORT_FIELDS_H

#include <stdbool.h>

#include "base/buf.h"
#include "event-parse.h"

enum field_kind {
	FIELD_UNSIGNED,		/* 1, 2, 4 or 8 bytes */
	FIELD_SIGNED,
	FIELD_TEXT,		/* up to its NUL or its size */
	FIELD_NUMBERS,		/* several of them */
	FIELD_BYTES,		/* whatever it is */
};

struct field {
	const char *name;	/* the event's */
	enum field_kind kind;
	bool is_signed;		/* FIELD_NUMBERS: what they are */
	bool dynamic;		/* at offset there is where it is and how long: offset | size << 16 */
	bool open;		/* "buf[]", as long as the record is */
	bool relative;		/* that offset counts from behind this field */
	unsigned int offset, size;	/* bytes */
	unsigned int element;	/* FIELD_NUMBERS: bytes of each */
};

struct fields {
	struct field *item;
	unsigned int count;
};

/* The fields of @event. 0; -ENOMEM. */
int fields_compile(const struct tep_event *event, struct fields *ret);
void fields_release(struct fields *f);

/* The field called @name, NULL if the event has none. */
const struct field *fields_find(const struct fields *f, const char *name);

/* Where the bytes of @f are in @record, and how many. NULL: the record is too short for it. */
const void *field_data(const struct field *f, struct tep_handle *tep,
		       const struct tep_record *record, unsigned int *ret_size);

#endif
