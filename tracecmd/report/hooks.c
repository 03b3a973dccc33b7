/*
 * hooks.c - see hooks.h. Layer 5.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "message.h"
#include "report/hooks.h"

/* Cut "[SYSTEM:]EVENT,MATCH[,MORE]" into its words. False: something is missing. */
static bool side_parse(char *text, char **ret_system, char **ret_event, char **ret_match,
		       char **ret_more)
{
	char *match = strchr(text, ','), *colon, *more;

	if (!match)
		return false;
	*match++ = '\0';
	more = strchr(match, ',');
	if (more) {
		*more++ = '\0';
		if (!*more || strchr(more, ','))
			return false;
	}
	colon = strchr(text, ':');
	if (colon)
		*colon++ = '\0';
	*ret_system = colon ? text : NULL;
	*ret_event = colon ? colon : text;
	*ret_match = match;
	*ret_more = more;
	return **ret_event && *match && !(colon && !*text);
}

static void flags_parse(struct hook *h, const char *flags)
{
	for (; *flags; flags++) {
		if (*flags == 'p' || *flags == 'P')
			h->pinned = true;
		else if (*flags == 'g' || *flags == 'G')
			h->global = true;
		else if (*flags == 's' || *flags == 'S')
			h->stack = true;
		else
			cmd_warn(0, "unknown flag %c", *flags);
	}
}

int hooks_add(struct hooks *h, const char *text, struct err *err)
{
	struct hook *more = reallocarray(h->item, h->count + 1, sizeof(*more)), *k;
	char *end, *flags = NULL;

	if (!more)
		return -ENOMEM;
	h->item = more;
	k = &more[h->count];
	*k = (struct hook){ .text = strdup(text), .whole = strdup(text) };
	if (!k->text || !k->whole) {
		free(k->text);
		free(k->whole);
		return -ENOMEM;
	}
	end = strchr(k->text, '/');
	if (end)
		*end++ = '\0';
	if (!end || !side_parse(k->text, &k->start_system, &k->start_event, &k->start_match,
				&k->start_pid) ||
	    !side_parse(end, &k->end_system, &k->end_event, &k->end_match, &flags)) {
		free(k->text);
		free(k->whole);
		err_set(err, 0, "Invalid hook format '%s'", text);
		return -EINVAL;
	}
	k->flags = flags;
	if (flags)
		flags_parse(k, flags);
	h->count++;
	return 0;
}

void hooks_release(struct hooks *h)
{
	unsigned int i;

	for (i = 0; i < h->count; i++) {
		free(h->item[i].text);
		free(h->item[i].whole);
	}
	free(h->item);
	*h = (struct hooks){ 0 };
}
