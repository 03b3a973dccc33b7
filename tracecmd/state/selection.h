/*
 * selection.h - which buffers a command like stop or stat is about.
 *
 * Layer 5. Only buffers that exist can be chosen.
 */
#ifndef STATE_SELECTION_H
#define STATE_SELECTION_H

#include <stdbool.h>

#include "base/err.h"

struct selected {
	char *name;	/* NULL: the top buffer */
	char *dir;	/* its tracefs directory */
};

struct selection {
	const char *tracing;	/* the tracing directory */
	struct selected *item;
	unsigned int count;
};

/* Find the tracing directory; nothing is selected yet. 0; -errno, described in @err. */
int selection_init(struct selection *s, struct err *err);
void selection_release(struct selection *s);

/*
 * Add the instance @name, NULL being the top buffer; once is enough. 0; -ENOENT: there
 * is no such instance; -ENOMEM; described in @err.
 */
int selection_add(struct selection *s, const char *name, struct err *err);

/* Add the top buffer in front of all others; once is enough. 0; -ENOMEM; described in @err. */
int selection_add_top(struct selection *s, struct err *err);

/* Add all instances, but not the top buffer. 0; -errno, described in @err. */
int selection_add_instances(struct selection *s, struct err *err);

#endif
