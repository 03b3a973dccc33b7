/*
 * test-proxy.c - what a guest and a proxy on its host say to each other.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <errno.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "wire/cursor.h"
#include "wire/dat.h"
#include "wire/msg.h"
#include "wire/opt-late.h"
#include "wire/opt-timeshift.h"
#include "wire/opts.h"

/* --- TRACE_PROXY --------------------------------------------------------------- */

static char *args[] = { "-e", "kvm", NULL };
static char *protos[] = { "kvm", "ptp", NULL };

static const struct msg_trace_req want = {
	.proxy = true, .trace_id = 0x0102030405060708, .argv = args, .argc = 2,
	.protos = protos, .nr_protos = 2, .nr_cpus = 3,
};

/* As protocol 3 has it: the 16 bytes of a TRACE_REQ, then CPUs and siblings. */
static const uint8_t wire[] = {
	0, 0, 0, 12 + 24 + 19 + 17, 0, 0, 0, 10, 0, 0, 0, 24,
	0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 3, 0, 0, 0, 0,
	0, 0, 0, 0, 0, 0, 0, 11, 0, 0, 0, 2, '-', 'e', 0, 'k', 'v', 'm', 0,
	0, 0, 0, 1, 0, 0, 0, 9, 'k', 'v', 'm', 0, 'p', 't', 'p', 0, 0,
};

static void trace_proxy_encodes_and_decodes(void **state)
{
	_cleanup_(msg_trace_req_release) struct msg_trace_req r = { 0 };
	_cleanup_buf_ struct buf b = BUF_INIT;
	struct msg m;

	assert_int_equal(msg_trace_req_put(&b, &want), 0);
	assert_int_equal(b.len, sizeof(wire));
	assert_memory_equal(b.data, wire, sizeof(wire));
	assert_int_equal(msg_parse(wire, sizeof(wire), &m), 0);
	assert_int_equal(m.cmd, MSG_TRACE_PROXY);
	assert_int_equal(msg_trace_req_parse(&m, &r), 0);
	assert_true(r.proxy);
	assert_true(r.trace_id == want.trace_id);
	assert_int_equal(r.nr_cpus, 3);
	assert_int_equal(r.siblings, 0);
	assert_int_equal(r.argc, 2);
	assert_string_equal(r.argv[1], "kvm");
	assert_int_equal(r.nr_protos, 2);
}

/* The fields at the end may be missing, or more may follow; a TRACE_REQ has them not. */
static void trace_proxy_of_any_length_is_read(void **state)
{
	uint32_t cmd;
	size_t len;

	for (cmd = MSG_TRACE_REQ; cmd <= MSG_TRACE_PROXY; cmd += MSG_TRACE_PROXY - MSG_TRACE_REQ) {
		for (len = 0; len <= 32; len++) {
			_cleanup_(msg_trace_req_release) struct msg_trace_req r = { 0 };
			_cleanup_buf_ struct buf b = BUF_INIT;
			uint8_t fixed[32];
			struct msg m;

			memset(fixed, 1, sizeof(fixed));
			assert_int_equal(msg_put(&b, cmd, fixed, len, NULL, 0), 0);
			assert_int_equal(msg_parse(b.data, b.len, &m), 0);
			assert_int_equal(msg_trace_req_parse(&m, &r), 0);
			assert_int_equal(r.proxy, cmd == MSG_TRACE_PROXY);
			if (cmd == MSG_TRACE_REQ || len <= 16)
				assert_int_equal(r.nr_cpus, 0);
			else if (len >= 20)
				assert_int_equal(r.nr_cpus, 0x01010101);
			if (cmd == MSG_TRACE_REQ || len <= 20)
				assert_int_equal(r.siblings, 0);
		}
	}
}

static void every_cut_of_trace_proxy_is_read_safely(void **state)
{
	size_t cut;

	for (cut = MSG_HEADER_LEN + 24; cut < sizeof(wire); cut++) {
		_cleanup_(msg_trace_req_release) struct msg_trace_req r = { 0 };
		_cleanup_free_ uint8_t *copy = malloc(cut);
		struct msg m;

		memcpy(copy, wire, cut);
		store_u32(copy, ORDER_BIG, cut);
		assert_int_equal(msg_parse(copy, cut, &m), 0);
		/* a rest of 8 bytes or fewer behind whole parameters says nothing */
		assert_int_equal(msg_trace_req_parse(&m, &r), cut <= 44 || (cut >= 55 && cut <= 63) ?
				 0 : -EBADMSG);
	}
}

/* --- late options ---------------------------------------------------------------- */

#define PEER 0x1122334455667788

static void put_shift(struct buf *b, uint64_t peer)
{
	struct timeshift_sample one = { .time = 1000, .offset = -5, .scaling = 1 };
	struct buf payload = BUF_INIT;
	struct timeshift ts;

	assert_int_equal(timeshift_init(&ts, TIMESHIFT_CURRENT, 1), 0);
	ts.peer_id = peer;
	assert_int_equal(timeshift_add(&ts, 0, &one), 0);
	assert_int_equal(timeshift_put(&payload, ORDER_NATIVE, &ts), 0);
	assert_int_equal(opt_late_put(b, DAT_TIME_SHIFT, &payload), 0);
	timeshift_release(&ts);
}

static void put_tsc(struct buf *b)
{
	struct opt_tsc2nsec tsc = { .mult = 3, .shift = 1 };
	struct buf payload = BUF_INIT;

	opt_tsc2nsec_put(&payload, ORDER_NATIVE, &tsc);
	assert_int_equal(opt_late_put(b, DAT_TSC2NSEC, &payload), 0);
}

static void put_text(struct buf *b, unsigned int id, const char *text)
{
	struct buf payload = BUF_INIT;

	buf_add_cstr(&payload, text);
	assert_int_equal(opt_late_put(b, id, &payload), 0);
}

static void late_options_that_belong_to_the_file_are_kept(void **state)
{
	_cleanup_buf_ struct buf b = BUF_INIT, kept = BUF_INIT, all = BUF_INIT;
	const void *payload;
	unsigned int id = 0;
	size_t at = 0, len;

	put_tsc(&b);
	put_shift(&b, PEER);
	buf_add(&all, b.data, b.len);
	assert_int_equal(opt_late_sift(b.data, b.len, PEER, &kept), 0);
	assert_int_equal(kept.len, b.len);
	assert_memory_equal(kept.data, b.data, b.len);
	assert_int_equal(opt_late_next(kept.data, kept.len, &at, &id, &payload, &len), 1);
	assert_int_equal(id, DAT_TSC2NSEC);
	assert_int_equal(opt_late_next(kept.data, kept.len, &at, &id, &payload, &len), 1);
	assert_int_equal(id, DAT_TIME_SHIFT);
	assert_int_equal(opt_late_next(kept.data, kept.len, &at, &id, &payload, &len), 0);
	/* what would change the file in another way, or is not known */
	buf_reset(&kept);
	put_text(&b, DAT_BUFFER, "no buffer of ours");
	put_text(&b, DAT_TRACECLOCK, "[local]");
	put_text(&b, 0x4321, "");
	assert_int_equal(opt_late_sift(b.data, b.len, PEER, &kept), 0);
	assert_int_equal(kept.len, all.len);
	assert_memory_equal(kept.data, all.data, all.len);
	buf_reset(&kept);
	assert_int_equal(opt_late_sift(NULL, 0, PEER, &kept), 0);
	assert_int_equal(kept.len, 0);
}

static void late_options_that_are_unsound_are_refused(void **state)
{
	_cleanup_buf_ struct buf b = BUF_INIT, kept = BUF_INIT;
	size_t cut;

	put_shift(&b, PEER);
	for (cut = 1; cut < b.len; cut++) {
		_cleanup_free_ uint8_t *copy = malloc(cut);

		memcpy(copy, b.data, cut);
		assert_int_equal(opt_late_sift(copy, cut, PEER, &kept), -EBADMSG);
	}
	/* about another host's trace */
	assert_int_equal(opt_late_sift(b.data, b.len, PEER + 1, &kept), -EBADMSG);
	buf_reset(&kept);
	put_shift(&b, PEER);
	assert_int_equal(opt_late_sift(b.data, b.len, PEER, &kept), -EBADMSG);
	buf_reset(&b);
	put_text(&b, DAT_TIME_SHIFT, "nothing of the kind");
	assert_int_equal(opt_late_sift(b.data, b.len, PEER, &kept), -EBADMSG);
	buf_reset(&b);
	put_text(&b, DAT_TSYNC, "");
	assert_int_equal(opt_late_sift(b.data, b.len, PEER, &kept), -EBADMSG);
	/* a size that is "negative" */
	buf_reset(&b);
	put_tsc(&b);
	store_u32(b.data + 2, ORDER_NATIVE, UINT32_MAX);
	assert_int_equal(opt_late_sift(b.data, b.len, PEER, &kept), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(trace_proxy_encodes_and_decodes),
		cmocka_unit_test(trace_proxy_of_any_length_is_read),
		cmocka_unit_test(every_cut_of_trace_proxy_is_read_safely),
		cmocka_unit_test(late_options_that_belong_to_the_file_are_kept),
		cmocka_unit_test(late_options_that_are_unsound_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
