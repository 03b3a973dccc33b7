/*
 * seconds.c - see seconds.h. Layer 5, pure.
 */
#include <ctype.h>
#include <errno.h>

#include "edit/seconds.h"

#define NS_PER_S	1000000000u
#define HALF_US		500		/* ns */
#define US_DIGITS	6

/* Read digits at *@at into *@value. How many; -ERANGE. */
static int digits(const char **at, uint64_t *value)
{
	int n = 0;

	for (; isdigit((unsigned char)**at); (*at)++, n++)
		if (__builtin_mul_overflow(*value, 10, value) ||
		    __builtin_add_overflow(*value, **at - '0', value))
			return -ERANGE;
	return n;
}

/* All ns that lines show as the microsecond @ns; they round half up. */
static struct seconds_span shown_as(uint64_t ns)
{
	return (struct seconds_span){
		.first = ns - (ns < HALF_US ? ns : HALF_US),
		.last = ns > UINT64_MAX - HALF_US ? UINT64_MAX : ns + HALF_US - 1,
	};
}

int seconds_parse(const char *text, bool ns, struct seconds_span *ret)
{
	uint64_t whole = 0, unit = NS_PER_S, part = 0;
	int n = digits(&text, &whole), behind = 0;

	if (n < 0)
		return n;
	if (!ns && !*text && n) {
		*ret = (struct seconds_span){ whole, whole };
		return 0;
	}
	if (*text == '.') {
		/* what is beyond ns doesn't count */
		for (text++; isdigit((unsigned char)*text); text++, behind++) {
			unit /= 10;
			part += unit * (*text - '0');
		}
	}
	if (*text || n + behind == 0)
		return -EINVAL;
	if (__builtin_mul_overflow(whole, NS_PER_S, &whole) ||
	    __builtin_add_overflow(whole, part, &whole))
		return -ERANGE;
	*ret = ns && behind <= US_DIGITS ? shown_as(whole) : (struct seconds_span){ whole, whole };
	return 0;
}
