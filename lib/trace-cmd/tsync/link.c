/*
 * link.c - see link.h. Layer 4.
 */
#include <errno.h>
#include <string.h>

#include "tsync/link.h"

/*
 * Spinning keeps wake-up times, which differ between the two ends, out of the
 * exchange. It must not go on for long: on one CPU with the peer it is what keeps
 * the peer from answering.
 */
#define SPIN_US		200
#define MISSES_MAX	16	/* in a row; then spinning does not help here */

int link_init(struct tsync_link *link, const struct tsync_conf *conf, bool guest, int fd,
	      int stop_fd, struct err *err)
{
	memset(link, 0, sizeof(*link));
	channel_init(&link->ch, fd);
	link->ch.stop_fd = stop_fd;
	link->conf = conf;
	link->proto = conf->proto;
	link->guest = guest;
	buf_init(&link->out, MSG_MAX_LEN);
	clock_init(&link->clock, conf, guest ? SERIES_RECEIVE : SERIES_CLIENT);
	return tsync_debug_init(&link->debug, conf->debug_dir, conf->cid, err);
}

void link_release_proto(struct tsync_link *link)
{
	if (link->proto && link->proto->release)
		link->proto->release(link);
	link->state = NULL;
}

void link_release(struct tsync_link *link)
{
	link_release_proto(link);
	channel_close(&link->ch);
	bounds_release(&link->bounds);
	clock_release(&link->clock);
	tsync_debug_release(&link->debug);
	buf_release(&link->out);
}

int link_build(struct tsync_link *link, const char *proto, uint32_t id, const void *data,
	       size_t len)
{
	buf_reset(&link->out);
	return msg_tsync_put(&link->out, proto, id, data, len);
}

int link_send_built(struct tsync_link *link)
{
	return channel_send_raw(&link->ch, &link->out, deadline_in_ms(LINK_MSG_MS));
}

int link_send(struct tsync_link *link, const char *proto, uint32_t id, const void *data,
	      size_t len)
{
	int ret = link_build(link, proto, id, data, len);

	return ret ? ret : link_send_built(link);
}

static int receive(struct tsync_link *link, struct msg *msg, struct deadline d)
{
	int64_t start;
	int ret;

	if (!link->spin || link->missed >= MISSES_MAX)
		return channel_recv(&link->ch, msg, d);
	start = mono_now_ns();
	ret = channel_recv_spin(&link->ch, msg, d, SPIN_US);
	if (mono_now_ns() - start >= SPIN_US * 1000LL)
		link->missed++;
	else
		link->missed = 0;
	return ret;
}

/* What the loop says may come in the middle of a round. 0: that was not it; -errno. */
static int hear_loop(struct tsync_link *link, const struct msg_tsync *msg)
{
	if (strcmp(msg->proto, LOOP_NAME))
		return 0;
	/* to a peer that cannot go over to another protocol they mean nothing */
	if (link->guest && msg->id == LOOP_USE && link->conf->fallback[0]) {
		if (!msg->len || msg->len > sizeof(link->use) || msg->data[msg->len - 1] ||
		    !msg->data[0])
			return -EPROTO;
		memcpy(link->use, msg->data, msg->len);
		return -EOPNOTSUPP;
	}
	if (!link->guest && msg->id == LOOP_CANNOT && link->conf->fallback[0])
		return -EOPNOTSUPP;
	return link->guest && msg->id == LOOP_STOP ? -ESHUTDOWN : 0;
}

int link_recv(struct tsync_link *link, struct msg_tsync *ret_msg, int timeout_ms)
{
	struct msg msg;
	int ret = receive(link, &msg, deadline_in_ms(timeout_ms));

	if (ret)
		return ret;
	if (msg.cmd != MSG_TIME_SYNC)
		return -EPROTO;
	ret = msg_tsync_parse(&msg, ret_msg);
	return ret ? ret : hear_loop(link, ret_msg);
}

int link_expect(struct tsync_link *link, const char *proto, uint32_t id, int timeout_ms,
		struct msg_tsync *ret_msg)
{
	int ret = link_recv(link, ret_msg, timeout_ms);

	if (ret)
		return ret;
	return ret_msg->id == id && !strcmp(ret_msg->proto, proto) ? 0 : -EPROTO;
}
