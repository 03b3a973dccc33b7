/*
 * names.c - see names.h. Layer 2, pure.
 */
#include <errno.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "in/names.h"

struct pattern {
	regex_t first, second;
	bool one;		/* there is no second: the first is either's */
};

struct in_names {
	struct pattern *pattern;
	unsigned int count;
};

/* The whole of a name, and upper and lower case are the same. 0; -EINVAL; -ENOMEM. */
static int compile(regex_t *re, const char *text, size_t len)
{
	_cleanup_buf_ struct buf whole = BUF_INIT;
	int ret;

	while (len && (text[len - 1] == ' ' || text[len - 1] == '\t' || text[len - 1] == '\n'))
		len--;
	for (; len && (*text == ' ' || *text == '\t' || *text == '\n'); len--)
		text++;
	if (!len)
		return -EINVAL;
	if (buf_printf(&whole, "^%.*s$", (int)len, text))
		return -ENOMEM;
	ret = regcomp(re, (char *)whole.data, REG_ICASE | REG_NOSUB);
	return !ret ? 0 : ret == REG_ESPACE ? -ENOMEM : -EINVAL;
}

/* One of those between commas. 0; -EINVAL; -ENOMEM. */
static int pattern_parse(struct in_names *names, const char *text, size_t len)
{
	struct pattern *more = reallocarray(names->pattern, names->count + 1, sizeof(*more)), *p;
	const char *slash = memchr(text, '/', len);
	size_t first = slash ? (size_t)(slash - text) : len;
	int ret;

	if (!more)
		return -ENOMEM;
	names->pattern = more;
	p = &more[names->count];
	p->one = !slash;
	ret = compile(&p->first, text, first);
	if (ret)
		return ret;
	if (slash && memchr(slash + 1, '/', len - first - 1))
		ret = -EINVAL;
	else if (slash)
		ret = compile(&p->second, slash + 1, len - first - 1);
	if (ret)
		regfree(&p->first);
	else
		names->count++;
	return ret;
}

int in_names_parse(struct in_names **ret_names, const char *filter)
{
	struct in_names *names = calloc(1, sizeof(*names));
	size_t left = strcspn(filter, ":");
	int ret = names ? 0 : -ENOMEM;

	while (!ret) {
		size_t len = strcspn(filter, ",");

		ret = pattern_parse(names, filter, len < left ? len : left);
		if (len >= left)
			break;
		filter += len + 1;
		left -= len + 1;
	}
	if (ret)
		in_names_free(names);
	else
		*ret_names = names;
	return ret;
}

void in_names_free(struct in_names *names)
{
	unsigned int i;

	if (!names)
		return;
	for (i = 0; i < names->count; i++) {
		regfree(&names->pattern[i].first);
		if (!names->pattern[i].one)
			regfree(&names->pattern[i].second);
	}
	free(names->pattern);
	free(names);
}

static bool fits(const regex_t *re, const char *text)
{
	return !regexec(re, text, 0, NULL, 0);
}

bool in_names_match(const struct in_names *names, const char *system, const char *name)
{
	unsigned int i;

	for (i = 0; i < names->count; i++) {
		const struct pattern *p = &names->pattern[i];

		if (p->one ? fits(&p->first, system) || fits(&p->first, name) :
			     fits(&p->first, system) && fits(&p->second, name))
			return true;
	}
	return false;
}
