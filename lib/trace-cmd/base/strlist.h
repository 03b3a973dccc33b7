/*
 * strlist.h - a growing list of strings that it owns.
 *
 * Layer 0. All zeros is an empty list.
 */
#ifndef BASE_STRLIST_H
#define BASE_STRLIST_H

struct strlist {
	char **item;	/* NULL-terminated once there is one */
	int nr;
};

/* Add a copy of @text. 0; -ENOMEM: the list is as it was. */
int strlist_add(struct strlist *l, const char *text);

void strlist_release(struct strlist *l);

#endif
