/*
 * switch.c - see switch.h. Layer 4.
 */
#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "tsync/switch.h"

/* Messages of the failed round that may still be under way: a round has fewer. */
#define STRAY_MAX	4096

/* The protocol of that name among those that come after the one in use; NULL. */
static const struct tsync_proto *later(const struct tsync_session *s, const char *name)
{
	const struct tsync_proto *const *p;

	for (p = s->conf.fallback; *p; p++)
		if ((*p)->accuracy > s->link.proto->accuracy && !strcmp((*p)->name, name))
			return *p;
	return NULL;
}

/* Go over to @proto. 0; -EOPNOTSUPP: it does not work either; -errno. */
static int take(struct tsync_session *s, const struct tsync_proto *proto)
{
	int ret;

	log_debug("tsync: %s does not work here%s%s, trying %s", s->link.proto->name,
		  s->link.err.text[0] ? ": " : "", s->link.err.text, proto->name);
	session_uses(s, proto);
	err_clear(&s->link.err);
	ret = proto->prepare(&s->link);
	s->refused = ret == -EOPNOTSUPP;
	return ret;
}

/* Wait for the answer to USE @name. 0; -EOPNOTSUPP: the guest says no; -errno. */
static int await_answer(struct tsync_link *link, const char *name)
{
	struct deadline d = deadline_in_ms(LINK_MSG_MS);
	unsigned int strays = 0;
	struct msg_tsync msg;
	int ret;

	do {
		ret = link_recv(link, &msg, deadline_left_ms(d));
		/* CANNOT crossed our USE */
		if (ret && ret != -EOPNOTSUPP)
			return ret;
		if (++strays > STRAY_MAX)
			return -EPROTO;
	} while (ret || strcmp(msg.proto, LOOP_NAME) || msg.id != LOOP_USE);
	if (msg.len == 1 && !msg.data[0])
		return -EOPNOTSUPP;
	return msg.len == strlen(name) + 1 && !memcmp(msg.data, name, msg.len) ? 0 : -EPROTO;
}

int switch_host(struct tsync_session *s)
{
	const struct tsync_proto *const *next;
	struct tsync_link *link = &s->link;
	int ret = -EOPNOTSUPP;

	for (next = s->conf.fallback; *next && ret == -EOPNOTSUPP; next++) {
		if (!later(s, (*next)->name))
			continue;
		ret = take(s, *next);
		if (!ret)
			ret = link_send(link, LOOP_NAME, LOOP_USE, (*next)->name,
					strlen((*next)->name) + 1);
		if (!ret)
			ret = await_answer(link, (*next)->name);
	}
	if (ret == -EOPNOTSUPP)
		err_set(&link->err, ret, "no way to compare clocks works with this guest");
	return ret;
}

/* Wait for the host's USE, which link_recv() notes. 0; -errno. */
static int await_use(struct tsync_link *link)
{
	struct deadline d = deadline_in_ms(LINK_START_MS);
	unsigned int strays = 0;
	struct msg_tsync msg;
	int ret;

	do {
		ret = link_recv(link, &msg, deadline_left_ms(d));
		if (!ret && ++strays > STRAY_MAX)
			return -EPROTO;
	} while (!ret);
	return ret == -EOPNOTSUPP ? 0 : ret;
}

int switch_guest(struct tsync_session *s)
{
	struct tsync_link *link = &s->link;
	bool told = link->use[0];
	int ret = -EOPNOTSUPP;

	if (!s->conf.fallback[0])
		return -EOPNOTSUPP;
	if (!told)
		ret = link_send(link, LOOP_NAME, LOOP_CANNOT, NULL, 0);
	if (ret && ret != -EOPNOTSUPP)
		return ret;
	for (;;) {
		const struct tsync_proto *proto;

		ret = link->use[0] ? 0 : await_use(link);
		if (ret)
			return ret;
		/* only forward, so there is an end to it */
		proto = later(s, link->use);
		memset(link->use, 0, sizeof(link->use));
		ret = proto ? take(s, proto) : -EOPNOTSUPP;
		if (ret && ret != -EOPNOTSUPP)
			return ret;
		if (!ret)
			return link_send(link, LOOP_NAME, LOOP_USE, proto->name,
					 strlen(proto->name) + 1);
		ret = link_send(link, LOOP_NAME, LOOP_USE, "", 1);
		if (ret)
			return ret;
	}
}
