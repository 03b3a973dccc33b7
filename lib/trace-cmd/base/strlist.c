/*
 * strlist.c - see strlist.h. Layer 0.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/strlist.h"

int strlist_add(struct strlist *l, const char *text)
{
	char **more = reallocarray(l->item, l->nr + 2, sizeof(*more));

	if (!more)
		return -ENOMEM;
	l->item = more;
	more[l->nr] = strdup(text);
	if (!more[l->nr])
		return -ENOMEM;
	more[++l->nr] = NULL;
	return 0;
}

void strlist_release(struct strlist *l)
{
	int i;

	for (i = 0; i < l->nr; i++)
		free(l->item[i]);
	free(l->item);
	*l = (struct strlist){ 0 };
}
