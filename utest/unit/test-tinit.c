/*
 * test-tinit.c - how record and a listener begin: recorded bytes, what is refused.
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
#include "wire/tinit.h"

/* A message with the given parts. */
static struct msg message(struct buf *b, uint32_t cmd, const void *fixed, size_t fixed_len,
			  const void *var, size_t var_len)
{
	struct msg m;

	buf_reset(b);
	assert_int_equal(msg_put(b, cmd, fixed, fixed_len, var, var_len), 0);
	assert_int_equal(msg_parse(b->data, b->len, &m), 0);
	return m;
}

static void tinit_is_as_stock_peers_have_it(void **state)
{
	static const uint8_t udp[] = {
		0, 0, 0, 0x18, 0, 0, 0, 1, 0, 0, 0, 12, 0, 0, 0, 2, 0, 0, 0x10, 0, 0, 0, 0, 0 };
	static const uint8_t tcp[] = {
		0, 0, 0, 0x1c, 0, 0, 0, 1, 0, 0, 0, 12, 0, 0, 0, 2, 0, 0, 0x10, 0, 0, 0, 0, 1,
		't', 'c', 'p', 0 };
	struct tinit t = { .nr_cpus = 2, .page_size = 4096 }, back;
	_cleanup_buf_ struct buf b = BUF_INIT;
	struct msg m;

	assert_int_equal(tinit_put(&b, &t), 0);
	assert_int_equal(b.len, sizeof(udp));
	assert_memory_equal(b.data, udp, sizeof(udp));
	buf_reset(&b);
	t.tcp = true;
	assert_int_equal(tinit_put(&b, &t), 0);
	assert_int_equal(b.len, sizeof(tcp));
	assert_memory_equal(b.data, tcp, sizeof(tcp));
	assert_int_equal(msg_parse(b.data, b.len, &m), 0);
	assert_int_equal(tinit_parse(&m, &back), 0);
	assert_true(back.tcp && !back.vsock && back.nr_cpus == 2 && back.page_size == 4096);
}

/* TINIT with these numbers and options: what tinit_parse() says. */
static int parse(uint32_t cpus, uint32_t page, uint32_t n, const char *var, size_t var_len)
{
	_cleanup_buf_ struct buf b = BUF_INIT;
	uint8_t fixed[16] = { 0 };
	struct tinit t;
	struct msg m;

	store_u32(fixed, ORDER_BIG, cpus);
	store_u32(fixed + 4, ORDER_BIG, page);
	store_u32(fixed + 8, ORDER_BIG, n);
	/* a longer fixed part is one of a newer peer */
	m = message(&b, MSG_TINIT, fixed, sizeof(fixed), var, var_len);
	return tinit_parse(&m, &t);
}

static void tinit_with_impossible_numbers_is_refused(void **state)
{
	static const uint32_t odd_pages[] = { 0, 1, 4095, 4097, 2048, 32 << 20, 0x80000000 };
	unsigned int i;

	assert_int_equal(parse(1, 4096, 0, NULL, 0), 0);
	assert_int_equal(parse(MSG_MAX_CPUS, 4096, 0, NULL, 0), 0);
	assert_int_equal(parse(0, 4096, 0, NULL, 0), -EBADMSG);
	assert_int_equal(parse(MSG_MAX_CPUS + 1, 4096, 0, NULL, 0), -EBADMSG);
	assert_int_equal(parse(0xffffffff, 4096, 0, NULL, 0), -EBADMSG);
	for (i = 0; i < ARRAY_SIZE(odd_pages); i++)
		assert_int_equal(parse(1, odd_pages[i], 0, NULL, 0), -EBADMSG);
	assert_int_equal(parse(1, 65536, 0, NULL, 0), -EOPNOTSUPP);
	assert_int_equal(parse(1, 65536, 1, "tcp", 4), 0);
	assert_int_equal(parse(1, 4096, 2, "new\0tcp", 8), 0);
	assert_int_equal(parse(1, 4096, 1, "tcp", 3), -EBADMSG);
	assert_int_equal(parse(1, 4096, 2, "tcp", 4), -EBADMSG);
	assert_int_equal(parse(1, 4096, 0, "tcp", 4), -EBADMSG);
	assert_int_equal(parse(1, 4096, 0xffffffff, "tcp", 4), -EBADMSG);
}

static void tinit_that_lacks_a_field_is_refused(void **state)
{
	_cleanup_buf_ struct buf b = BUF_INIT;
	uint8_t fixed[12] = { 0, 0, 0, 1, 0, 0, 16, 0 };
	struct tinit t;
	struct msg m = message(&b, MSG_TINIT, fixed, 8, NULL, 0);

	assert_int_equal(tinit_parse(&m, &t), -EBADMSG);
	m = message(&b, MSG_CLOSE, fixed, 12, NULL, 0);
	assert_int_equal(tinit_parse(&m, &t), -EBADMSG);
}

static void rinit_is_as_stock_peers_have_it(void **state)
{
	static const uint8_t bytes[] = {
		0, 0, 0, 0x1a, 0, 0, 0, 2, 0, 0, 0, 4, 0, 0, 0, 2,
		'1', '5', '0', '0', 0, '1', '5', '0', '1', 0 };
	uint32_t ports[2] = { 1500, 1501 }, back[2];
	_cleanup_buf_ struct buf b = BUF_INIT;
	struct msg m;

	assert_int_equal(rinit_put(&b, ports, 2), 0);
	assert_int_equal(b.len, sizeof(bytes));
	assert_memory_equal(b.data, bytes, sizeof(bytes));
	assert_int_equal(msg_parse(b.data, b.len, &m), 0);
	assert_int_equal(rinit_parse(&m, back, 2), 0);
	assert_memory_equal(back, ports, sizeof(ports));
	assert_int_equal(rinit_parse(&m, back, 1), -EBADMSG);
}

static void rinit_with_other_ports_is_refused(void **state)
{
	static const struct { const char *var; size_t len; } odd[] = {
		{ "1500", 4 }, { "1500\0", 6 }, { "\0001\0", 3 }, { "0\0001\0", 4 }, { "1\0-1", 5 },
		{ "1\0001\0001", 6 }, { "1\0004294967296", 13 }, { "1\0x", 4 }, { "", 0 },
	};
	static const uint8_t fixed[4] = { 0, 0, 0, 2 };
	_cleanup_buf_ struct buf b = BUF_INIT;
	uint32_t ports[2];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(odd); i++) {
		struct msg m = message(&b, MSG_RINIT, fixed, 4, odd[i].var, odd[i].len);

		assert_int_equal(rinit_parse(&m, ports, 2), -EBADMSG);
	}
}

static void rinit_of_too_many_cpus_is_refused(void **state)
{
	_cleanup_buf_ struct buf b = BUF_INIT;
	uint32_t ports[2000];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(ports); i++)
		ports[i] = 10000 + i;
	assert_int_equal(rinit_put(&b, ports, ARRAY_SIZE(ports)), -EMSGSIZE);
}

/* Feed @len bytes; what the last one gave, or the first error, or event but GREET_MORE before it. */
static int feed(struct greet *g, const char *data, size_t len)
{
	size_t i;
	int ret = GREET_MORE;

	for (i = 0; i < len && ret == GREET_MORE; i++)
		ret = greet_byte(g, data[i]);
	assert_true(ret < 0 || i == len);
	return ret;
}
#define FEED(g, text)	feed(g, text, sizeof(text) - 1)

static void protocol_3_is_greeted(void **state)
{
	struct greet g = GREET_INIT;

	assert_int_equal(FEED(&g, "-1V3\0"), GREET_SEND_REPLY);
	assert_int_equal(FEED(&g, "766679\0\0"), GREET_SEND_OK);
	assert_int_equal(greet_byte(&g, 'x'), -EBADMSG);
}

static void a_newer_version_may_come_down_once(void **state)
{
	struct greet g = GREET_INIT, stubborn = GREET_INIT;

	assert_int_equal(FEED(&g, "-1V4\0"), GREET_SEND_REPLY);
	assert_int_equal(FEED(&g, "-1V3\0"), GREET_SEND_REPLY);
	assert_int_equal(FEED(&g, "766679\0\0"), GREET_SEND_OK);
	assert_int_equal(FEED(&stubborn, "-1V4\0"), GREET_SEND_REPLY);
	assert_int_equal(FEED(&stubborn, "-1V4\0"), -EPROTONOSUPPORT);
}

static void a_wrong_magic_is_refused(void **state)
{
	struct greet g = GREET_INIT;

	assert_int_equal(FEED(&g, "-1V3\0"), GREET_SEND_REPLY);
	assert_int_equal(FEED(&g, "766679\0x"), -EBADMSG);
}

static void protocol_1_is_understood(void **state)
{
	struct tinit want = { .nr_cpus = 2, .page_size = 4096, .tcp = true };
	_cleanup_buf_ struct buf b = BUF_INIT;
	struct greet g = GREET_INIT, tcp = GREET_INIT;

	assert_int_equal(FEED(&g, "2\0" "4096\0" "0\0"), GREET_SEND_PORTS);
	assert_true(g.want.nr_cpus == 2 && g.want.page_size == 4096 && !g.want.tcp);
	assert_int_equal(FEED(&tcp, "2\0" "4096\0" "1\0" "4\0" "TCP\0"), GREET_SEND_PORTS);
	assert_true(tcp.want.tcp);
	assert_int_equal(greet_put_v1(&b, &want), 0);
	assert_int_equal(b.len, 15);
	assert_memory_equal(b.data, "2\0" "4096\0" "1\0" "4\0" "TCP\0", 15);
}

static void nonsense_of_protocol_1_is_refused(void **state)
{
	static const struct { const char *text; size_t len; int error; } odd[] = {
		{ "GET / HTTP/1.1\r\n\0", 17, -EBADMSG }, { "\0", 1, -EBADMSG },
		{ "0\0" "4096\0" "0\0", 9, -EBADMSG }, { "5000\0" "4096\0" "0\0", 12, -EBADMSG },
		{ "99999999999\0", 12, -EBADMSG }, { "4294967296\0", 11, -EBADMSG },
		{ "2\0" "-1\0", 5, -EBADMSG }, { "2\0" "4096\0" "9\0", 9, -EBADMSG },
		{ "2\0" "65536\0" "0\0", 10, -EOPNOTSUPP },
		{ "2\0" "4096\0" "1\0" "0\0", 11, -EBADMSG },
		{ "2\0" "4096\0" "1\0" "65\0", 12, -EBADMSG },
		{ "2\0" "4096\0" "1\0" "4\0" "UDP\0", 15, -EOPNOTSUPP },
	};
	char endless[GREET_TEXT_MAX + 1];
	struct greet e = GREET_INIT;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(odd); i++) {
		struct greet g = GREET_INIT;

		assert_int_equal(feed(&g, odd[i].text, odd[i].len), odd[i].error);
	}
	memset(endless, '1', sizeof(endless));
	assert_int_equal(feed(&e, endless, sizeof(endless)), -EBADMSG);
}

static void ports_of_protocol_1_come_back(void **state)
{
	uint32_t ports[3] = { 1500, 1501, 65535 }, back[3];
	_cleanup_buf_ struct buf b = BUF_INIT;

	assert_int_equal(greet_ports_put(&b, ports, 3), 0);
	assert_string_equal((char *)b.data, "1500,1501,65535");
	assert_int_equal(greet_ports_parse((char *)b.data, back, 3), 0);
	assert_memory_equal(back, ports, sizeof(ports));
	assert_int_equal(greet_ports_parse("1500,1501", back, 3), -EBADMSG);
	assert_int_equal(greet_ports_parse("1500,1501,1502,", back, 3), -EBADMSG);
	assert_int_equal(greet_ports_parse("1500,,1502", back, 3), -EBADMSG);
	assert_int_equal(greet_ports_parse("0,1501,1502", back, 3), -EBADMSG);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(tinit_is_as_stock_peers_have_it),
		cmocka_unit_test(tinit_with_impossible_numbers_is_refused),
		cmocka_unit_test(tinit_that_lacks_a_field_is_refused),
		cmocka_unit_test(rinit_is_as_stock_peers_have_it),
		cmocka_unit_test(rinit_with_other_ports_is_refused),
		cmocka_unit_test(rinit_of_too_many_cpus_is_refused),
		cmocka_unit_test(protocol_3_is_greeted),
		cmocka_unit_test(a_newer_version_may_come_down_once),
		cmocka_unit_test(a_wrong_magic_is_refused),
		cmocka_unit_test(protocol_1_is_understood),
		cmocka_unit_test(nonsense_of_protocol_1_is_refused),
		cmocka_unit_test(ports_of_protocol_1_come_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
