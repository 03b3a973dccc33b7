/*
 * Burst sessions with a peer that does not keep to the protocol, lies, or falls silent: that session
 * ends, or the round yields nothing, and nothing else happens.
 */
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "sim/tsync-script.h"
#include "tsync/link.h"
#include "wire/burst.h"
#include "wire/cursor.h"

/* --- both sides ----------------------------------------------------------------- */

static void init(struct script *s)
{
	script_init(s);
	s->conf.proto = tsync_proto_find("burst");
	s->conf.clock = "mono";
}

static void send_burst(struct script *s, uint32_t id, struct buf *payload)
{
	script_send(s, BURST_NAME, id, payload->data, payload->len);
	buf_release(payload);
}

/* Send @len bytes, whoever listens. */
static void send_bytes(struct script *s, const void *data, size_t len)
{
	struct buf b = { .data = (uint8_t *)data, .len = len };

	channel_send_raw(&s->ch, &b, deadline_in_ms(SCRIPT_MS));
}

static void send_packet(struct script *s, int kind, unsigned int number, uint32_t series,
			int64_t send, int64_t receive)
{
	struct burst_packet p = {
		.kind = kind, .number = number, .series = series, .send = send, .receive = receive,
	};
	uint8_t data[BURST_PACKET_LEN];

	burst_packet_put(data, &p);
	send_bytes(s, data, sizeof(data));
}

/* 0; -errno when there is none. */
static int recv_packet(struct script *s, struct burst_packet *ret)
{
	uint8_t data[BURST_PACKET_LEN];
	int err = io_read_full(s->ch.fd, data, sizeof(data), deadline_in_ms(SCRIPT_MS));

	return err ? err : burst_packet_parse(data, ret);
}

/* --- the host's side, and we are the guest ---------------------------------------- */

static void send_ready(struct script *s, uint32_t series, uint32_t flags)
{
	struct burst_ready ready = { .series = series, .flags = flags };
	struct buf b = BUF_INIT;

	burst_ready_put(&b, &ready);
	send_burst(s, BURST_READY, &b);
}

/* Be asked for a round; its BEGIN. */
static void take_begin(struct script *s, struct burst_begin *ret)
{
	script_expect(s, LOOP_NAME, LOOP_PROBE);
	script_expect(s, BURST_NAME, BURST_BEGIN);
	assert_int_equal(burst_begin_parse(s->got.data, s->got.len, ret), 0);
}

static void start_host(struct script *s, struct burst_begin *ret_begin)
{
	init(s);
	assert_int_equal(tsync_host_start(&s->conf, &s->session, &s->err), 0);
	take_begin(s, ret_begin);
	assert_int_equal(ret_begin->probes, BURST_PROBES);
}

/* The session must fail with @code. */
static void assert_host_fails(struct script *s, int code)
{
	struct tsync_samples samples = { 0 };
	struct err err = { 0 };

	assert_int_equal(tsync_host_wait_first(s->session, SCRIPT_MS, &err), code);
	assert_true(err.text[0]);
	assert_int_equal(tsync_host_stop(s->session, SCRIPT_MS, &samples, NULL), code);
	assert_int_equal(samples.count, 0);
	script_release(s);
}

/* One probe, properly, all stamps by one clock. */
static void probe(struct script *s, unsigned int number, uint32_t series, struct burst_packet *ret)
{
	static int64_t send, receive;
	int64_t now = mono_now_ns();

	send_packet(s, BURST_PROBE, number, series, number > 1 ? send : 0, number > 1 ? receive : 0);
	assert_int_equal(recv_packet(s, ret), 0);
	assert_int_equal(ret->number, number);
	send = now;
	receive = mono_now_ns();
	/* what END has to say */
	ret->send = send;
	ret->receive = receive;
}

static void host_refuses_packets_out_of_order(void **state)
{
	static const struct { int kind; unsigned int good, number; uint32_t series; int code; } cases[] = {
		{ BURST_PROBE, 0, 2, 0, -EPROTO },		/* not the first */
		{ BURST_PROBE, 0, 0, 0, -EBADMSG },
		{ BURST_PROBE, 0, 0xffff, 0, -EBADMSG },
		{ BURST_PROBE, 3, 3, 0, -EPROTO },		/* twice */
		{ BURST_PROBE, 3, 5, 0, -EPROTO },		/* one missing */
		{ BURST_PROBE, 3, 1, 0, -EPROTO },
		{ BURST_PROBE, 3, 4, 1, -EPROTO },		/* of another series */
		{ BURST_ECHO, 3, 4, 0, -EPROTO },
		{ BURST_LAST, 3, 4, 0, -EPROTO },
		{ BURST_END, 3, 3, 0, -EPROTO },		/* that is the host's to say */
		{ 77, 3, 4, 0, -EBADMSG },
	};
	size_t i, k;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct burst_packet p;
		struct burst_begin m;
		struct script s;

		start_host(&s, &m);
		send_ready(&s, m.series, 0);
		p.kind = BURST_ECHO;
		for (k = 1; k <= cases[i].good && p.kind == BURST_ECHO; k++)
			probe(&s, k, m.series, &p);
		/* so slow a machine that the burst's time is over: once more */
		if (p.kind != BURST_ECHO) {
			assert_int_equal(p.kind, BURST_LAST);
			script_release(&s);
			i--;
			continue;
		}
		send_packet(&s, cases[i].kind, cases[i].number, m.series + cases[i].series, 0, 0);
		assert_host_fails(&s, cases[i].code);
	}
}

static void host_refuses_a_wrong_beginning(void **state)
{
	static const struct { uint32_t series, flags; int code; } cases[] = {
		{ 1, 0, -EPROTO }, { 0, 2, -EBADMSG }, { 0, UINT32_MAX, -EBADMSG },
	};
	struct burst_begin m;
	struct script s;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		start_host(&s, &m);
		send_ready(&s, m.series + cases[i].series, cases[i].flags);
		assert_host_fails(&s, cases[i].code);
	}
	start_host(&s, &m);
	script_send(&s, PTP_NAME, PTP_START, "12345678", 8);
	assert_host_fails(&s, -EPROTO);
	start_host(&s, &m);
	script_send(&s, BURST_NAME, BURST_READY, "12345", 5);
	assert_host_fails(&s, -EBADMSG);
}

static void host_refuses_what_is_no_packet(void **state)
{
	static const uint8_t noise[64] = { 1, 2, 3 };
	struct burst_begin m;
	struct script s;

	start_host(&s, &m);
	send_ready(&s, m.series, 0);
	send_bytes(&s, noise, sizeof(noise));
	assert_host_fails(&s, -EBADMSG);
	/* a message where a packet was due */
	start_host(&s, &m);
	send_ready(&s, m.series, 0);
	send_ready(&s, m.series, 0);
	assert_host_fails(&s, -EPROTO);
	/* the guest cannot: but there is nothing else */
	start_host(&s, &m);
	send_ready(&s, m.series, 0);
	script_send(&s, LOOP_NAME, LOOP_CANNOT, NULL, 0);
	assert_host_fails(&s, -EPROTO);
}

static void host_hears_in_a_burst_that_the_guest_cannot(void **state)
{
	struct burst_packet p;
	struct burst_begin m;
	struct script s;

	init(&s);
	s.conf.ptp_flags = PTP_FLAG_FASTEST_RESPONSE;
	s.conf.clock = "mono_raw";
	s.conf.fallback[0] = tsync_proto_find("ptp");
	assert_int_equal(tsync_host_start(&s.conf, &s.session, &s.err), 0);
	take_begin(&s, &m);
	send_ready(&s, m.series, 0);
	probe(&s, 1, m.series, &p);
	script_send(&s, LOOP_NAME, LOOP_CANNOT, NULL, 0);
	script_expect(&s, LOOP_NAME, LOOP_USE);
	assert_string_equal((const char *)s.got.data, "ptp");
	script_send(&s, LOOP_NAME, LOOP_USE, "ptp", 4);
	script_expect(&s, LOOP_NAME, LOOP_PROBE);
	script_start(&s, 1, 0);
	script_expect(&s, PTP_NAME, PTP_START);
	script_release(&s);
}

static void host_gives_up_a_silent_guest(void **state)
{
	uint8_t half[BURST_PACKET_LEN / 2] = { 0, 0, 0, 32, 'b', 'u', 'r', 's' };
	struct burst_packet p;
	struct burst_begin m;
	struct script s;

	start_host(&s, &m);
	send_ready(&s, m.series, 0);
	probe(&s, 1, m.series, &p);
	assert_host_fails(&s, -ETIMEDOUT);
	start_host(&s, &m);
	send_ready(&s, m.series, 0);
	send_bytes(&s, half, sizeof(half));
	assert_host_fails(&s, -ETIMEDOUT);
	/* gone */
	start_host(&s, &m);
	send_ready(&s, m.series, 0);
	shutdown(s.ch.fd, SHUT_RDWR);
	assert_host_fails(&s, -EPIPE);
}

/* A guest that would go on for ever is told to stop, by its number or by the time. */
static void host_ends_each_burst(void **state)
{
	struct burst_packet p = { .kind = BURST_ECHO };
	struct tsync_samples samples;
	struct burst_begin m;
	unsigned int n;
	struct script s;

	start_host(&s, &m);
	send_ready(&s, m.series, 0);
	for (n = 1; n <= BURST_PROBES && p.kind == BURST_ECHO; n++)
		probe(&s, n, m.series, &p);
	assert_int_equal(p.kind, BURST_LAST);
	send_packet(&s, BURST_END, n - 1, m.series, p.send, p.receive);
	assert_int_equal(tsync_host_wait_first(s.session, SCRIPT_MS, &s.err), 0);
	assert_int_equal(tsync_host_stop(s.session, 0, &samples, &s.err), 0);
	assert_int_equal(samples.count, 1);
	tsync_samples_release(&samples);
	script_release(&s);
}

static void host_refuses_a_wrong_end(void **state)
{
	static const struct { int kind, number; } cases[] = {
		{ BURST_PROBE, 1 }, { BURST_PROBE, 0 }, { BURST_END, -1 }, { BURST_END, 1 },
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct burst_packet p = { .kind = BURST_ECHO };
		struct burst_begin m;
		struct script s;
		unsigned int n;

		start_host(&s, &m);
		send_ready(&s, m.series, 0);
		for (n = 1; n <= BURST_PROBES && p.kind == BURST_ECHO; n++)
			probe(&s, n, m.series, &p);
		send_packet(&s, cases[i].kind, n - 1 + cases[i].number, m.series, p.send, p.receive);
		assert_host_fails(&s, -EPROTO);
	}
}

/* --- stamps that come after the burst ------------------------------------------------ */

/* A burst whose READY announced stamps; returns the number of probes. */
static unsigned int burst_with_stamps(struct script *s, struct burst_begin *m)
{
	struct burst_packet p = { .kind = BURST_ECHO };
	unsigned int n;

	start_host(s, m);
	send_ready(s, m->series, BURST_FL_STAMPS);
	for (n = 1; n <= BURST_PROBES && p.kind == BURST_ECHO; n++)
		probe(s, n, m->series, &p);
	send_packet(s, BURST_END, n - 1, m->series, p.send, p.receive);
	return n - 1;
}

static void send_stamps(struct script *s, uint32_t series, uint32_t first, uint32_t count,
			int64_t send, int64_t receive)
{
	static struct burst_stamps m;
	struct buf b = BUF_INIT;
	uint32_t i;

	m.series = series;
	m.first = first;
	m.count = count;
	for (i = 0; i < count; i++) {
		m.send[i] = send;
		m.receive[i] = receive;
	}
	burst_stamps_put(&b, &m);
	send_burst(s, BURST_STAMPS, &b);
}

static void host_refuses_stamps_that_are_not_of_the_burst(void **state)
{
	static const struct { uint32_t series, first; int count, code; } cases[] = {
		{ 1, 1, 0, -EPROTO },		/* another series */
		{ 0, 2, -1, -EPROTO },		/* not from the first on */
		{ 0, 1, 1, -EPROTO },		/* one too many */
		{ 0, 0, 0, -EBADMSG },
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct burst_begin m;
		struct script s;
		unsigned int n = burst_with_stamps(&s, &m);

		send_stamps(&s, m.series + cases[i].series, cases[i].first, n + cases[i].count, 1, 2);
		assert_host_fails(&s, cases[i].code);
	}
}

/* The host asks again, or has no more time to in this pass; the session goes on. */
static void assert_goes_on(struct script *s)
{
	struct pollfd pfd = { .fd = s->ch.fd, .events = POLLIN };
	struct deadline d = deadline_in_ms(10 * SCRIPT_MS);	/* of the next pass */
	struct burst_begin m;

	while (tsync_host_wait_first(s->session, 0, NULL)) {
		assert_false(deadline_passed(d));
		if (poll(&pfd, 1, 10) > 0) {
			take_begin(s, &m);
			return;
		}
	}
}

/* Times no clock could have give no offset, but both ends stay in step. */
static void host_makes_nothing_of_nonsense(void **state)
{
	static const struct { int64_t send, receive; } cases[] = {
		{ INT64_MAX, INT64_MAX }, { INT64_MIN + 1, INT64_MIN + 1 },
		{ BURST_NO_STAMP, BURST_NO_STAMP },
		{ INT64_MAX, 0 },		/* received before it was sent, by far */
		{ 1000000000000000000, -1000000000000000000 },
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct burst_begin m;
		struct script s;
		unsigned int n = burst_with_stamps(&s, &m);

		send_stamps(&s, m.series, 1, n, cases[i].send, cases[i].receive);
		assert_goes_on(&s);
		script_release(&s);
	}
}

static void host_refuses_times_in_packets_that_do_not_fit(void **state)
{
	struct burst_packet p;
	struct burst_begin m;
	struct script s;

	start_host(&s, &m);
	send_ready(&s, m.series, 0);
	probe(&s, 1, m.series, &p);
	send_packet(&s, BURST_PROBE, 2, m.series, INT64_MIN, INT64_MAX);
	assert_host_fails(&s, -EPROTO);
}

/* --- the guest's side, and we are the host -------------------------------------------- */

static void start_guest(struct script *s)
{
	const uint16_t cpu = 0;

	init(s);
	assert_int_equal(tsync_guest_start(&s->conf, &s->session, &s->err), 0);
	script_send(s, LOOP_NAME, LOOP_PROBE, &cpu, sizeof(cpu));
}

static void begin_guest(struct script *s, uint32_t probes)
{
	struct burst_begin m = { .series = 9, .probes = probes, .limit_us = 1000 };
	struct burst_ready ready;
	struct buf b = BUF_INIT;

	burst_begin_put(&b, &m);
	send_burst(s, BURST_BEGIN, &b);
	script_expect(s, BURST_NAME, BURST_READY);
	assert_int_equal(burst_ready_parse(s->got.data, s->got.len, &ready), 0);
	assert_int_equal(ready.series, 9);
	assert_int_equal(ready.flags, 0);
}

static void assert_guest_ends(struct script *s, int code)
{
	assert_int_equal(tsync_guest_stop(s->session, SCRIPT_MS), code);
	script_release(s);
}

static void guest_refuses_answers_that_are_none(void **state)
{
	static const struct { int kind; unsigned int number; uint32_t series; int code; } cases[] = {
		{ BURST_ECHO, 2, 9, -EPROTO }, { BURST_ECHO, 1, 8, -EPROTO },
		{ BURST_PROBE, 1, 9, -EPROTO }, { BURST_END, 1, 9, -EPROTO },
		{ BURST_LAST, 2, 9, -EPROTO }, { 9, 1, 9, -EBADMSG },
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct burst_packet p;
		struct script s;

		start_guest(&s);
		begin_guest(&s, 100);
		assert_int_equal(recv_packet(&s, &p), 0);
		assert_int_equal(p.kind, BURST_PROBE);
		assert_int_equal(p.number, 1);
		send_packet(&s, cases[i].kind, cases[i].number, cases[i].series, 0, 0);
		assert_guest_ends(&s, cases[i].code);
	}
}

static void guest_does_not_go_on_for_ever(void **state)
{
	struct burst_packet p;
	struct script s;
	unsigned int n;

	start_guest(&s);
	begin_guest(&s, 5);
	for (n = 1; n <= 5; n++) {
		assert_int_equal(recv_packet(&s, &p), 0);
		assert_int_equal(p.number, n);
		send_packet(&s, BURST_ECHO, n, 9, 0, 0);
	}
	assert_guest_ends(&s, -EPROTO);
}

static void guest_tells_its_stamps_one_packet_later(void **state)
{
	int64_t last = 0;
	struct burst_packet p;
	struct script s;
	unsigned int n;

	start_guest(&s);
	begin_guest(&s, 5);
	for (n = 1; n <= 3; n++) {
		assert_int_equal(recv_packet(&s, &p), 0);
		if (n > 1)
			assert_true(last < p.send && p.send < p.receive);
		else
			assert_true(!p.send && !p.receive);
		last = p.receive;
		send_packet(&s, n < 3 ? BURST_ECHO : BURST_LAST, n, 9, 0, 0);
	}
	assert_int_equal(recv_packet(&s, &p), 0);
	assert_int_equal(p.kind, BURST_END);
	assert_int_equal(p.number, 3);
	assert_true(last < p.send && p.send < p.receive && p.receive <= mono_now_ns());
	script_send(&s, LOOP_NAME, LOOP_STOP, NULL, 0);
	assert_guest_ends(&s, 0);
}

static void guest_understands_stop_in_a_burst(void **state)
{
	struct burst_packet p;
	struct script s;

	start_guest(&s);
	begin_guest(&s, 5);
	assert_int_equal(recv_packet(&s, &p), 0);
	script_send(&s, LOOP_NAME, LOOP_STOP, NULL, 0);
	assert_guest_ends(&s, 0);
	/* or that the host is gone */
	start_guest(&s);
	begin_guest(&s, 5);
	assert_int_equal(recv_packet(&s, &p), 0);
	shutdown(s.ch.fd, SHUT_RDWR);
	assert_guest_ends(&s, -EPIPE);
}

static void guest_refuses_bursts_that_are_too_long(void **state)
{
	struct burst_begin m = { .series = 9, .probes = BURST_PROBES + 1, .limit_us = 1000 };
	struct buf b = BUF_INIT;
	struct script s;

	start_guest(&s);
	burst_begin_put(&b, &m);
	send_burst(&s, BURST_BEGIN, &b);
	assert_guest_ends(&s, -EBADMSG);
	start_guest(&s);
	script_send(&s, PTP_NAME, PTP_START, "12345678", 8);
	assert_guest_ends(&s, -EPROTO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(host_refuses_packets_out_of_order),
		cmocka_unit_test(host_refuses_a_wrong_beginning),
		cmocka_unit_test(host_refuses_what_is_no_packet),
		cmocka_unit_test(host_hears_in_a_burst_that_the_guest_cannot),
		cmocka_unit_test(host_gives_up_a_silent_guest),
		cmocka_unit_test(host_ends_each_burst),
		cmocka_unit_test(host_refuses_a_wrong_end),
		cmocka_unit_test(host_refuses_stamps_that_are_not_of_the_burst),
		cmocka_unit_test(host_makes_nothing_of_nonsense),
		cmocka_unit_test(host_refuses_times_in_packets_that_do_not_fit),
		cmocka_unit_test(guest_refuses_answers_that_are_none),
		cmocka_unit_test(guest_does_not_go_on_for_ever),
		cmocka_unit_test(guest_tells_its_stamps_one_packet_later),
		cmocka_unit_test(guest_understands_stop_in_a_burst),
		cmocka_unit_test(guest_refuses_bursts_that_are_too_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
