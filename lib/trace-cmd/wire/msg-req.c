/*
 * msg-req.c - what a recording is asked for: TRACE_REQ, and TRACE_PROXY, which is the same the other
 * way round. See msg.h. Layer 1, pure.
 *
 * The variable part is a list of parameters (id, length, value), which peers that don't know one step over.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "wire/msg-parts.h"
#include "wire/msg.h"

#define BE ORDER_BIG

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
	uint8_t copy[MSG_FIXED_MAX];
	struct cursor c;
	int err;

	if (m->cmd != MSG_TRACE_REQ && m->cmd != MSG_TRACE_PROXY)
		return -EBADMSG;
	c = msg_fixed_part(m, copy);
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
