/*
 * A protocol that turns out not to work gives way to the next one that both ends know.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "sim/tsync-pair.h"
#include "sim/tsync-script.h"
#include "tsync/link.h"

#define PATIENCE_MS 60000

/* --- protocols that do not work ----------------------------------------------- */

static bool any_clock(const char *clock)
{
	return true;
}

static int works(struct tsync_link *link)
{
	return 0;
}

static int refuses(struct tsync_link *link)
{
	return err_set(&link->err, -EOPNOTSUPP, "no such thing here");
}

static int host_refuses(struct tsync_link *link, struct tsync_result *ret)
{
	return refuses(link);
}

static int host_waits(struct tsync_link *link, struct tsync_result *ret)
{
	struct msg_tsync msg;
	int i, got = 0;

	for (i = 0; !got && i < 1000; i++)
		got = link_expect(link, "broken", 1, PATIENCE_MS, &msg);
	return got;
}

/* Talks a lot before it gives up, so that messages are under way. */
static int guest_babbles(struct tsync_link *link)
{
	int i, ret = 0;

	for (i = 0; i < 50 && !ret; i++)
		ret = link_send(link, "broken", 1, "x", 1);
	return ret ? ret : refuses(link);
}

static int guest_waits(struct tsync_link *link)
{
	struct msg_tsync msg;
	int i, ret = 0;

	for (i = 0; i < 50 && !ret; i++)
		ret = link_send(link, "broken", 1, "x", 1);
	return ret ? ret : link_recv(link, &msg, PATIENCE_MS);
}

static int released;

static void release(struct tsync_link *link)
{
	released++;
}

#define BROKEN(var, n, acc, prep, host, guest)						\
	static const struct tsync_proto var = {						\
		.name = n, .accuracy = acc, .roles = 15, .usable = any_clock,		\
		.prepare = prep, .host_round = host, .guest_round = guest,		\
		.release = release,							\
	}

BROKEN(host_broken, "broken", 1, works, host_refuses, guest_waits);
BROKEN(guest_broken, "broken", 2, works, host_waits, guest_babbles);
BROKEN(unprepared, "unprepared", 3, refuses, host_waits, guest_waits);

static const struct tsync_proto *ptp(void)
{
	return tsync_proto_find("ptp");
}

static void start_pair(struct tsync_pair *p, const struct tsync_proto *host,
		       const struct tsync_proto *guest)
{
	pair_init(p, PTP_FLAG_FASTEST_RESPONSE, false);
	p->host_conf.proto = host;
	p->guest_conf.proto = guest;
	p->host_conf.fallback[0] = p->guest_conf.fallback[0] = ptp();
	released = 0;
	assert_int_equal(pair_start(p), 0);
}

/* The session goes on with ptp and yields samples of two passes. */
static void assert_goes_on(struct tsync_pair *p, const char *why)
{
	struct tsync_samples samples = { 0 };
	struct err err = { 0 };

	assert_int_equal(tsync_host_wait_first(p->host, PATIENCE_MS, &p->err), 0);
	assert_ptr_equal(tsync_proto_now(p->host, &err), ptp());
	assert_string_equal(err.text, why);
	assert_ptr_equal(tsync_proto_now(p->guest, NULL), ptp());
	assert_int_equal(tsync_host_stop(p->host, PATIENCE_MS, &samples, &p->err), 0);
	assert_int_equal(tsync_guest_stop(p->guest, PATIENCE_MS), 0);
	assert_int_equal(samples.count, 2);
	tsync_samples_release(&samples);
	pair_free(p);
}

static void a_host_that_finds_out_switches(void **state)
{
	struct tsync_pair p;

	start_pair(&p, &host_broken, &host_broken);
	assert_goes_on(&p, "no such thing here");
	assert_int_equal(released, 2);
}

static void a_guest_that_finds_out_switches(void **state)
{
	struct tsync_pair p;

	start_pair(&p, &guest_broken, &guest_broken);
	assert_goes_on(&p, "");
}

static void either_end_may_find_out_before_the_first_round(void **state)
{
	struct tsync_pair p;

	start_pair(&p, &unprepared, &unprepared);
	assert_goes_on(&p, "no such thing here");
	start_pair(&p, &unprepared, &host_broken);
	assert_goes_on(&p, "no such thing here");
	start_pair(&p, &guest_broken, &unprepared);
	assert_goes_on(&p, "");
}

static void what_works_on_neither_side_is_passed_over(void **state)
{
	struct tsync_pair p;
	int side;

	for (side = 0; side < 2; side++) {
		pair_init(&p, PTP_FLAG_FASTEST_RESPONSE, false);
		p.host_conf.proto = p.guest_conf.proto = side ? &host_broken : &guest_broken;
		p.host_conf.fallback[0] = &unprepared;
		p.host_conf.fallback[1] = ptp();
		/* the guest knows less than the host believes */
		p.guest_conf.fallback[0] = side ? ptp() : &unprepared;
		p.guest_conf.fallback[1] = side ? NULL : ptp();
		assert_int_equal(pair_start(&p), 0);
		assert_goes_on(&p, "no such thing here");
	}
}

static void without_another_the_session_fails(void **state)
{
	struct tsync_samples samples = { 0 };
	struct tsync_pair p;

	pair_init(&p, PTP_FLAG_FASTEST_RESPONSE, false);
	p.host_conf.proto = p.guest_conf.proto = &host_broken;
	assert_int_equal(pair_start(&p), 0);
	assert_int_equal(tsync_host_wait_first(p.host, PATIENCE_MS, &p.err), -EOPNOTSUPP);
	assert_string_equal(p.err.text, "no such thing here");
	assert_int_equal(tsync_host_stop(p.host, PATIENCE_MS, &samples, NULL), -EOPNOTSUPP);
	pair_free(&p);
}

/* --- peers that do not keep to it ------------------------------------------------ */

static void start_script(struct script *s, const struct tsync_proto *proto, bool guest)
{
	script_init(s);
	s->conf.proto = proto;
	s->conf.fallback[0] = ptp();
	if (guest)
		assert_int_equal(tsync_guest_start(&s->conf, &s->session, &s->err), 0);
	else
		assert_int_equal(tsync_host_start(&s->conf, &s->session, &s->err), 0);
}

static void a_host_takes_only_the_right_answer(void **state)
{
	static const struct { const char *text; size_t len; int code; } cases[] = {
		{ "", 1, -EOPNOTSUPP },
		{ "ptp", 3, -EPROTO },
		{ "ptpx", 5, -EPROTO },
		{ "", 0, -EPROTO },
		{ "broken", 7, -EPROTO },
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct err err = { 0 };
		struct script s;

		start_script(&s, &host_broken, false);
		script_expect(&s, LOOP_NAME, LOOP_PROBE);
		script_send(&s, "broken", 1, "x", 1);
		script_send(&s, LOOP_NAME, LOOP_CANNOT, NULL, 0);
		script_expect(&s, LOOP_NAME, LOOP_USE);
		assert_int_equal(s.got.len, 4);
		assert_string_equal((const char *)s.got.data, "ptp");
		script_send(&s, LOOP_NAME, LOOP_USE, cases[i].text, cases[i].len);
		assert_int_equal(tsync_host_wait_first(s.session, PATIENCE_MS, &err),
				 cases[i].code);
		script_release(&s);
	}
}

static void a_host_listens_to_strays_only_for_so_long(void **state)
{
	struct err err = { 0 };
	struct script s;
	int i;

	start_script(&s, &host_broken, false);
	script_expect(&s, LOOP_NAME, LOOP_PROBE);
	script_expect(&s, LOOP_NAME, LOOP_USE);
	for (i = 0; i < 5000; i++)
		script_send(&s, "broken", 1, "x", 1);
	assert_int_equal(tsync_host_wait_first(s.session, PATIENCE_MS, &err), -EPROTO);
	script_release(&s);
}

static void a_guest_goes_only_forward_to_what_was_offered(void **state)
{
	static const char *const bad[] = { "broken", "nosuch", "kvm" };
	const uint16_t cpu = 0;
	struct script s;
	size_t i;

	start_script(&s, &guest_broken, true);
	script_send(&s, LOOP_NAME, LOOP_PROBE, &cpu, sizeof(cpu));
	do
		assert_int_equal(script_recv(&s), 0);
	while (strcmp(s.got.proto, LOOP_NAME));
	assert_int_equal(s.got.id, LOOP_CANNOT);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		script_send(&s, LOOP_NAME, LOOP_USE, bad[i], strlen(bad[i]) + 1);
		script_expect(&s, LOOP_NAME, LOOP_USE);
		assert_int_equal(s.got.len, 1);
	}
	script_send(&s, LOOP_NAME, LOOP_USE, "ptp", 4);
	script_expect(&s, LOOP_NAME, LOOP_USE);
	assert_int_equal(s.got.len, 4);
	/* and not back */
	script_send(&s, LOOP_NAME, LOOP_USE, "broken", 7);
	script_expect(&s, LOOP_NAME, LOOP_USE);
	assert_int_equal(s.got.len, 1);
	script_send(&s, LOOP_NAME, LOOP_STOP, NULL, 0);
	assert_int_equal(tsync_guest_stop(s.session, PATIENCE_MS), 0);
	script_release(&s);
}

static void a_guest_refuses_names_that_are_none(void **state)
{
	static const struct { const char *text; size_t len; } bad[] = {
		{ "", 0 }, { "", 1 }, { "ptp", 3 }, { "0123456789abcdef", 17 },
	};
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct script s;

		start_script(&s, &guest_broken, true);
		script_send(&s, LOOP_NAME, LOOP_USE, bad[i].text, bad[i].len);
		assert_int_equal(tsync_guest_stop(s.session, PATIENCE_MS), -EPROTO);
		script_release(&s);
	}
}

/* --- what there is to go over to --------------------------------------------------- */

static void fallbacks_are_worse_known_and_in_order(void **state)
{
	char *names[] = { "ptp", "nosuch", "ptp", NULL };
	const struct tsync_proto *got[TSYNC_PROTOS_MAX + 1];

	tsync_fallback(names, TSYNC_ROLE_GUEST, "local", &host_broken, got);
	assert_ptr_equal(got[0], ptp());
	assert_null(got[1]);
	tsync_fallback(names, TSYNC_ROLE_GUEST, "counter", &host_broken, got);
	assert_null(got[0]);
	tsync_fallback(names, TSYNC_ROLE_GUEST, "local", ptp(), got);
	assert_null(got[0]);
	tsync_fallback(NULL, TSYNC_ROLE_GUEST, "local", &host_broken, got);
	assert_null(got[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_host_that_finds_out_switches),
		cmocka_unit_test(a_guest_that_finds_out_switches),
		cmocka_unit_test(either_end_may_find_out_before_the_first_round),
		cmocka_unit_test(what_works_on_neither_side_is_passed_over),
		cmocka_unit_test(without_another_the_session_fails),
		cmocka_unit_test(a_host_takes_only_the_right_answer),
		cmocka_unit_test(a_host_listens_to_strays_only_for_so_long),
		cmocka_unit_test(a_guest_goes_only_forward_to_what_was_offered),
		cmocka_unit_test(a_guest_refuses_names_that_are_none),
		cmocka_unit_test(fallbacks_are_worse_known_and_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
