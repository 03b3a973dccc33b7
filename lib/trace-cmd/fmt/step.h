/*
 * step.h - the steps of a plan: made by compile.c, run by plan.c, and nobody else's.
 *
 * Layer 2.
 */
#ifndef FMT_STEP_H
#define FMT_STEP_H

#include "fmt/directive.h"
#include "fmt/plan.h"

enum step_kind {
	STEP_NOTHING,				/* but the literal before it */
	STEP_LITERAL,
	STEP_SIGNED, STEP_UNSIGNED,		/* nothing but %d, %u */
	STEP_SIGNED_ZEROS,			/* %d with zeros in front */
	STEP_HEX,				/* nothing but %x and zeros in front */
	STEP_NUMBER,
	STEP_POINTER,
	STEP_FUNCTION,
	STEP_STRING,		/* an array inside the record */
	STEP_DYNAMIC_STRING,	/* its place is told by a field */
	STEP_FLAGS, STEP_SYMBOL,
	STEP_CHOICE,
};

/* The name of a value, or of a bit. */
struct name {
	uint64_t value;
	const char *text;
	uint32_t len;
	uint32_t order;		/* in the format */
};

struct step {
	/* what most steps need comes first, to be in one line of the cache */
	const char *before;		/* a literal in front of it */
	uint32_t before_len;
	uint8_t kind;			/* enum step_kind */
	uint8_t shift;			/* bits of 64 that aren't the number's */
	uint8_t digits;			/* of hex and with zeros in front, at least */
	uint64_t end, mask;		/* value is the bits of mask in the 8 bytes before end; or UINT64_MAX */
	const struct value *value;
	bool swap;
	bool plain;			/* the directive says nothing but the conversion */
	struct directive d;
	const char *text;		/* literal; of flags: what stands between them */
	uint32_t len;
	uint32_t offset, size;		/* of a string; offset of a function: show it */
	struct name *names;
	uint32_t nr_names;
	const struct step *yes, *no;	/* of a choice */
};

#define FLAGS_TEXTS	256	/* a power of two */
#define FLAGS_TEXT_MAX	48

/* The text of a value of flags that was met. */
struct flags_text {
	const struct step *step;	/* whose names they are; NULL: not used */
	uint64_t value;
	uint32_t len;
	char text[FLAGS_TEXT_MAX];
};

#endif
