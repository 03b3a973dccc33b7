/*
 * guests.h - all guests of a recording at once, until their data flows.
 *
 * Layer 5. Each guest is connected to by a thread of its own, as nearly all of that is
 * waiting for the other side; the threads have ended before anything is traced. Comparing clocks
 * is another matter: there it counts how quickly this machine answers, so only as many
 * guests as it has CPUs for are at it at a time.
 */
#ifndef SESSION_GUESTS_H
#define SESSION_GUESTS_H

#include "session/guest.h"

/* Places for those who must not all do something at once. */
struct turns {
	int fd;		/* an eventfd with the free places */
};

/* Wait for a place, at most until @stop is wanted. 0; -ECANCELED; -errno. */
int turns_take(struct turns *t, struct stop *stop);
void turns_give(struct turns *t);

/* What became of one of them. */
struct guest_end {
	int code;		/* 0 or -errno */
	struct err err;		/* why */
};

/*
 * Find, connect to and negotiate with the @n guests, and take in their metadata. If one
 * cannot be had, or @stop is wanted, all others give up, too; but one that does not keep to the
 * protocol (guest->broke) concerns nobody else. 0, even if there are such, whose @ends say why; -ECANCELED:
 * @stop; -errno of the first one that cannot be had, described in @err. @ends begin as zeros.
 */
int guests_connect(struct guest *guests, int n, struct stop *stop, struct guest_end *ends,
		   struct err *err);

/*
 * The end of all guests, which have been asked to close: guest_wait_close() of those that are
 * connected, all at once, so that some that are dead don't hold up the rest one after the other. Each
 * has its own in @ends, which begin as zeros.
 */
void guests_wait_close(struct guest *guests, int n, struct stop *stop, struct guest_end *ends);

#endif
