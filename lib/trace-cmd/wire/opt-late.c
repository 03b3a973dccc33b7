/*
 * opt-late.c - see opt-late.h. Layer 1, pure.
 */
#include <errno.h>

#include "base/cleanup.h"
#include "wire/cursor.h"
#include "wire/dat.h"
#include "wire/opt-late.h"
#include "wire/opt-timeshift.h"
#include "wire/opt-tsync.h"
#include "wire/opts.h"

int opt_late_put(struct buf *b, unsigned int id, struct buf *payload)
{
	int ret = payload->error;

	if (!ret) {
		put_u16(b, ORDER_NATIVE, id);
		put_u32(b, ORDER_NATIVE, payload->len);
		ret = buf_add(b, payload->data, payload->len);
	}
	buf_release(payload);
	return ret;
}

int opt_late_next(const void *data, size_t len, size_t *at, unsigned int *ret_id,
		  const void **ret_payload, size_t *ret_len)
{
	struct cursor c = cursor_over(data, len, ORDER_NATIVE);
	unsigned int id;
	const void *payload;
	uint32_t size;

	if (*at >= len)
		return 0;
	c.pos = *at;
	id = cursor_u16(&c);
	size = cursor_u32(&c);
	payload = cursor_bytes(&c, size);
	if (c.failed)
		return -EBADMSG;
	*at = c.pos;
	*ret_id = id;
	*ret_payload = payload;
	*ret_len = size;
	return 1;
}

static int check_shift(const void *data, size_t len, uint64_t peer_id)
{
	struct timeshift shift;
	int ret = timeshift_parse(data, len, ORDER_NATIVE, &shift);

	if (ret)
		return ret;
	ret = shift.peer_id == peer_id ? 0 : -EBADMSG;
	timeshift_release(&shift);
	return ret;
}

static int check_tsync(const void *data, size_t len, uint64_t peer_id)
{
	struct opt_tsync model;
	int ret = opt_tsync_parse(data, len, ORDER_NATIVE, &model);

	if (ret)
		return ret;
	ret = model.peer_id == peer_id ? 0 : -EBADMSG;
	opt_tsync_release(&model);
	return ret;
}

static int check_tsc(const void *data, size_t len, uint64_t peer_id)
{
	struct opt_tsc2nsec tsc;

	(void)peer_id;
	return opt_tsc2nsec_parse(data, len, ORDER_NATIVE, &tsc);
}

static const struct {
	unsigned int id;
	int (*check)(const void *data, size_t len, uint64_t peer_id);
} kinds[] = {
	{ DAT_TIME_SHIFT, check_shift },
	{ DAT_TSYNC, check_tsync },
	{ DAT_TSC2NSEC, check_tsc },
};

int opt_late_sift(const void *data, size_t len, uint64_t peer_id, struct buf *ret)
{
	bool seen[ARRAY_SIZE(kinds)] = { false };
	const void *payload;
	unsigned int id;
	size_t at = 0, size, i;
	int more, error;

	while ((more = opt_late_next(data, len, &at, &id, &payload, &size)) > 0) {
		for (i = 0; i < ARRAY_SIZE(kinds) && kinds[i].id != id; i++)
			;
		if (i == ARRAY_SIZE(kinds))
			continue;
		error = seen[i] ? -EBADMSG : kinds[i].check(payload, size, peer_id);
		if (error)
			return error;
		seen[i] = true;
		put_u16(ret, ORDER_NATIVE, id);
		put_u32(ret, ORDER_NATIVE, size);
		buf_add(ret, payload, size);
	}
	return more ? more : ret->error;
}
