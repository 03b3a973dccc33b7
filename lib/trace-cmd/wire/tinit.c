/*
 * tinit.c - see tinit.h. Layer 1, pure.
 */
#include <errno.h>
#include <string.h>

#include "wire/tinit.h"

#define BE ORDER_BIG

#define TINIT_FIXED_LEN	12
#define RINIT_FIXED_LEN	4

/* Sub-buffers are at most 2^8 pages of at most 64 KiB. */
#define PAGE_SIZE_MIN	4096u
#define PAGE_SIZE_MAX	(16u << 20)

#define OPTIONS_MAX	64	/* of TINIT; protocol 1 knows a single one, */
#define V1_OPTIONS_MAX	8	/* and we pass no time with those who send more than these */
#define V1_TCP		"TCP"

/* --- numbers in text ------------------------------------------------------------ */

/* @len bytes as a decimal number; nothing but digits is one. 0; -EBADMSG. */
static int parse_decimal(const char *text, size_t len, uint32_t *ret)
{
	uint64_t v = 0;
	size_t i;

	if (!len || len > sizeof("4294967295") - 1)
		return -EBADMSG;
	for (i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -EBADMSG;
		v = v * 10 + (text[i] - '0');
	}
	if (v > UINT32_MAX)
		return -EBADMSG;
	*ret = v;
	return 0;
}

/* Can we serve that? 0; -EBADMSG; -EOPNOTSUPP. */
static int check_want(const struct tinit *t)
{
	if (t->nr_cpus < 1 || t->nr_cpus > MSG_MAX_CPUS || t->page_size < PAGE_SIZE_MIN ||
	    t->page_size > PAGE_SIZE_MAX || t->page_size & (t->page_size - 1))
		return -EBADMSG;
	return !t->tcp && !t->vsock && t->page_size > TINIT_DATAGRAM_MAX ? -EOPNOTSUPP : 0;
}

/* --- TINIT, RINIT ----------------------------------------------------------------- */

int tinit_parse(const struct msg *m, struct tinit *ret)
{
	struct cursor fixed = cursor_over(m->fixed, m->fixed_len, BE);
	struct cursor var = cursor_over(m->var, m->var_len, BE);
	struct tinit t = { 0 };
	uint32_t i, n;
	int error;

	/* nothing of it can be missing */
	if (m->cmd != MSG_TINIT || m->fixed_len < TINIT_FIXED_LEN)
		return -EBADMSG;
	t.nr_cpus = cursor_u32(&fixed);
	t.page_size = cursor_u32(&fixed);
	n = cursor_u32(&fixed);
	if (n > OPTIONS_MAX)
		return -EBADMSG;
	for (i = 0; i < n; i++) {
		const char *option = cursor_cstr(&var, MSG_MAX_LEN);

		if (!option)
			return -EBADMSG;
		if (!strcmp(option, "tcp"))
			t.tcp = true;
		else if (!strcmp(option, "vsock"))
			t.vsock = true;
	}
	if (cursor_left(&var))
		return -EBADMSG;
	error = check_want(&t);
	if (!error)
		*ret = t;
	return error;
}

int tinit_put(struct buf *b, const struct tinit *t)
{
	const char *option = t->vsock ? "vsock" : t->tcp ? "tcp" : NULL;
	uint8_t fixed[TINIT_FIXED_LEN];

	store_u32(fixed, BE, t->nr_cpus);
	store_u32(fixed + 4, BE, t->page_size);
	store_u32(fixed + 8, BE, option ? 1 : 0);
	return msg_put(b, MSG_TINIT, fixed, sizeof(fixed), option, option ? strlen(option) + 1 : 0);
}

int rinit_parse(const struct msg *m, uint32_t *ports, uint32_t nr_cpus)
{
	struct cursor fixed = cursor_over(m->fixed, m->fixed_len, BE);
	struct cursor var = cursor_over(m->var, m->var_len, BE);
	uint32_t i;

	if (m->cmd != MSG_RINIT || m->fixed_len < RINIT_FIXED_LEN || cursor_u32(&fixed) != nr_cpus)
		return -EBADMSG;
	for (i = 0; i < nr_cpus; i++) {
		const char *text = cursor_cstr(&var, sizeof("4294967295"));

		if (!text || parse_decimal(text, strlen(text), &ports[i]) || !ports[i])
			return -EBADMSG;
	}
	return cursor_left(&var) ? -EBADMSG : 0;
}

int rinit_put(struct buf *b, const uint32_t *ports, uint32_t nr_cpus)
{
	_cleanup_buf_ struct buf var = { .cap = MSG_MAX_LEN };
	uint8_t fixed[RINIT_FIXED_LEN];
	uint32_t i;

	store_u32(fixed, BE, nr_cpus);
	for (i = 0; i < nr_cpus; i++) {
		buf_printf(&var, "%u", ports[i]);
		put_u8(&var, 0);
	}
	if (var.error)
		return var.error == -E2BIG ? -EMSGSIZE : var.error;
	return msg_put(b, MSG_RINIT, fixed, sizeof(fixed), var.data, var.len);
}

/* --- the text, as the listener hears it --------------------------------------------- */

enum {
	FIRST,		/* a version or the number of CPUs */
	MAGIC,
	V1_PAGE, V1_OPTIONS, V1_OPTION_LEN, V1_OPTION,
	DONE,
};

/* A version was named. */
static int take_version(struct greet *g)
{
	if (!strcmp(g->text, GREET_VERSION)) {
		g->state = MAGIC;
	} else {
		/* it may come down to ours when it hears it, but not stay where it is */
		if (!strcmp(g->text, g->unknown))
			return -EPROTONOSUPPORT;
		memcpy(g->unknown, g->text, sizeof(g->unknown));
	}
	return GREET_SEND_REPLY;
}

/* Protocol 1 goes on with another option, or is complete. */
static int next_option(struct greet *g)
{
	int ret;

	if (g->options) {
		g->options--;
		g->state = V1_OPTION_LEN;
		return GREET_MORE;
	}
	g->state = DONE;
	ret = check_want(&g->want);
	return ret ? ret : GREET_SEND_PORTS;
}

/* A text has come in full. */
static int take_text(struct greet *g, size_t len)
{
	uint32_t number;

	if (g->state == FIRST && !strncmp(g->text, "-1", 2))
		return take_version(g);
	if (parse_decimal(g->text, len, &number))
		return -EBADMSG;
	switch (g->state) {
	case FIRST:
		g->want.nr_cpus = number;
		g->state = V1_PAGE;
		return GREET_MORE;
	case V1_PAGE:
		g->want.page_size = number;
		g->state = V1_OPTIONS;
		return GREET_MORE;
	case V1_OPTIONS:
		g->options = number;
		return number > V1_OPTIONS_MAX ? -EBADMSG : next_option(g);
	default: /* V1_OPTION_LEN */
		if (!number || number > GREET_TEXT_MAX)
			return -EBADMSG;
		g->option_len = number;
		g->state = V1_OPTION;
		return GREET_MORE;
	}
}

int greet_byte(struct greet *g, uint8_t byte)
{
	size_t len;

	if (g->len == sizeof(g->text) || g->state == DONE)
		return -EBADMSG;
	g->text[g->len++] = byte;
	switch (g->state) {
	case MAGIC:
		if (g->len < GREET_MAGIC_LEN)
			return GREET_MORE;
		g->state = DONE;
		return memcmp(g->text, GREET_MAGIC, GREET_MAGIC_LEN) ? -EBADMSG : GREET_SEND_OK;
	case V1_OPTION:
		if (g->len < g->option_len)
			return GREET_MORE;
		len = g->len;
		g->len = 0;
		if (len != sizeof(V1_TCP) || memcmp(g->text, V1_TCP, len))
			return -EOPNOTSUPP;
		g->want.tcp = true;
		return next_option(g);
	default:
		if (byte)
			return GREET_MORE;
		len = g->len - 1;
		g->len = 0;
		return take_text(g, len);
	}
}

/* --- protocol 1, as the client speaks it ---------------------------------------------- */

int greet_put_v1(struct buf *b, const struct tinit *t)
{
	buf_printf(b, "%u", t->nr_cpus);
	put_u8(b, 0);
	buf_printf(b, "%u", t->page_size);
	put_u8(b, 0);
	buf_add_cstr(b, t->tcp ? "1" : "0");
	if (t->tcp) {
		buf_add_cstr(b, "4");
		buf_add_cstr(b, V1_TCP);
	}
	return b->error;
}

int greet_ports_parse(const char *text, uint32_t *ports, uint32_t nr_cpus)
{
	uint32_t i;

	for (i = 0; i < nr_cpus; i++) {
		size_t len = strcspn(text, ",");

		if (parse_decimal(text, len, &ports[i]) || !ports[i])
			return -EBADMSG;
		text += len;
		if (i + 1 < nr_cpus && *text++ != ',')
			return -EBADMSG;
	}
	return *text ? -EBADMSG : 0;
}

int greet_ports_put(struct buf *b, const uint32_t *ports, uint32_t nr_cpus)
{
	uint32_t i;

	for (i = 0; i < nr_cpus; i++)
		buf_printf(b, "%s%u", i ? "," : "", ports[i]);
	put_u8(b, 0);
	return b->error;
}
