/*
 * refine.h - narrower bounds of a guest's clock, from the events of both files.
 *
 * Layer 5.
 */
#ifndef CLOCKS_REFINE_H
#define CLOCKS_REFINE_H

#include "clocks/guest.h"

struct refined {
	struct opt_tsync known;		/* what is known now */
	int64_t worst_before, worst;	/* clock units, -1: nothing limits it */
	uint64_t bounds;		/* that the events gave */
	unsigned int steps;		/* whose place the host's file tells (moves.h) */
	bool placed;			/* and did not, before */
};

/*
 * Find them; @g was judged. 0; -ENODATA described in @err if the file states no bounds to begin with,
 * or there is nothing to hold against; -ERANGE if the events contradict what the file states;
 * -ENOMEM. @ret is released by the caller.
 */
int refine_guest(struct guest *g, struct refined *ret, struct err *err);
void refined_release(struct refined *r);

/* A copy of the guest's file with that, in @path, which may be the file itself. 0; -errno described in @err. */
int refine_write(const struct guest *g, const struct refined *r, const char *path, struct err *err);

#endif
