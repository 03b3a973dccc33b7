/*
 * place.h - where settings lie that belong together: an instance, the top one, or apart from these.
 *
 * Layer 3. Sessions that share an instance take turns in changing it, by a lock that is not the claim of
 * inuse.h: that one is held for as long as somebody records.
 */
#ifndef SETUP_PLACE_H
#define SETUP_PLACE_H

#include <stdbool.h>

#include "base/err.h"

/* Directories, sorted, each once. All zero: none. */
struct places {
	char **name;
	int *lock;	/* NULL, or descriptors that hold the locks, -1 for what isn't there */
	int nr, alloc;
};

/* The place of the tracing file, or instance's directory, @path: add it. 0; -ENOMEM. */
int places_add(struct places *p, const char *path);

/* Is the place of @path among them? The place @name? */
bool places_have(const struct places *p, const char *path);
bool places_name(const struct places *p, const char *name);

/* What @a and @b have in common is added to @ret. 0; -ENOMEM. */
int places_common(struct places *ret, const struct places *a, const struct places *b);

/*
 * It's our turn in all of them, until places_release(). Who has several locks them in one order. 0; -ENOMEM;
 * -ETIMEDOUT described in @err, with those that could be locked locked: another one is at it and does not end.
 */
int places_lock(struct places *p, struct err *err);

void places_release(struct places *p);

#endif
