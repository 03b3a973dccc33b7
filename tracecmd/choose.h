/*
 * choose.h - the options that say which buffers a command is about: -B, -t, -a.
 *
 * Layer 6.
 */
#ifndef CHOOSE_H
#define CHOOSE_H

#include "optparse.h"
#include "state/selection.h"

struct choose {
	struct selection sel;
	int *claim_fd;		/* of each in sel; NULL: nothing is claimed */
	bool top, all, named;
};

#define CHOOSE_OPTIONS \
	{ 'B', NULL, OPT_REQUIRED, "the instance NAME; may be given several times", "instance" }, \
	{ 't', NULL, OPT_NONE, "the top buffer, too, when instances are named" }

/* 0; or the exit status after a message. Release in any case. */
int choose_init(struct choose *c);
void choose_release(struct choose *c);

/* One of 'B', 't', 'a'. 0; or the exit status after a message. */
int choose_option(struct choose *c, int id, const char *arg);

/* No more options: without any it is the top buffer. 0; or the exit status after a message. */
int choose_end(struct choose *c);

/*
 * Claim what was chosen for as long as @c lasts, so that nobody records there: the command would
 * @what, which is for the message. 0; or the exit status after one.
 */
int choose_claim(struct choose *c, const char *what);

/* Words behind the options of a command that takes none: print its help. */
int choose_no_words(const struct optparse *p);

#endif
