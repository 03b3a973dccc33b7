/*
 * tsync-script.h - for tests: the peer of a session, played message by message.
 */
#ifndef SIM_TSYNC_SCRIPT_H
#define SIM_TSYNC_SCRIPT_H

#include <sys/socket.h>

#include "net/channel.h"
#include "tsync/tsync.h"

#define SCRIPT_MS 10000

struct script {
	struct channel ch;
	struct tsync_conf conf;		/* of the session at the other end */
	struct tsync_session *session;
	struct err err;
	struct msg_tsync got;		/* received last */
};

/* A configuration that needs no rights, and a connection for it. */
static inline void script_init(struct script *s)
{
	int fd[2] = { -1, -1 };

	memset(s, 0, sizeof(*s));
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd), 0);
	channel_init(&s->ch, fd[0]);
	tsync_conf_init(&s->conf);
	s->conf.fd = fd[1];
	s->conf.proto = tsync_proto_find("ptp");
	s->conf.clock = "mono_raw";
	s->conf.ptp_flags = PTP_FLAG_FASTEST_RESPONSE;
	s->conf.nr_cpus = 1;
}

static inline void script_release(struct script *s)
{
	tsync_free(s->session);
	channel_close(&s->ch);
}

static inline void script_send(struct script *s, const char *proto, uint32_t id, const void *data,
			       size_t len)
{
	struct buf b = BUF_INIT;

	assert_int_equal(msg_tsync_put(&b, proto, id, data, len), 0);
	/* a session that has given up need not listen any more */
	channel_send_raw(&s->ch, &b, deadline_in_ms(SCRIPT_MS));
	buf_release(&b);
}

static inline void script_send_buf(struct script *s, uint32_t id, struct buf *payload)
{
	script_send(s, PTP_NAME, id, payload->data, payload->len);
	buf_release(payload);
}

/* Receive one message. 0; -errno. */
static inline int script_recv(struct script *s)
{
	struct msg msg;
	int ret = channel_recv(&s->ch, &msg, deadline_in_ms(SCRIPT_MS));

	if (!ret) {
		assert_int_equal(msg.cmd, MSG_TIME_SYNC);
		assert_int_equal(msg_tsync_parse(&msg, &s->got), 0);
	}
	return ret;
}

static inline void script_expect(struct script *s, const char *proto, uint32_t id)
{
	assert_int_equal(script_recv(s), 0);
	assert_string_equal(s->got.proto, proto);
	assert_int_equal(s->got.id, id);
}

static inline void script_start(struct script *s, uint32_t series, uint32_t flags)
{
	struct ptp_start start = { .series = series, .flags = flags };
	struct buf b = BUF_INIT;

	ptp_start_put(&b, &start);
	script_send_buf(s, PTP_START, &b);
}

static inline void script_probe(struct script *s, uint32_t number)
{
	struct buf b = BUF_INIT;

	ptp_probe_put(&b, number);
	script_send_buf(s, PTP_PROBE, &b);
}

static inline void script_offset(struct script *s, int64_t time, int64_t offset)
{
	struct ptp_offset o = { .time = time, .offset = offset };
	struct buf b = BUF_INIT;

	ptp_offset_put(&b, &o);
	script_send_buf(s, PTP_OFFSET, &b);
}

/* PROBES with a count of our choice, whatever is right. */
static inline void script_list(struct script *s, uint32_t series, uint32_t count)
{
	static struct ptp_list list;
	struct buf b = BUF_INIT;

	list.series = series;
	ptp_list_put(&b, &list);
	store_u32(b.data + 4, ORDER_BIG, count);
	script_send_buf(s, PTP_PROBES_LIST, &b);
}

#endif
