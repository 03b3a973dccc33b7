/*
 * test-guests.c - all guests have their turn at the end, also where there are no threads for them.
 */
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "session/guests.h"

#define GUESTS	3

static int threads_left = -1;	/* -1: as many as asked for */

/* The command's calls come here instead of to libc. */
int pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*run)(void *), void *arg)
{
	int (*real)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *) =
		dlsym(RTLD_NEXT, "pthread_create");

	if (!threads_left)
		return EAGAIN;
	threads_left -= threads_left > 0;
	return real(thread, attr, run, arg);
}

/* Guests that have said CLOSE_RESP, and one that has hung up. */
struct stage {
	struct plan plan;
	struct plan_guest conf;
	struct note *note;
	struct guest guests[GUESTS];
	struct guest_end ends[GUESTS];
	struct channel peers[GUESTS];
	struct stop stop;
};

/* @silent: none of them says anything. */
static void stage_open(struct stage *s, bool silent)
{
	int i, fds[2];

	memset(s, 0, sizeof(*s));
	s->stop = STOP_NONE;
	s->note = note_new();
	assert_non_null(s->note);
	for (i = 0; i < GUESTS; i++) {
		struct guest *g = &s->guests[i];

		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
		g->plan = &s->plan;
		g->conf = &s->conf;
		g->own = &s->note->guests[i];
		g->note = s->note;
		g->connected = true;
		channel_init(&g->ctl, fds[0]);
		channel_init(&s->peers[i], fds[1]);
		if (!silent && i == 1)
			channel_close(&s->peers[i]);
		else if (!silent)
			assert_int_equal(channel_send(&s->peers[i], MSG_CLOSE_RESP, NULL, 0, NULL, 0,
						      deadline_in_ms(1000)), 0);
	}
}

static void stage_close(struct stage *s)
{
	int i;

	for (i = 0; i < GUESTS; i++) {
		channel_close(&s->guests[i].ctl);
		channel_close(&s->peers[i]);
	}
	note_free(s->note);
}

static void whatever_threads_there_are_each_guest_is_waited_for_once(void **state)
{
	int threads;

	for (threads = -1; threads <= GUESTS; threads++) {
		struct stage s;

		stage_open(&s, false);
		threads_left = threads;
		guests_wait_close(s.guests, GUESTS, &s.stop, s.ends);
		threads_left = -1;
		/* a second wait, or one that was cut short, would have lost them */
		assert_int_equal(s.ends[0].code, 0);
		assert_int_equal(s.ends[2].code, 0);
		assert_false(s.guests[0].lost);
		assert_false(s.guests[2].lost);
		assert_true(s.ends[1].code < 0);
		assert_true(s.guests[1].lost);
		assert_true(s.guests[0].stop == &s.stop && s.guests[2].stop == &s.stop);
		stage_close(&s);
	}
}

/* By whoever had to print something, and waited for its reader. */
static void a_wish_that_was_read_before_ends_the_wait(void **state)
{
	struct stage s;
	int i;

	stage_open(&s, true);
	s.stop.first_ns = 1;
	s.stop.urgent = true;
	guests_wait_close(s.guests, GUESTS, &s.stop, s.ends);
	for (i = 0; i < GUESTS; i++)
		assert_int_equal(s.ends[i].code, -EINTR);
	stage_close(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whatever_threads_there_are_each_guest_is_waited_for_once),
		cmocka_unit_test(a_wish_that_was_read_before_ends_the_wait),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
