/*
 * tidy.c - see tidy.h. Layer 5.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

#include "session/tidy.h"
#include "setup/leftover.h"
#include "setup/parting.h"

#define LOOK_NS	300000	/* between looks whether we may go */

struct tidy {
	struct journal *journal;
	struct early *early;
	int file_fd;
	bool events, may_part;
	struct parting parting;
	pthread_t thread;
};

/* Unless others have made it theirs, whom we keep from that meanwhile. */
static void put_back_events(struct tidy *t)
{
	struct places turns = { 0 }, shared = { 0 };

	if (!journal_places(t->journal, &turns) && !places_lock(&turns, NULL)) {
		leftover_shared(&turns, journal_begun(t->journal), t->file_fd, &shared);
		if (!shared.nr)
			journal_restore_events(t->journal);
	}
	places_release(&shared);
	places_release(&turns);
}

static void *tidy_thread(void *arg)
{
	struct tidy *t = arg;

	early_wait_formats(t->early);
	if (t->events)
		put_back_events(t);
	journal_restore_early(t->journal, t->may_part ? &t->parting : NULL);
	return NULL;
}

struct tidy *tidy_start(struct journal *j, int file_fd, struct early *early, bool events,
			bool may_part)
{
	struct tidy *t = calloc(1, sizeof(*t));
	sigset_t all, old;
	int error;

	if (!t)
		return NULL;
	t->journal = j;
	t->file_fd = file_fd;
	t->early = early;
	t->events = events;
	t->may_part = may_part;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	error = pthread_create(&t->thread, NULL, tidy_thread, t);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (error) {
		free(t);
		return NULL;
	}
	return t;
}

/* Wait a moment for its end. True: it has ended. */
static bool join_soon(struct tidy *t)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	ts.tv_nsec += LOOK_NS;
	if (ts.tv_nsec >= 1000000000) {
		ts.tv_nsec -= 1000000000;
		ts.tv_sec++;
	}
	return pthread_clockjoin_np(t->thread, NULL, CLOCK_MONOTONIC, &ts) != ETIMEDOUT;
}

void tidy_end(struct tidy *t)
{
	if (!t)
		return;
	while (t->may_part) {
		if (parting_is_left(&t->parting)) {
			/* the process there may use our memory yet: it goes with the last of us */
			journal_parted(t->journal);
			return;
		}
		if (join_soon(t)) {
			free(t);
			return;
		}
	}
	pthread_join(t->thread, NULL);
	free(t);
}
