/*
 * test-msg.c - messages of protocol 3: recorded bytes both ways, hostile bytes.
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
#include "wire/msg.h"

static int digit(char c)
{
	return c <= '9' ? c - '0' : c - 'a' + 10;
}

/* Hex text, spaces ignored, into @out; returns the number of bytes. */
static size_t unhex(const char *text, uint8_t *out)
{
	size_t n = 0;

	for (; *text; text++) {
		if (*text == ' ')
			continue;
		out[n++] = digit(text[0]) << 4 | digit(text[1]);
		text++;
	}
	return n;
}

/* Turn @hex into the message it stands for; its bytes go to @data. */
static int parse_hex(const char *hex, uint8_t *data, struct msg *ret)
{
	return msg_parse(data, unhex(hex, data), ret);
}

#define Z12 "000000000000000000000000"
#define Z13 "00000000000000000000000000"

/* Bytes recorded from stock peers. */
static const struct {
	const char *hex;
	uint32_t cmd;
	const char *name;
	const char *fixed, *var;
} vectors[] = {
	{ "00000018 00000001 0000000c 00000002 00001000 00000000", MSG_TINIT, "TINIT",
	  "00000002 00001000 00000000", "" },
	{ "0000001c 00000001 0000000c 00000002 00001000 00000001 74637000", MSG_TINIT, "TINIT",
	  "00000002 00001000 00000001", "74637000" },
	{ "0000001a 00000002 00000004 00000002 31353030 00 31353031 00", MSG_RINIT, "RINIT",
	  "00000002", "31353030003135303100" },
	{ "0000000c 00000005 00000000", MSG_NOT_SUPP, "NOT_SUPP", "", "" },
	{ "0000000c 00000000 00000000", MSG_CLOSE, "CLOSE", "", "" },
	{ "0000000c 00000008 00000000", MSG_CLOSE_RESP, "CLOSE_RESP", "", "" },
	{ "0000000c 00000004 00000000", MSG_FIN_DATA, "FIN_DATA", "", "" },
	{ "00000022 00000009 00000014 6e6f6e65" Z12 "00000001 0100", MSG_TIME_SYNC, "TIME_SYNC",
	  "6e6f6e65" Z12 "00000001", "0100" },
};

static void every_recorded_message_decodes_and_encodes_to_the_same_bytes(void **state)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(vectors); i++) {
		_cleanup_buf_ struct buf b = BUF_INIT;
		uint8_t data[256], fixed[64], var[64];
		size_t len = unhex(vectors[i].hex, data);
		size_t fixed_len = unhex(vectors[i].fixed, fixed);
		size_t var_len = unhex(vectors[i].var, var);
		size_t told = 0;
		struct msg m;

		assert_int_equal(msg_parse_header(data, &told), 0);
		assert_int_equal(told, len);
		assert_int_equal(msg_parse(data, len, &m), 0);
		assert_int_equal(m.cmd, vectors[i].cmd);
		assert_string_equal(msg_name(m.cmd), vectors[i].name);
		assert_int_equal(m.fixed_len, fixed_len);
		assert_memory_equal(m.fixed, fixed, fixed_len);
		assert_int_equal(m.var_len, var_len);
		assert_memory_equal(m.var, var, var_len);

		assert_int_equal(msg_put(&b, m.cmd, m.fixed, m.fixed_len, m.var, m.var_len), 0);
		assert_int_equal(b.len, len);
		assert_memory_equal(b.data, data, len);
	}
}

static void every_cut_of_a_message_is_refused(void **state)
{
	size_t i, cut;

	for (i = 0; i < ARRAY_SIZE(vectors); i++) {
		uint8_t data[256];
		size_t len = unhex(vectors[i].hex, data);
		struct msg m;

		for (cut = 0; cut < len; cut++) {
			/* exactly as long as the cut, so that a sanitizer sees reads past it */
			_cleanup_free_ uint8_t *copy = malloc(cut + 1);

			memcpy(copy, data, cut);
			assert_int_equal(msg_parse(copy, cut, &m), -EBADMSG);
		}
	}
}

static void sizes_that_contradict_are_refused(void **state)
{
	static const char *const bad[] = {
		"0000000b 00000000 00000000",		/* shorter than a header */
		"00000000 00000000 00000000",
		"00002001 00000003 00000000",		/* 8193 */
		"ffffffff 00000003 00000000",
		"80000000 00000003 00000000",
		"0000000c 00000001 00000001",		/* fixed part beyond the end */
		"00000018 00000001 0000000d",
		"00000018 00000001 80000000",
		"00002000 00000003 00001ff5",
		"0000000c 00000001 ffffffff",
	};
	uint8_t header[MSG_HEADER_LEN];
	size_t i, len = 7;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		unhex(bad[i], header);
		assert_int_equal(msg_parse_header(header, &len), -EBADMSG);
		assert_int_equal(len, 7);
	}
	unhex("00002000 00000003 00001ff4", header);
	assert_int_equal(msg_parse_header(header, &len), 0);
	assert_int_equal(len, MSG_MAX_LEN);
}

static void an_unknown_command_is_handed_on_only_without_a_body(void **state)
{
	uint8_t data[64];
	struct msg m;

	assert_int_equal(parse_hex("0000000c 00000063 00000000", data, &m), 0);
	assert_int_equal(m.cmd, 0x63);
	assert_string_equal(msg_name(m.cmd), "unknown");
	assert_int_equal(parse_hex("0000000d 00000063 00000000 00", data, &m), -ENOTSUP);
	assert_int_equal(parse_hex("0000000d 00000063 00000001 00", data, &m), -ENOTSUP);
	assert_int_equal(parse_hex("0000000c ffffffff 00000000", data, &m), 0);
}

static void a_message_of_8192_bytes_goes_and_one_more_does_not(void **state)
{
	static const uint8_t data[MSG_MAX_DATA + 1];
	_cleanup_buf_ struct buf b = BUF_INIT;

	assert_int_equal(msg_put(&b, MSG_SEND_DATA, NULL, 0, data, MSG_MAX_DATA), 0);
	assert_int_equal(b.len, MSG_MAX_LEN);
	buf_reset(&b);
	assert_int_equal(msg_put(&b, MSG_SEND_DATA, NULL, 0, data, MSG_MAX_DATA + 1), -EMSGSIZE);
	assert_int_equal(msg_put(&b, MSG_TINIT, data, 12, data, MSG_MAX_DATA - 11), -EMSGSIZE);
	assert_int_equal(msg_put(&b, MSG_SEND_DATA, NULL, 0, data, SIZE_MAX), -EMSGSIZE);
	assert_int_equal(b.len, 0);
}

/* --- TRACE_REQ ---------------------------------------------------------- */

#define REQ_FIXED "00000000 00000000 df65e5aa8b3934c5"
#define REQ_ARGS "00000000 00000023 00000004 2d4300 6c6f63616c00 2d6500 " \
	"73636865643a73636865645f77616b696e6700"
#define REQ_PROTOS "00000001 00000005 70747000 00"
#define REQ_VECTOR "00000054 00000006 00000010" REQ_FIXED REQ_ARGS REQ_PROTOS

static void a_recorded_request_decodes_and_encodes_to_the_same_bytes(void **state)
{
	char *argv[] = { "-C", "local", "-e", "sched:sched_waking", NULL };
	char *protos[] = { "ptp", NULL };
	const struct msg_trace_req want = {
		.trace_id = 0xdf65e5aa8b3934c5, .argv = argv, .argc = 4,
		.protos = protos, .nr_protos = 1,
	};
	_cleanup_(msg_trace_req_release) struct msg_trace_req r = { 0 };
	_cleanup_buf_ struct buf b = BUF_INIT;
	uint8_t data[256];
	size_t len = unhex(REQ_VECTOR, data);
	struct msg m;
	int i;

	assert_int_equal(msg_parse(data, len, &m), 0);
	assert_int_equal(msg_trace_req_parse(&m, &r), 0);
	assert_int_equal(r.flags, 0);
	assert_true(r.trace_id == want.trace_id);
	assert_int_equal(r.argc, 4);
	for (i = 0; i < 4; i++)
		assert_string_equal(r.argv[i], argv[i]);
	assert_null(r.argv[4]);
	assert_int_equal(r.nr_protos, 1);
	assert_string_equal(r.protos[0], "ptp");
	assert_null(r.protos[1]);
	assert_false(r.has_tsync_flags);

	assert_int_equal(msg_trace_req_put(&b, &want), 0);
	assert_int_equal(b.len, len);
	assert_memory_equal(b.data, data, len);
}

/* A message of command @cmd with these parts, parsed; the bytes stay in @b. */
static struct msg built(struct buf *b, uint32_t cmd, const char *fixed_hex, const char *var_hex)
{
	uint8_t fixed[128], var[512];
	size_t fixed_len = unhex(fixed_hex, fixed), var_len = unhex(var_hex, var);
	struct msg m;

	buf_release(b);
	assert_int_equal(msg_put(b, cmd, fixed, fixed_len, var, var_len), 0);
	/* no room behind the last byte: a sanitizer sees an over-read */
	b->data = realloc(b->data, b->len);
	b->alloc = b->len;
	assert_int_equal(msg_parse(b->data, b->len, &m), 0);
	return m;
}

static void a_request_without_parameters_or_with_unknown_ones_is_fine(void **state)
{
	static const struct {
		const char *fixed, *var;
		int argc, protos;
		uint64_t id;
	} ok[] = {
		{ REQ_FIXED, "", 0, 0, 0xdf65e5aa8b3934c5 },
		{ REQ_FIXED "0102030405060708090a0b0c", "", 0, 0, 0xdf65e5aa8b3934c5 },
		{ "", "", 0, 0, 0 },
		{ "00000001", "", 0, 0, 0 },
		{ REQ_FIXED, "00001234 00000003 aabbcc" REQ_ARGS REQ_PROTOS, 4, 1,
		  0xdf65e5aa8b3934c5 },
		{ REQ_FIXED, REQ_PROTOS "7fffffff 00000000" REQ_ARGS, 4, 1, 0xdf65e5aa8b3934c5 },
		/* 8 bytes or fewer at the end are no parameter */
		{ REQ_FIXED, REQ_PROTOS "00000000 ffffffff", 0, 1, 0xdf65e5aa8b3934c5 },
		{ REQ_FIXED, REQ_PROTOS "00", 0, 1, 0xdf65e5aa8b3934c5 },
		{ REQ_FIXED, "00000000 00000004 00000000", 0, 0, 0xdf65e5aa8b3934c5 },
		{ REQ_FIXED, "00000001 00000001 00", 0, 0, 0xdf65e5aa8b3934c5 },
		{ REQ_FIXED, "00000000 00000005 00000001 00", 1, 0, 0xdf65e5aa8b3934c5 },
		{ REQ_FIXED, "00000001 00000009 6b766d00 70747000 00", 0, 2, 0xdf65e5aa8b3934c5 },
		{ REQ_FIXED, "00000001 00000011 61616161616161616161616161616100 00", 0, 1,
		  0xdf65e5aa8b3934c5 },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(ok); i++) {
		_cleanup_(msg_trace_req_release) struct msg_trace_req r = { 0 };
		_cleanup_buf_ struct buf b = BUF_INIT;
		struct msg m = built(&b, MSG_TRACE_REQ, ok[i].fixed, ok[i].var);

		assert_int_equal(msg_trace_req_parse(&m, &r), 0);
		assert_int_equal(r.argc, ok[i].argc);
		assert_int_equal(r.nr_protos, ok[i].protos);
		assert_true(r.trace_id == ok[i].id);
	}
}

static void a_request_whose_lengths_lie_is_refused(void **state)
{
	static const char *const bad[] = {
		"00000000 ffffffff 00000001 00",	/* "negative" length */
		"00000000 80000000 00000001 00",
		"00000000 00000006 00000001 00",	/* beyond the message */
		"00001234 00000002 00",
		"00000000 00000005 00000002 00",	/* argc more than strings */
		"00000000 00000005 ffffffff 00",
		"00000000 00000005 7fffffff 00",
		"00000000 00000006 00000001 0000",	/* and fewer */
		"00000000 00000005 00000000 00",
		"00000000 00000005 00000001 61",	/* no final NUL */
		"00000000 00000003 000000",		/* no argc */
		"00000000 00000005 00000001 00" REQ_ARGS,	/* twice */
		REQ_PROTOS REQ_PROTOS,
		"00000001 00000004 70747000",		/* list not ended */
		"00000001 00000003 707470",
		"00000001 00000006 7074700000 70",	/* something behind the end */
		"00000001 00000012 6161616161616161616161616161616100 00",	/* 16 characters */
		"74730001 00000003 000000",		/* flags too short */
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		_cleanup_(msg_trace_req_release) struct msg_trace_req r = { 0 };
		_cleanup_buf_ struct buf b = BUF_INIT;
		struct msg m = built(&b, MSG_TRACE_REQ, REQ_FIXED, bad[i]);

		if (msg_trace_req_parse(&m, &r) != -EBADMSG)
			fail_msg("accepted: %s", bad[i]);
	}
}

static void every_cut_of_a_request_is_read_safely(void **state)
{
	uint8_t data[256];
	size_t len = unhex(REQ_VECTOR, data), cut;

	for (cut = MSG_HEADER_LEN + 16; cut < len; cut++) {
		_cleanup_(msg_trace_req_release) struct msg_trace_req r = { 0 };
		_cleanup_free_ uint8_t *copy = malloc(cut);
		struct msg m;
		int ret;

		memcpy(copy, data, cut);
		store_u32(copy, ORDER_BIG, cut);
		assert_int_equal(msg_parse(copy, cut, &m), 0);
		ret = msg_trace_req_parse(&m, &r);
		/* a rest of 8 bytes or fewer behind whole parameters is allowed */
		if (cut <= 36 || (cut >= 71 && cut <= 79))
			assert_int_equal(ret, 0);
		else
			assert_int_equal(ret, -EBADMSG);
	}
}

static void our_own_request_parameter_survives(void **state)
{
	struct msg_trace_req want = {
		.flags = TRACE_REQ_FL_FIFOS, .has_tsync_flags = true,
		.tsync_flags = TSYNC_REQ_CHOOSE | TSYNC_REQ_MARKER,
	};
	_cleanup_(msg_trace_req_release) struct msg_trace_req r = { 0 };
	_cleanup_buf_ struct buf b = BUF_INIT;
	struct msg m;

	assert_int_equal(msg_trace_req_put(&b, &want), 0);
	assert_int_equal(msg_parse(b.data, b.len, &m), 0);
	assert_int_equal(msg_trace_req_parse(&m, &r), 0);
	assert_int_equal(r.flags, TRACE_REQ_FL_FIFOS);
	assert_true(r.has_tsync_flags);
	assert_int_equal(r.tsync_flags, TSYNC_REQ_CHOOSE | TSYNC_REQ_MARKER);
	assert_null(r.argv);
	assert_null(r.protos);
}

static void a_request_that_cannot_be_sent_is_refused(void **state)
{
	_cleanup_free_ char *huge = malloc(MSG_MAX_LEN);
	char *argv[] = { huge, NULL };
	char *too_long[] = { "sixteen-letters!", NULL };
	char *empty[] = { "", NULL };
	_cleanup_buf_ struct buf b = BUF_INIT;
	struct msg_trace_req r = { .argv = argv, .argc = 1 };

	memset(huge, 'x', MSG_MAX_LEN - 1);
	huge[MSG_MAX_LEN - 1] = 0;
	assert_int_equal(msg_trace_req_put(&b, &r), -EMSGSIZE);
	r = (struct msg_trace_req){ .protos = too_long, .nr_protos = 1 };
	assert_int_equal(msg_trace_req_put(&b, &r), -EINVAL);
	r = (struct msg_trace_req){ .protos = empty, .nr_protos = 1 };
	assert_int_equal(msg_trace_req_put(&b, &r), -EINVAL);
	assert_int_equal(b.len, 0);
}

/* --- TRACE_RESP --------------------------------------------------------- */

#define RESP_VECTOR "0000003e 00000007 00000028 00000000 00000002 00001000 3ba52bfc56ce0a6a " \
	"70747000" Z12 "000005e1 31353033 00 31353034 00"

static void a_recorded_response_decodes_and_encodes_to_the_same_bytes(void **state)
{
	_cleanup_(msg_trace_resp_release) struct msg_trace_resp r = { 0 };
	_cleanup_buf_ struct buf b = BUF_INIT;
	uint8_t data[256];
	size_t len = unhex(RESP_VECTOR, data);
	struct msg m;

	assert_int_equal(msg_parse(data, len, &m), 0);
	assert_int_equal(msg_trace_resp_parse(&m, &r), 0);
	assert_int_equal(r.flags, 0);
	assert_int_equal(r.nr_cpus, 2);
	assert_int_equal(r.page_size, 4096);
	assert_true(r.trace_id == 0x3ba52bfc56ce0a6a);
	assert_string_equal(r.tsync_proto, "ptp");
	assert_int_equal(r.tsync_port, 1505);
	assert_int_equal(r.ports[0], 1503);
	assert_int_equal(r.ports[1], 1504);

	assert_int_equal(msg_trace_resp_put(&b, &r), 0);
	assert_int_equal(b.len, len);
	assert_memory_equal(b.data, data, len);
}

/* flags, cpus, page size, id, name, port */
#define RESP(flags, cpus, page, name) flags cpus page "0000000000000001" name "00000000"
#define NO_NAME "00000000" Z12
#define NAME_16 "61616161616161616161616161616161"
#define RESP_2 RESP("00000000", "00000002", "00001000", NO_NAME)

static void a_response_with_bad_fields_is_refused(void **state)
{
	static const struct {
		const char *fixed, *var;
		int want;
	} table[] = {
		{ RESP_2, "3100 3200", 0 },
		{ RESP_2 "ffffffffffff", "3100 3200", 0 },
		{ RESP_2, "34323934393637323935 00 3200", 0 },
		{ RESP("00000001", "00000002", "00001000", NO_NAME), "3000 3000", 0 },
		{ RESP("00000000", "00000001", "01000000", NO_NAME), "3100", 0 },
		/* ports: none, too few, empty, unterminated, zero, too big, no number, too many */
		{ RESP_2, "", -EBADMSG },
		{ RESP_2, "3100", -EBADMSG },
		{ RESP_2, "0000", -EBADMSG },
		{ RESP_2, "3100 00", -EBADMSG },
		{ RESP_2, "3100 32", -EBADMSG },
		{ RESP_2, "3131 3232", -EBADMSG },
		{ RESP_2, "3100 3000", -EBADMSG },
		{ RESP_2, "34323934393637323936 00 3200", -EBADMSG },
		{ RESP_2, "3939393939393939393939393900 3200", -EBADMSG },
		{ RESP_2, "2d3100 3200", -EBADMSG },
		{ RESP_2, "203100 3200", -EBADMSG },
		{ RESP_2, "312000 3200", -EBADMSG },
		{ RESP_2, "3100 3200 3300", -EBADMSG },
		/* CPUs: none, too many, "negative" */
		{ RESP("00000000", "00000000", "00001000", NO_NAME), "", -EBADMSG },
		{ RESP("00000000", "00001001", "00001000", NO_NAME), "3100", -EBADMSG },
		{ RESP("00000000", "ffffffff", "00001000", NO_NAME), "3100", -EBADMSG },
		{ RESP("00000000", "80000000", "00001000", NO_NAME), "3100", -EBADMSG },
		/* page size: none, no power of two, too small, too big */
		{ RESP("00000000", "00000001", "00000000", NO_NAME), "3100", -EBADMSG },
		{ RESP("00000000", "00000001", "00001001", NO_NAME), "3100", -EBADMSG },
		{ RESP("00000000", "00000001", "00000800", NO_NAME), "3100", -EBADMSG },
		{ RESP("00000000", "00000001", "80000000", NO_NAME), "3100", -EBADMSG },
		/* a name that does not end, fields that are missing */
		{ RESP("00000000", "00000001", "00001000", NAME_16), "3100", -EBADMSG },
		{ "00000000", "3100", -EBADMSG },
		{ "", "3100", -EBADMSG },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(table); i++) {
		_cleanup_(msg_trace_resp_release) struct msg_trace_resp r = { 0 };
		_cleanup_buf_ struct buf b = BUF_INIT;
		struct msg m = built(&b, MSG_TRACE_RESP, table[i].fixed, table[i].var);
		int ret = msg_trace_resp_parse(&m, &r);

		if (ret != table[i].want)
			fail_msg("%d: %s %s", ret, table[i].fixed, table[i].var);
	}
}

static void a_response_may_lack_the_fields_at_its_end(void **state)
{
	_cleanup_(msg_trace_resp_release) struct msg_trace_resp r = { 0 };
	_cleanup_buf_ struct buf b = BUF_INIT;
	struct msg m = built(&b, MSG_TRACE_RESP, "00000000 00000001 00001000", "3100");

	assert_int_equal(msg_trace_resp_parse(&m, &r), 0);
	assert_string_equal(r.tsync_proto, "");
	assert_int_equal(r.tsync_port, 0);
}

static void a_response_holds_as_many_ports_as_fit(void **state)
{
	_cleanup_free_ uint32_t *ports = calloc(MSG_MAX_CPUS, sizeof(*ports));
	struct msg_trace_resp want = { .page_size = 4096, .ports = ports };
	_cleanup_buf_ struct buf b = BUF_INIT;
	uint32_t i;

	for (i = 0; i < MSG_MAX_CPUS; i++)
		ports[i] = 1500;
	/* 8140 bytes of ports, five each */
	want.nr_cpus = 1628;
	assert_int_equal(msg_trace_resp_put(&b, &want), 0);
	assert_int_equal(b.len, MSG_MAX_LEN);
	buf_reset(&b);
	want.nr_cpus = 1629;
	assert_int_equal(msg_trace_resp_put(&b, &want), -EMSGSIZE);
	want.nr_cpus = MSG_MAX_CPUS;
	assert_int_equal(msg_trace_resp_put(&b, &want), -EMSGSIZE);
}

/* --- TIME_SYNC ---------------------------------------------------------- */

static void recorded_time_sync_messages_decode_and_encode_to_the_same_bytes(void **state)
{
	static const struct {
		const char *hex, *proto;
		uint32_t id;
		const char *data;
	} table[] = {
		{ "00000022 00000009 00000014 6e6f6e65" Z12 "00000001 0100", "none", 1, "0100" },
		{ "00000020 00000009 00000014 6e6f6e65" Z12 "00000002", "none", 2, "" },
		{ "00000028 00000009 00000014 707470" Z13 "00000001 00000001 00000003",
		  "ptp", 1, "00000001 00000003" },
		{ "00000024 00000009 00000014 707470" Z13 "00000002 00000001",
		  "ptp", 2, "00000001" },
		{ "00000030 00000009 00000014 707470" Z13
		  "00000004 000001c79b4f4560 ffffffffffffff3c",
		  "ptp", 4, "000001c79b4f4560 ffffffffffffff3c" },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(table); i++) {
		_cleanup_buf_ struct buf b = BUF_INIT;
		uint8_t data[256], payload[64];
		size_t len = unhex(table[i].hex, data);
		size_t payload_len = unhex(table[i].data, payload);
		struct msg_tsync t;
		struct msg m;

		assert_int_equal(msg_parse(data, len, &m), 0);
		assert_int_equal(msg_tsync_parse(&m, &t), 0);
		assert_string_equal(t.proto, table[i].proto);
		assert_int_equal(t.id, table[i].id);
		assert_int_equal(t.len, payload_len);
		assert_memory_equal(t.data, payload, payload_len);
		assert_int_equal(msg_tsync_put(&b, t.proto, t.id, t.data, t.len), 0);
		assert_int_equal(b.len, len);
		assert_memory_equal(b.data, data, len);
	}
}

static void a_bad_time_sync_message_is_refused(void **state)
{
	static const char *const bad[] = {
		NAME_16 "00000001",		/* the name does not end */
		NO_NAME "00000001",		/* no name */
		"707470" Z13,			/* no id */
		"707470" Z13 "000000",
		"00000001 00000001",		/* an older layout */
		"",
	};
	_cleanup_buf_ struct buf b = BUF_INIT;
	struct msg_tsync t;
	struct msg m;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		m = built(&b, MSG_TIME_SYNC, bad[i], "");
		assert_int_equal(msg_tsync_parse(&m, &t), -EBADMSG);
	}
	buf_reset(&b);
	assert_int_equal(msg_tsync_put(&b, "sixteen-letters!", 1, NULL, 0), -EINVAL);
	assert_int_equal(msg_tsync_put(&b, "", 1, NULL, 0), -EINVAL);
	assert_int_equal(msg_tsync_put(&b, "ptp", 1, NULL, MSG_MAX_DATA - 19), -EMSGSIZE);
	assert_int_equal(b.len, 0);
}

static void a_decoder_refuses_messages_of_another_command(void **state)
{
	struct msg_trace_resp resp;
	struct msg_trace_req req;
	struct msg_tsync tsync;
	struct msg m = { 0 };
	uint32_t cmd;

	for (cmd = 0; cmd <= MSG_COUNT; cmd++) {
		m.cmd = cmd;
		if (cmd != MSG_TRACE_REQ && cmd != MSG_TRACE_PROXY)
			assert_int_equal(msg_trace_req_parse(&m, &req), -EBADMSG);
		if (cmd != MSG_TRACE_RESP)
			assert_int_equal(msg_trace_resp_parse(&m, &resp), -EBADMSG);
		if (cmd != MSG_TIME_SYNC)
			assert_int_equal(msg_tsync_parse(&m, &tsync), -EBADMSG);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_recorded_message_decodes_and_encodes_to_the_same_bytes),
		cmocka_unit_test(every_cut_of_a_message_is_refused),
		cmocka_unit_test(sizes_that_contradict_are_refused),
		cmocka_unit_test(an_unknown_command_is_handed_on_only_without_a_body),
		cmocka_unit_test(a_message_of_8192_bytes_goes_and_one_more_does_not),
		cmocka_unit_test(a_recorded_request_decodes_and_encodes_to_the_same_bytes),
		cmocka_unit_test(a_request_without_parameters_or_with_unknown_ones_is_fine),
		cmocka_unit_test(a_request_whose_lengths_lie_is_refused),
		cmocka_unit_test(every_cut_of_a_request_is_read_safely),
		cmocka_unit_test(our_own_request_parameter_survives),
		cmocka_unit_test(a_request_that_cannot_be_sent_is_refused),
		cmocka_unit_test(a_recorded_response_decodes_and_encodes_to_the_same_bytes),
		cmocka_unit_test(a_response_with_bad_fields_is_refused),
		cmocka_unit_test(a_response_may_lack_the_fields_at_its_end),
		cmocka_unit_test(a_response_holds_as_many_ports_as_fit),
		cmocka_unit_test(recorded_time_sync_messages_decode_and_encode_to_the_same_bytes),
		cmocka_unit_test(a_bad_time_sync_message_is_refused),
		cmocka_unit_test(a_decoder_refuses_messages_of_another_command),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
