/*
 * test-proxy-sides.c - a guest that has its host recorded, and the host's proxy: what they do besides talking.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "session/agent-parts.h"
#include "session/guest-clock.h"
#include "session/guest.h"
#include "session/plan.h"

/* Does @g offer what would have this machine go over to another clock? */
static bool offers_kvm(const struct guest *g)
{
	_cleanup_free_ const char **names = guest_proxy_offer(g);
	int i;

	assert_non_null(names);
	for (i = 0; names[i]; i++)
		if (!strcmp(names[i], "kvm"))
			return true;
	return false;
}

static void the_clock_stays_where_guests_of_ours_know_it(void **state)
{
	struct guest g = { 0 };
	struct local local = { 0 };
	struct plan p;

	if (!clock_tsc_there())
		skip();
	assert_int_equal(plan_init(&p), 0);
	p.kind = PLAN_RECORD;
	g.conf = plan_add_guest(&p, "2");
	assert_non_null(g.conf);
	p.guests[0].proxy = true;
	g.plan = local.plan = &p;
	g.local = &local;
	assert_true(offers_kvm(&g));
	assert_non_null(plan_add_guest(&p, "3"));
	g.conf = &p.guests[0];
	assert_false(offers_kvm(&g));
	plan_release(&p);
}

/* The end of a session, of which the file's second part is all that there is. */
static int finish(struct session *s)
{
	struct out_conf conf = { .version = 7, .page_size = 4096, .nr_cpus = 1 };
	struct err err = { 0 };
	int ret;

	s->proxy.meta_fd = memfd_create("meta", MFD_CLOEXEC);
	assert_int_equal(out_create(s->proxy.meta_fd, &conf, &s->proxy.meta, &err), 0);
	assert_int_equal(out_option_cpus(s->proxy.meta), 0);
	assert_int_equal(out_options_end(s->proxy.meta, &err), 0);
	assert_int_equal(out_announce_options(s->proxy.meta, &s->proxy.sent, &err), 0);
	ret = proxy_finish(s, &err);
	proxy_end(s);
	return ret;
}

/* The guest says nothing more; with a signal that nobody can see at the descriptor any more. */
static void a_signal_that_was_read_ends_the_wait_for_the_guest(void **state)
{
	struct channel ctl, peer;
	struct stop stop = STOP_NONE;
	struct session s = { .ctl = &ctl, .stop = &stop };
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	channel_init(&ctl, fds[0]);
	channel_init(&peer, fds[1]);
	s.note = note_new();
	assert_non_null(s.note);
	s.proxy.guest = &s.note->guests[0];
	s.proxy.guest->nr_cpus = 1;
	stop.first_ns = mono_now_ns();
	alarm(60);
	assert_int_equal(finish(&s), -EINTR);
	alarm(0);
	note_free(s.note);
	channel_close(&ctl);
	channel_close(&peer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_clock_stays_where_guests_of_ours_know_it),
		cmocka_unit_test(a_signal_that_was_read_ends_the_wait_for_the_guest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
