/*
 * Sessions with a peer that does not keep to the protocol, lies, or dies: that
 * session ends or refuses the round, and nothing else happens.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "sim/tsync-script.h"
#include "tsync/link.h"

/* --- the host's side, and we are the guest ----------------------------------- */

static void start_host(struct script *s)
{
	script_init(s);
	assert_int_equal(tsync_host_start(&s->conf, &s->session, &s->err), 0);
	script_expect(s, "none", 1);
	assert_int_equal(s->got.len, 2);
}

/* Begin a round properly. */
static void start_round(struct script *s, uint32_t series)
{
	script_start(s, series, 0);
	script_expect(s, PTP_NAME, PTP_START);
	assert_int_equal(s->got.len, 8);
}

/* The session must fail with @code, and soon. */
static void assert_host_fails(struct script *s, int code)
{
	struct tsync_samples samples = { 0 };
	struct err err = { 0 };

	assert_int_equal(tsync_host_wait_first(s->session, SCRIPT_MS, &err), code);
	assert_true(err.text[0]);
	err_clear(&err);
	assert_int_equal(tsync_host_stop(s->session, SCRIPT_MS, &samples, &err), code);
	assert_int_equal(samples.count, 0);
	assert_true(err.text[0]);
	script_release(s);
}

static void host_refuses_unknown_flags(void **state)
{
	static const uint32_t flags[] = { 4, 7, 0x80000000, UINT32_MAX };
	size_t i;

	for (i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		struct script s;

		start_host(&s);
		script_start(&s, 1, flags[i]);
		assert_host_fails(&s, -EPROTO);
	}
}

static void host_refuses_stamps_its_clock_cannot_make(void **state)
{
	struct tsync_samples samples;
	struct err err = { 0 };
	struct script s;

	script_init(&s);
	s.conf.tracing_dir = "/nonexistent";
	assert_int_equal(tsync_host_start(&s.conf, &s.session, &s.err), 0);
	script_expect(&s, "none", 1);
	/* markers, for which there is no tracefs */
	script_start(&s, 1, PTP_FLAG_USE_MARKER);
	assert_int_equal(tsync_host_wait_first(s.session, SCRIPT_MS, &err), -ENOENT);
	assert_non_null(strstr(err.text, "/nonexistent"));
	assert_int_equal(tsync_host_stop(s.session, SCRIPT_MS, &samples, NULL), -ENOENT);
	script_release(&s);
}

static void host_refuses_probe_numbers_that_do_not_ascend_from_1_to_339(void **state)
{
	static const struct {
		uint32_t good[3];	/* up to a 0 */
		uint32_t bad;
		int code;
	} cases[] = {
		{ { 0 }, 0x80000000, -EBADMSG },
		{ { 0 }, UINT32_MAX, -EBADMSG },
		{ { 0 }, 0, -EBADMSG },
		{ { 0 }, PTP_PROBES + 1, -EBADMSG },
		{ { 1, 0 }, 1, -EPROTO },
		{ { 5, 0 }, 4, -EPROTO },
		{ { 1, 7, 0 }, 7, -EPROTO },
		{ { PTP_PROBES, 0 }, PTP_PROBES, -EPROTO },
		{ { PTP_PROBES, 0 }, PTP_PROBES + 1, -EBADMSG },
	};
	size_t i, k;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct script s;

		start_host(&s);
		start_round(&s, 1);
		for (k = 0; cases[i].good[k]; k++) {
			uint32_t echo;

			script_probe(&s, cases[i].good[k]);
			script_expect(&s, PTP_NAME, PTP_PROBE);
			assert_int_equal(ptp_probe_parse(s.got.data, s.got.len, &echo), 0);
			assert_int_equal(echo, cases[i].good[k]);
		}
		script_probe(&s, cases[i].bad);
		assert_host_fails(&s, cases[i].code);
	}
}

static void host_refuses_messages_out_of_turn(void **state)
{
	static const struct {
		const char *proto;
		uint32_t id;
		size_t len;
		int code;
	} cases[] = {
		{ "none", 2, 0, -EPROTO },	/* STOP is the host's to say */
		{ "none", PTP_PROBE, 4, -EPROTO },
		{ "kvm", PTP_PROBE, 4, -EPROTO },
		{ "ptp", PTP_OFFSET, 16, -EPROTO },
		{ "ptp", PTP_START, 8, -EPROTO },
		{ "ptp", 99, 0, -EPROTO },
		{ "ptp", PTP_PROBE, 8000, -EBADMSG },
		{ "ptp", PTP_PROBE, 0, -EBADMSG },
	};
	static const uint8_t zeros[8000];
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct script s;

		start_host(&s);
		start_round(&s, 1);
		script_send(&s, cases[i].proto, cases[i].id, zeros, cases[i].len);
		assert_host_fails(&s, cases[i].code);
	}
}

static void host_refuses_other_commands_and_garbage(void **state)
{
	static const uint8_t garbage[64] = { 0xff, 0xff, 0xff, 0xff, 0xff };
	struct script s;

	start_host(&s);
	assert_int_equal(channel_send(&s.ch, MSG_CLOSE, NULL, 0, NULL, 0, deadline_in_ms(1000)), 0);
	assert_host_fails(&s, -EPROTO);

	start_host(&s);
	assert_int_equal(send(s.ch.fd, garbage, sizeof(garbage), MSG_NOSIGNAL), sizeof(garbage));
	assert_host_fails(&s, -EBADMSG);
}

/* Play a round of three probes, and leave the offset to the caller. */
static void three_probes(struct script *s, uint32_t series, int64_t ret_host_time[3])
{
	struct ptp_list list;
	uint32_t n;
	size_t i;

	start_round(s, series);
	for (n = 1; n <= 3; n++) {
		script_probe(s, n);
		script_expect(s, PTP_NAME, PTP_PROBE);
	}
	script_send(s, PTP_NAME, PTP_END, NULL, 0);
	script_expect(s, PTP_NAME, PTP_PROBES_LIST);
	/* nothing of the host's memory in the slots it did not fill */
	assert_int_equal(s->got.len, 8 + PTP_SLOTS * 12);
	for (i = 8 + 3 * 12; i < s->got.len; i++)
		assert_int_equal(s->got.data[i], 0);
	assert_int_equal(ptp_list_parse(s->got.data, s->got.len, &list), 0);
	assert_int_equal(list.series, series);
	assert_int_equal(list.count, 3);
	for (i = 0; i < 3; i++)
		ret_host_time[i] = list.slot[i].time;
}

/* All rounds are refused, and that is all: the session goes on to its orderly end. */
static void host_stores_no_offset_that_its_own_stamps_contradict(void **state)
{
	static const struct {
		/* the sample's host time is that much after the last stamp */
		int64_t time, after_last;
	} lies[] = {
		{ 5000, 1 }, { 5000, 1000000000 }, { 5000, -1000000000 }, { -5, 1 },
		{ INT64_MAX, INT64_MAX }, { 0, 0 },
	};
	struct tsync_samples samples = { 0 };
	struct err err = { 0 };
	struct script s;
	uint32_t series;

	script_init(&s);
	/* the next pass begins by itself */
	s.conf.interval_ms = 1;
	assert_int_equal(tsync_host_start(&s.conf, &s.session, &s.err), 0);
	for (series = 1; series <= 6; series++) {
		int64_t time = lies[series - 1].time, host_time[3];

		script_expect(&s, "none", 1);
		three_probes(&s, series, host_time);
		/* modulo 2^64, as a peer may well */
		script_offset(&s, time,
			      (uint64_t)host_time[2] + lies[series - 1].after_last - time);
	}
	/* each pass tries three times; here begins the third one */
	script_expect(&s, "none", 1);
	assert_int_equal(tsync_host_wait_first(s.session, SCRIPT_MS, &err), 0);
	channel_close(&s.ch);
	assert_int_equal(tsync_host_stop(s.session, SCRIPT_MS, &samples, &err), -ENODATA);
	script_release(&s);
}

/* The guest's stamps of three_probes(): each asked 10 before and answered 10 after, at offset 0. */
static void send_report(struct script *s, uint32_t series, const int64_t host_time[3])
{
	static struct ptp_list list;
	struct buf b = BUF_INIT;
	uint32_t n;

	memset(&list, 0, sizeof(list));
	list.series = series;
	list.count = PTP_SLOTS;
	for (n = 0; n < 3; n++) {
		list.slot[n] = (struct ptp_stamp){ host_time[n] - 10, n + 1 };
		list.slot[PTP_PROBES + n] = (struct ptp_stamp){ host_time[n] + 10, n + 1 };
	}
	ptp_list_put(&b, &list);
	script_send_buf(s, PTP_PROBES_LIST, &b);
}

static void host_refuses_an_offset_that_the_reported_stamps_contradict(void **state)
{
	static const int64_t lies[] = { 25, -25, 1000000000, INT64_MIN, INT64_MAX };
	struct tsync_samples samples = { 0 };
	struct err err = { 0 };
	struct script s;
	int64_t host_time[3];
	uint32_t i;

	script_init(&s);
	s.conf.interval_ms = 1;
	s.conf.report = true;
	assert_int_equal(tsync_host_start(&s.conf, &s.session, &s.err), 0);
	for (i = 0; i < 5; i++) {
		script_expect(&s, "none", 1);
		three_probes(&s, i, host_time);
		script_offset(&s, host_time[1], lies[i]);
		send_report(&s, i, host_time);
	}
	/* one within the bounds is taken, but it is the host's own reckoning that counts */
	script_expect(&s, "none", 1);
	three_probes(&s, 5, host_time);
	script_offset(&s, host_time[1], 15);
	send_report(&s, 5, host_time);
	script_expect(&s, "none", 1);
	channel_close(&s.ch);
	assert_int_equal(tsync_host_stop(s.session, SCRIPT_MS, &samples, &err), 0);
	assert_int_equal(samples.count, 1);
	assert_int_equal(samples.results[0].offset, 0);
	assert_int_equal(samples.results[0].response, 20);
	tsync_samples_release(&samples);
	script_release(&s);
}

static void host_refuses_a_report_that_is_none(void **state)
{
	static const struct {
		uint32_t series, count;
		int code;
	} cases[] = {
		{ 1, PTP_SLOTS - 1, -EPROTO },
		{ 1, 0, -EPROTO },
		{ 1, PTP_SLOTS + 1, -EBADMSG },
		{ 1, UINT32_MAX, -EBADMSG },
		{ 2, PTP_SLOTS, -EPROTO },
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int64_t host_time[3];
		struct script s;

		script_init(&s);
		s.conf.report = true;
		assert_int_equal(tsync_host_start(&s.conf, &s.session, &s.err), 0);
		script_expect(&s, "none", 1);
		three_probes(&s, 1, host_time);
		script_offset(&s, host_time[0], 0);
		script_list(&s, cases[i].series, cases[i].count);
		assert_host_fails(&s, cases[i].code);
	}
}

static void host_keeps_earlier_samples_of_a_guest_that_dies(void **state)
{
	struct tsync_samples samples = { 0 };
	struct err err = { 0 };
	int64_t host_time[3];
	struct script s;

	script_init(&s);
	s.conf.interval_ms = 1;
	assert_int_equal(tsync_host_start(&s.conf, &s.session, &s.err), 0);
	script_expect(&s, "none", 1);
	three_probes(&s, 1, host_time);
	script_offset(&s, 1234, host_time[1] - 1234);
	assert_int_equal(tsync_host_wait_first(s.session, SCRIPT_MS, &err), 0);
	script_expect(&s, "none", 1);
	start_round(&s, 2);
	script_probe(&s, 1);
	script_expect(&s, PTP_NAME, PTP_PROBE);
	channel_close(&s.ch);
	/* an earlier sample is a success, but the trouble is told */
	assert_int_equal(tsync_host_stop(s.session, SCRIPT_MS, &samples, &err), 0);
	assert_int_equal(samples.count, 1);
	assert_int_equal(samples.results[0].time, 1234);
	assert_int_equal(samples.results[0].offset, host_time[1] - 1234);
	assert_int_equal(samples.results[0].guest_cpu, -1);
	assert_non_null(strstr(err.text, "closed the connection"));
	tsync_samples_release(&samples);
	script_release(&s);
}

static void offset_of_zero_is_an_offset(void **state)
{
	struct tsync_samples samples = { 0 };
	struct err err = { 0 };
	int64_t host_time[3];
	struct script s;

	start_host(&s);
	three_probes(&s, 1, host_time);
	script_offset(&s, host_time[0], 0);
	assert_int_equal(tsync_host_wait_first(s.session, SCRIPT_MS, &err), 0);
	channel_close(&s.ch);
	assert_int_equal(tsync_host_stop(s.session, SCRIPT_MS, &samples, &err), 0);
	assert_int_equal(samples.count, 1);
	assert_int_equal(samples.results[0].offset, 0);
	assert_int_equal(samples.results[0].response, -1);
	tsync_samples_release(&samples);
	script_release(&s);
}

/* How long it takes to end a session whose guest says nothing, and to free it, ns. */
static int64_t end_of_silence(void)
{
	struct tsync_samples samples = { 0 };
	struct err err = { 0 };
	int64_t begin;
	struct script s;

	start_host(&s);
	start_round(&s, 1);
	begin = mono_now_ns();
	assert_int_equal(tsync_host_wait_first(s.session, 20, &err), -ETIMEDOUT);
	err_clear(&err);
	assert_int_equal(tsync_host_stop(s.session, 20, &samples, &err), -ETIMEDOUT);
	assert_true(err.text[0]);
	script_release(&s);
	return mono_now_ns() - begin;
}

static void silent_guest_does_not_hold_up_the_end(void **state)
{
	int tries;

	/* well before the session itself gives up on a message; a busy machine has some tries */
	for (tries = 0; end_of_silence() >= LINK_MSG_MS * 750000LL; tries++)
		assert_true(tries < 10);
}

static void silent_guest_times_out_by_itself(void **state)
{
	struct script s;

	start_host(&s);
	start_round(&s, 1);
	assert_host_fails(&s, -ETIMEDOUT);
}

/* --- the guest's side, and we are the host ------------------------------------- */

static void start_guest(struct script *s)
{
	const uint16_t cpu = 0;

	script_init(s);
	assert_int_equal(tsync_guest_start(&s->conf, &s->session, &s->err), 0);
	script_send(s, "none", 1, &cpu, sizeof(cpu));
	script_expect(s, PTP_NAME, PTP_START);
	script_send(s, PTP_NAME, PTP_START, s->got.data, s->got.len);
	script_expect(s, PTP_NAME, PTP_PROBE);
}

static void assert_guest_ends(struct script *s, int code)
{
	assert_int_equal(tsync_guest_stop(s->session, SCRIPT_MS), code);
	script_release(s);
}

static void guest_obeys_stop_in_the_middle_of_a_round(void **state)
{
	struct script s;

	start_guest(&s);
	script_probe(&s, 1);
	script_expect(&s, PTP_NAME, PTP_PROBE);
	script_send(&s, "none", 2, NULL, 0);
	assert_guest_ends(&s, 0);
}

static void guest_ends_when_the_host_is_gone(void **state)
{
	struct script s;

	start_guest(&s);
	channel_close(&s.ch);
	assert_int_not_equal(tsync_guest_stop(s.session, SCRIPT_MS), -ETIMEDOUT);
	script_release(&s);
}

static void guest_refuses_an_echo_of_another_number(void **state)
{
	struct script s;

	start_guest(&s);
	script_probe(&s, 2);
	assert_guest_ends(&s, -EPROTO);
}

static void guest_refuses_a_list_that_is_not_of_this_round_or_too_long(void **state)
{
	static const struct {
		uint32_t series, count;
		int code;
	} cases[] = {
		{ 1, PTP_SLOTS + 1, -EBADMSG },
		{ 1, UINT32_MAX, -EBADMSG },
		{ 1, PTP_PROBES + 1, -EPROTO },
		{ 2, PTP_PROBES, -EPROTO },
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct script s;
		uint32_t n;

		start_guest(&s);
		for (n = 1; n <= PTP_PROBES; n++) {
			script_probe(&s, n);
			script_expect(&s, PTP_NAME, n < PTP_PROBES ? PTP_PROBE : PTP_END);
		}
		script_list(&s, cases[i].series, cases[i].count);
		assert_guest_ends(&s, cases[i].code);
	}
}

static void guest_without_a_result_says_so_and_goes_on(void **state)
{
	const uint16_t cpu = 0;
	struct ptp_offset offset;
	struct script s;
	uint32_t n;

	start_guest(&s);
	for (n = 1; n <= PTP_PROBES; n++) {
		script_probe(&s, n);
		script_expect(&s, PTP_NAME, n < PTP_PROBES ? PTP_PROBE : PTP_END);
	}
	script_list(&s, 1, 0);
	script_expect(&s, PTP_NAME, PTP_OFFSET);
	assert_int_equal(ptp_offset_parse(s.got.data, s.got.len, &offset), 0);
	assert_int_equal(offset.time, 0);
	assert_int_equal(offset.offset, 0);
	script_send(&s, "none", 1, &cpu, sizeof(cpu));
	script_expect(&s, PTP_NAME, PTP_START);
	script_send(&s, "none", 2, NULL, 0);
	assert_guest_ends(&s, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(host_refuses_unknown_flags),
		cmocka_unit_test(host_refuses_stamps_its_clock_cannot_make),
		cmocka_unit_test(host_refuses_probe_numbers_that_do_not_ascend_from_1_to_339),
		cmocka_unit_test(host_refuses_messages_out_of_turn),
		cmocka_unit_test(host_refuses_other_commands_and_garbage),
		cmocka_unit_test(host_stores_no_offset_that_its_own_stamps_contradict),
		cmocka_unit_test(host_refuses_an_offset_that_the_reported_stamps_contradict),
		cmocka_unit_test(host_refuses_a_report_that_is_none),
		cmocka_unit_test(host_keeps_earlier_samples_of_a_guest_that_dies),
		cmocka_unit_test(offset_of_zero_is_an_offset),
		cmocka_unit_test(silent_guest_does_not_hold_up_the_end),
		cmocka_unit_test(silent_guest_times_out_by_itself),
		cmocka_unit_test(guest_obeys_stop_in_the_middle_of_a_round),
		cmocka_unit_test(guest_ends_when_the_host_is_gone),
		cmocka_unit_test(guest_refuses_an_echo_of_another_number),
		cmocka_unit_test(guest_refuses_a_list_that_is_not_of_this_round_or_too_long),
		cmocka_unit_test(guest_without_a_result_says_so_and_goes_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
