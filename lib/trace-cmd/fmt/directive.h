/*
 * directive.h - one %-directive of a print format.
 *
 * Layer 2.
 */
#ifndef FMT_DIRECTIVE_H
#define FMT_DIRECTIVE_H

#include <stdbool.h>
#include <stdint.h>

#include "fmt/text.h"

struct directive {
	bool left, zero, alternate, plus, space;
	int width;
	int precision;		/* -1: none */
	unsigned int bits;	/* of an integer argument: 8, 16, 32, 64 */
	char conversion;	/* d u x X o c s p */
	char extension;		/* of p: the letter behind it, or 0 */
};

/*
 * Read the directive at @text, which begins behind the '%'. @long_bits: of the machine
 * that recorded. Returns its length; 0: there is something in it that is left to
 * libtraceevent.
 */
unsigned int directive_parse(struct directive *d, const char *text, unsigned int long_bits);

/* True if nothing but the conversion is said. */
bool directive_is_plain(const struct directive *d);

/* The most bytes that directive_number() and, but for its text, directive_string() put. */
unsigned int directive_max(const struct directive *d);

/* Put @v, cut to the directive's bits, as it says. Returns the end. */
char *directive_number(const struct directive *d, char *to, uint64_t v);

/* Put @len bytes of text as %s says. Returns the end. */
char *directive_string(const struct directive *d, char *to, const char *s, size_t len);

#endif
