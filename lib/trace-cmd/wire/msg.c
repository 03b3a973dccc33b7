/*
 * msg.c - see msg.h. Layer 1, pure.
 *
 * A message is a header of three u32be (size, cmd, cmd_size), a fixed part of
 * cmd_size bytes and a variable part of what is left of size.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
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

#define FIXED_MAX	40	/* the longest fixed part of the table */

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

/*
 * A cursor over the fixed part of @m as long as we know it, in @copy: fields
 * that an older peer does not send are zero, what a newer one adds is left out.
 */
static struct cursor fixed_part(const struct msg *m, uint8_t copy[FIXED_MAX])
{
	size_t want = msg_descs[m->cmd].fixed_len;

	memset(copy, 0, FIXED_MAX);
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

/* --- TRACE_REQ, TRACE_PROXY ---------------------------------------------- */

static void strings_free(char **strings)
{
	size_t i;

	for (i = 0; strings && strings[i]; i++)
		free(strings[i]);
	free(strings);
}

void msg_trace_req_release(struct msg_trace_req *r)
{
	if (!r)
		return;
	strings_free(r->argv);
	strings_free(r->protos);
	*r = (struct msg_trace_req){ 0 };
}

/*
 * The next @count NUL-terminated strings, of at most @max bytes each with the
 * NUL, as a NULL-terminated heap array. 0; -EBADMSG; -ENOMEM.
 */
static int get_strings(struct cursor *c, size_t count, size_t max, char ***ret)
{
	char **strings;
	size_t i;
	int err = 0;

	/* each takes a byte at least: bounds the allocation before anything is read */
	if (count > cursor_left(c))
		return -EBADMSG;
	strings = calloc(count + 1, sizeof(*strings));
	if (!strings)
		return -ENOMEM;
	for (i = 0; i < count && !err; i++) {
		const char *s = cursor_cstr(c, max);

		strings[i] = s ? strdup(s) : NULL;
		if (!strings[i])
			err = s ? -ENOMEM : -EBADMSG;
	}
	if (err)
		strings_free(strings);
	else
		*ret = strings;
	return err;
}

/* The ARGS parameter: u32be argc and exactly that many strings. */
static int get_args(struct cursor value, struct msg_trace_req *r)
{
	uint32_t argc = cursor_u32(&value);
	int err;

	if (value.failed || r->argv)
		return -EBADMSG;
	err = get_strings(&value, argc, MSG_MAX_LEN, &r->argv);
	if (err)
		return err;
	r->argc = argc;
	return cursor_left(&value) ? -EBADMSG : 0;
}

/* The TSYNC_PROTOS parameter: names and an empty one that ends the list. */
static int get_protos(struct cursor value, struct msg_trace_req *r)
{
	struct cursor scan = value;
	size_t count = 0;
	const char *name;
	int err;

	do {
		name = cursor_cstr(&scan, TSYNC_NAME_LEN);
		count++;
	} while (name && *name);
	if (!name || cursor_left(&scan) || r->protos)
		return -EBADMSG;
	err = get_strings(&value, count - 1, TSYNC_NAME_LEN, &r->protos);
	if (!err)
		r->nr_protos = count - 1;
	return err;
}

/* All parameters of the variable part; unknown ones are stepped over. */
static int get_params(struct cursor *c, struct msg_trace_req *r)
{
	int err = 0;

	/* peers stop at 8 bytes, too: an id and a length without a value say nothing */
	while (!err && cursor_left(c) > 8) {
		uint32_t id = cursor_u32(c);
		uint32_t len = cursor_u32(c);
		struct cursor value = cursor_sub(c, len);

		if (value.failed)
			return -EBADMSG;
		switch (id) {
		case MSG_PARAM_ARGS:
			err = get_args(value, r);
			break;
		case MSG_PARAM_TSYNC_PROTOS:
			err = get_protos(value, r);
			break;
		case MSG_PARAM_TSYNC_FLAGS:
			r->tsync_flags = cursor_u32(&value);
			r->has_tsync_flags = true;
			err = value.failed ? -EBADMSG : 0;
			break;
		}
	}
	return err;
}

int msg_trace_req_parse(const struct msg *m, struct msg_trace_req *ret)
{
	struct msg_trace_req r = { 0 };
	struct cursor var = cursor_over(m->var, m->var_len, BE);
	uint8_t copy[FIXED_MAX];
	struct cursor c;
	int err;

	if (m->cmd != MSG_TRACE_REQ && m->cmd != MSG_TRACE_PROXY)
		return -EBADMSG;
	c = fixed_part(m, copy);
	r.flags = cursor_u32(&c);
	cursor_u32(&c);		/* argc: always 0, the true one is in ARGS */
	r.trace_id = cursor_u64(&c);
	r.proxy = m->cmd == MSG_TRACE_PROXY;
	if (r.proxy) {
		r.nr_cpus = cursor_u32(&c);
		r.siblings = cursor_u32(&c);
	}
	err = get_params(&var, &r);
	if (err)
		msg_trace_req_release(&r);
	else
		*ret = r;
	return err;
}

/* Append the parameter @id with the value built in @value. */
static void put_param(struct buf *b, uint32_t id, const struct buf *value)
{
	put_u32(b, BE, id);
	put_u32(b, BE, value->len);
	buf_add(b, value->data, value->len);
	if (value->error && !b->error)
		b->error = value->error;
}

static void put_args(struct buf *b, const struct msg_trace_req *r)
{
	_cleanup_buf_ struct buf value = BUF_INIT;
	int i;

	if (!r->argc)
		return;
	put_u32(&value, BE, r->argc);
	for (i = 0; i < r->argc; i++)
		buf_add_cstr(&value, r->argv[i]);
	put_param(b, MSG_PARAM_ARGS, &value);
}

static int put_protos(struct buf *b, const struct msg_trace_req *r)
{
	_cleanup_buf_ struct buf value = BUF_INIT;
	int i;

	if (!r->nr_protos)
		return 0;
	for (i = 0; i < r->nr_protos; i++) {
		size_t len = strnlen(r->protos[i], TSYNC_NAME_LEN);

		if (!len || len == TSYNC_NAME_LEN)
			return -EINVAL;
		buf_add_cstr(&value, r->protos[i]);
	}
	put_u8(&value, 0);
	put_param(b, MSG_PARAM_TSYNC_PROTOS, &value);
	return 0;
}

int msg_trace_req_put(struct buf *b, const struct msg_trace_req *r)
{
	_cleanup_buf_ struct buf fixed = BUF_INIT;
	_cleanup_buf_ struct buf var = BUF_INIT;
	int err;

	put_u32(&fixed, BE, r->flags);
	put_u32(&fixed, BE, 0);
	put_u64(&fixed, BE, r->trace_id);
	if (r->proxy) {
		put_u32(&fixed, BE, r->nr_cpus);
		put_u32(&fixed, BE, r->siblings);
	}
	put_args(&var, r);
	err = put_protos(&var, r);
	if (err)
		return err;
	if (r->has_tsync_flags) {
		put_u32(&var, BE, MSG_PARAM_TSYNC_FLAGS);
		put_u32(&var, BE, 4);
		put_u32(&var, BE, r->tsync_flags);
	}
	if (fixed.error || var.error)
		return fixed.error ? fixed.error : var.error;
	return msg_put(b, r->proxy ? MSG_TRACE_PROXY : MSG_TRACE_REQ, fixed.data, fixed.len, var.data,
		       var.len);
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
	uint8_t copy[FIXED_MAX];
	struct cursor c;
	int err;

	if (m->cmd != MSG_TRACE_RESP)
		return -EBADMSG;
	c = fixed_part(m, copy);
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
	uint8_t copy[FIXED_MAX];
	struct cursor c;
	int err;

	/* without its id the message means nothing, so nothing may be missing */
	if (m->cmd != MSG_TIME_SYNC || m->fixed_len < msg_descs[MSG_TIME_SYNC].fixed_len)
		return -EBADMSG;
	c = fixed_part(m, copy);
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
