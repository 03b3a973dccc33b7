/*
 * cpumask.c - see cpumask.h. Layer 3.
 */
#include <ctype.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "setup/cpumask.h"

#define WORD_BITS 32

/* The 32-bit words of the mask, lowest first. 0; -EINVAL; -ERANGE: more than @nr. */
static int parse_words(const char *text, uint32_t *word, size_t nr)
{
	size_t digits = 0;

	if (!*text)
		return -EINVAL;
	for (const char *at = text + strlen(text); at-- > text;) {
		uint32_t digit;

		if (*at == ',')
			continue;
		if (!isxdigit((unsigned char)*at))
			return -EINVAL;
		digit = isdigit((unsigned char)*at) ? *at - '0' :
						      tolower((unsigned char)*at) - 'a' + 10;
		if (digit && digits / 8 >= nr)
			return -ERANGE;
		if (digit)
			word[digits / 8] |= digit << digits % 8 * 4;
		digits++;
	}
	return digits ? 0 : -EINVAL;
}

static int highest(const uint32_t *word, size_t nr)
{
	for (size_t i = nr * WORD_BITS; i-- > 0;)
		if (word[i / WORD_BITS] >> i % WORD_BITS & 1)
			return (int)i;
	return -1;
}

static int format_words(const uint32_t *word, size_t nr, char **ret)
{
	_cleanup_buf_ struct buf b = BUF_INIT;

	for (size_t i = nr; i-- > 0;)
		if (b.len)
			buf_printf(&b, ",%08x", word[i]);
		else if (word[i] || i == 0)
			buf_printf(&b, "%x", word[i]);
	*ret = b.error ? NULL : buf_take_str(&b);
	return *ret ? 0 : -ENOMEM;
}

int cpumask_text(const char *text, int nr_cpus, char **ret, struct err *err)
{
	size_t nr = (nr_cpus + WORD_BITS - 1) / WORD_BITS;
	_cleanup_free_ uint32_t *word = calloc(nr + 1, sizeof(*word));
	int error = 0;

	if (!word)
		return err_set(err, -ENOMEM, "no memory");
	if (strcmp(text, "-1") == 0)
		for (int cpu = 0; cpu < nr_cpus; cpu++)
			word[cpu / WORD_BITS] |= 1u << cpu % WORD_BITS;
	else
		error = parse_words(text, word, nr);
	if (error == -EINVAL)
		return err_set(err, error, "'%s' is no mask of CPUs: hexadecimal, or -1 for all",
			       text);
	if (error || highest(word, nr) >= nr_cpus)
		return err_set(err, -EINVAL,
			       "the mask of CPUs '%s' names some that this machine has not\n"
			       "its CPUs are 0 to %d", text, nr_cpus - 1);
	if (highest(word, nr) < 0)
		return err_set(err, -EINVAL, "the mask of CPUs '%s' names none", text);
	error = format_words(word, nr, ret);
	return error ? err_set(err, error, "no memory") : 0;
}
