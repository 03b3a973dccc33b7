/*
 * msg.c - see msg.h. Layer 1, pure.
 *
 * A message is a header of three u32be (size, cmd, cmd_size), a fixed part of
 * cmd_size bytes and a variable part of what is left of size. In here: any message, the short ones
 * whole; what a recording is asked for has a file of its own, msg-req.c.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "wire/msg-parts.h"
#include "wire/msg.h"

#define BE ORDER_BIG

/* The command's number is the index; fixed_len is what we send and the most of it we read. */
static const struct msg_desc {
	const char *name;
	size_t fixed_len;
} msg_descs[MSG_COUNT] = {
	[MSG_CLOSE]		= { "CLOSE", 0 },
	[MSG_TINIT]		= { "TINIT", 12 },
	[MSG_RINIT]		= { "RINIT", 4 },
	[MSG_SEND_DATA]		= { "SEND_DATA", 0 },
	[MSG_FIN_DATA]		= { "FIN_DATA", 0 },
	[MSG_NOT_SUPP]		= { "NOT_SUPP", 0 },
	[MSG_TRACE_REQ]		= { "TRACE_REQ", 16 },
	[MSG_TRACE_RESP]	= { "TRACE_RESP", 40 },
	[MSG_CLOSE_RESP]	= { "CLOSE_RESP", 0 },
	[MSG_TIME_SYNC]		= { "TIME_SYNC", 20 },
	[MSG_TRACE_PROXY]	= { "TRACE_PROXY", 24 },
	[MSG_CONT]		= { "CONT", 0 },
};

/* Sub-buffers are at most 2^8 pages of at most 64 KiB. */
#define PAGE_SIZE_MIN	4096u
#define PAGE_SIZE_MAX	(16u << 20)

const char *msg_name(uint32_t cmd)
{
	return cmd < MSG_COUNT ? msg_descs[cmd].name : "unknown";
}

int msg_parse_header(const uint8_t header[MSG_HEADER_LEN], size_t *ret_len)
{
	struct cursor c = cursor_over(header, MSG_HEADER_LEN, BE);
	uint32_t size = cursor_u32(&c);
	uint32_t fixed_len;

	cursor_u32(&c);
	fixed_len = cursor_u32(&c);
	if (size < MSG_HEADER_LEN || size > MSG_MAX_LEN || fixed_len > size - MSG_HEADER_LEN)
		return -EBADMSG;
	*ret_len = size;
	return 0;
}

int msg_parse(const uint8_t *data, size_t len, struct msg *ret)
{
	struct cursor c = cursor_over(data, len, BE);
	struct msg m = { 0 };
	size_t size;
	int err;

	if (len < MSG_HEADER_LEN)
		return -EBADMSG;
	err = msg_parse_header(data, &size);
	if (err)
		return err;
	if (size != len)
		return -EBADMSG;
	cursor_u32(&c);
	m.cmd = cursor_u32(&c);
	m.fixed_len = cursor_u32(&c);
	m.fixed = cursor_bytes(&c, m.fixed_len);
	m.var_len = cursor_left(&c);
	m.var = cursor_bytes(&c, m.var_len);
	if (m.cmd >= MSG_COUNT && len > MSG_HEADER_LEN)
		return -ENOTSUP;
	*ret = m;
	return 0;
}

/* Append the header of a message with the given parts. 0; -EMSGSIZE; b->error. */
static int put_header(struct buf *b, uint32_t cmd, size_t fixed_len, size_t var_len)
{
	uint8_t *p;

	if (fixed_len > MSG_MAX_DATA || var_len > MSG_MAX_DATA - fixed_len)
		return -EMSGSIZE;
	p = buf_extend(b, MSG_HEADER_LEN);
	if (!p)
		return b->error;
	store_u32(p, BE, MSG_HEADER_LEN + fixed_len + var_len);
	store_u32(p + 4, BE, cmd);
	store_u32(p + 8, BE, fixed_len);
	return 0;
}

int msg_put(struct buf *b, uint32_t cmd, const void *fixed, size_t fixed_len,
	    const void *var, size_t var_len)
{
	int err = put_header(b, cmd, fixed_len, var_len);

	if (err)
		return err;
	buf_add(b, fixed, fixed_len);
	return buf_add(b, var, var_len);
}

struct cursor msg_fixed_part(const struct msg *m, uint8_t copy[MSG_FIXED_MAX])
{
	size_t want = msg_descs[m->cmd].fixed_len;

	memset(copy, 0, MSG_FIXED_MAX);
	if (m->fixed_len)
		memcpy(copy, m->fixed, m->fixed_len < want ? m->fixed_len : want);
	return cursor_over(copy, want, BE);
}

/*
 * The next TSYNC_NAME_LEN bytes as a name, which may be shown to people. 0; -EBADMSG if
 * no NUL is among them, or before it something that isn't a visible character of ASCII.
 */
static int get_name(struct cursor *c, char ret[TSYNC_NAME_LEN])
{
	const char *name = cursor_bytes(c, TSYNC_NAME_LEN);
	const char *at;

	if (!name || !memchr(name, 0, TSYNC_NAME_LEN))
		return -EBADMSG;
	for (at = name; *at; at++)
		if (*at <= ' ' || *at > '~')
			return -EBADMSG;
	snprintf(ret, TSYNC_NAME_LEN, "%s", name);
	return 0;
}

/* Append @name, padded with zeros to TSYNC_NAME_LEN. 0; -EINVAL if it is too long; b->error. */
static int put_name(struct buf *b, const char *name)
{
	size_t len = strnlen(name, TSYNC_NAME_LEN);
	char *p;

	if (len == TSYNC_NAME_LEN)
		return -EINVAL;
	p = buf_extend(b, TSYNC_NAME_LEN);
	if (!p)
		return b->error;
	memcpy(p, name, len);
	return 0;
}

/* --- TRACE_RESP --------------------------------------------------------- */

void msg_trace_resp_release(struct msg_trace_resp *r)
{
	if (!r)
		return;
	free(r->ports);
	*r = (struct msg_trace_resp){ 0 };
}

/* The next string as a decimal number; nothing but digits is one. 0; -EBADMSG. */
static int get_decimal(struct cursor *c, uint32_t *ret)
{
	const char *s = cursor_cstr(c, sizeof("4294967295"));
	uint64_t v = 0;

	if (!s || !*s)
		return -EBADMSG;
	for (; *s; s++) {
		if (*s < '0' || *s > '9')
			return -EBADMSG;
		v = v * 10 + (*s - '0');
	}
	if (v > UINT32_MAX)
		return -EBADMSG;
	*ret = v;
	return 0;
}

/* One port a CPU and nothing after them. They are 0 if data goes through FIFOs, and only then. */
static int get_ports(const struct msg *m, struct msg_trace_resp *r)
{
	struct cursor c = cursor_over(m->var, m->var_len, BE);
	bool fifos = r->flags & TRACE_REQ_FL_FIFOS;
	uint32_t i;

	if (m->var_len < 2 * (size_t)r->nr_cpus)
		return -EBADMSG;
	r->ports = calloc(r->nr_cpus, sizeof(*r->ports));
	if (!r->ports)
		return -ENOMEM;
	for (i = 0; i < r->nr_cpus; i++) {
		int err = get_decimal(&c, &r->ports[i]);

		if (err)
			return err;
		if (!r->ports[i] && !fifos)
			return -EBADMSG;
	}
	return cursor_left(&c) ? -EBADMSG : 0;
}

int msg_trace_resp_parse(const struct msg *m, struct msg_trace_resp *ret)
{
	struct msg_trace_resp r = { 0 };
	uint8_t copy[MSG_FIXED_MAX];
	struct cursor c;
	int err;

	if (m->cmd != MSG_TRACE_RESP)
		return -EBADMSG;
	c = msg_fixed_part(m, copy);
	r.flags = cursor_u32(&c);
	r.nr_cpus = cursor_u32(&c);
	r.page_size = cursor_u32(&c);
	r.trace_id = cursor_u64(&c);
	err = get_name(&c, r.tsync_proto);
	r.tsync_port = cursor_u32(&c);
	if (err || r.nr_cpus < 1 || r.nr_cpus > MSG_MAX_CPUS)
		return -EBADMSG;
	if (r.page_size < PAGE_SIZE_MIN || r.page_size > PAGE_SIZE_MAX ||
	    r.page_size & (r.page_size - 1))
		return -EBADMSG;
	err = get_ports(m, &r);
	if (err)
		msg_trace_resp_release(&r);
	else
		*ret = r;
	return err;
}

int msg_trace_resp_put(struct buf *b, const struct msg_trace_resp *r)
{
	_cleanup_buf_ struct buf fixed = BUF_INIT;
	_cleanup_buf_ struct buf var = BUF_INIT;
	uint32_t i;
	int err;

	put_u32(&fixed, BE, r->flags);
	put_u32(&fixed, BE, r->nr_cpus);
	put_u32(&fixed, BE, r->page_size);
	put_u64(&fixed, BE, r->trace_id);
	err = put_name(&fixed, r->tsync_proto);
	if (err)
		return err;
	put_u32(&fixed, BE, r->tsync_port);
	for (i = 0; i < r->nr_cpus && var.len <= MSG_MAX_LEN; i++) {
		buf_printf(&var, "%u", r->ports[i]);
		put_u8(&var, 0);
	}
	if (fixed.error || var.error)
		return fixed.error ? fixed.error : var.error;
	return msg_put(b, MSG_TRACE_RESP, fixed.data, fixed.len, var.data, var.len);
}

/* --- TIME_SYNC ---------------------------------------------------------- */

int msg_tsync_parse(const struct msg *m, struct msg_tsync *ret)
{
	struct msg_tsync t = { .data = m->var, .len = m->var_len };
	uint8_t copy[MSG_FIXED_MAX];
	struct cursor c;
	int err;

	/* without its id the message means nothing, so nothing may be missing */
	if (m->cmd != MSG_TIME_SYNC || m->fixed_len < msg_descs[MSG_TIME_SYNC].fixed_len)
		return -EBADMSG;
	c = msg_fixed_part(m, copy);
	err = get_name(&c, t.proto);
	t.id = cursor_u32(&c);
	if (err || !t.proto[0])
		return -EBADMSG;
	*ret = t;
	return 0;
}

int msg_tsync_put(struct buf *b, const char *proto, uint32_t id, const void *data, size_t len)
{
	int err;

	if (!proto[0] || strnlen(proto, TSYNC_NAME_LEN) == TSYNC_NAME_LEN)
		return -EINVAL;
	err = put_header(b, MSG_TIME_SYNC, msg_descs[MSG_TIME_SYNC].fixed_len, len);
	if (err)
		return err;
	put_name(b, proto);
	put_u32(b, BE, id);
	return buf_add(b, data, len);
}
