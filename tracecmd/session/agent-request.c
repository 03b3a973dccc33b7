/*
 * agent-request.c - what a host asks an agent for. See agent-parts.h. Layer 5.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/cpus.h"
#include "session/agent-parts.h"
#include "session/proxy-limits.h"
#include "tsync/estimate.h"

int agent_take_request(struct session *s, const struct msg *m, struct err *err)
{
	int i, ret;

	if (m->cmd != MSG_TRACE_REQ && m->cmd != MSG_TRACE_PROXY) {
		if (m->cmd != MSG_NOT_SUPP)
			channel_send(s->ctl, MSG_NOT_SUPP, NULL, 0, NULL, 0,
				     deadline_in_ms(1000));
		return err_set(err, -EPROTO, "the host began with %s instead of a trace request",
			       msg_name(m->cmd));
	}
	ret = msg_trace_req_parse(m, &s->req);
	if (ret)
		return err_set(err, ret, "Failed to receive trace request");
	/* who is no proxy traces itself for whoever may ask */
	s->proxy.on = s->conf->proxy && s->req.proxy;
	for (i = 0; i < s->req.argc; i++) {
		const signed char *c;

		/* they end up in messages and in tracefs, one line each */
		for (c = (const signed char *)s->req.argv[i]; *c; c++) {
			if ((*c >= 0 && *c < ' ') || *c == 0x7f)
				return err_set(err, -EINVAL,
					       "the host's options contain control characters");
			/* beyond ASCII there are more of these, and what is no option is printed by libc as it is */
			if (s->req.argv[i][0] == '-' && *c < 0)
				return err_set(err, -EINVAL,
					       "the host's options contain characters that no option has");
		}
	}
	return 0;
}

int agent_make_plan(struct session *s, struct err *err)
{
	_cleanup_free_ char **argv = calloc(s->req.argc + 2, sizeof(*argv));
	int ret = plan_init(&s->plan);

	if (!argv || ret)
		return -ENOMEM;
	argv[0] = "record";
	if (s->req.argc)
		memcpy(argv + 1, s->req.argv, s->req.argc * sizeof(*argv));
	ret = s->conf->parse(s->req.argc + 1, argv, s->conf->proxy ? PLAN_PROXY : PLAN_AGENT,
			     &s->plan, err);
	if (!ret && s->conf->proxy)
		ret = proxy_limits_check(&s->plan, cpus_configured(), err);
	if (ret)
		return err_prefix(err, ret, "the host's options");
	if (s->conf->instance) {
		s->plan.instances[0].name = strdup(s->conf->instance);
		return s->plan.instances[0].name ? 0 : -ENOMEM;
	}
	return 0;
}

uint32_t agent_sync_flags(const struct session *s)
{
	const struct plan_tsync *t = &s->plan.tsync;

	if (!s->req.has_tsync_flags || !(s->req.tsync_flags & TSYNC_REQ_CHOOSE))
		return s->conf->tsync_chosen && !t->chosen ? s->conf->ptp_flags : t->ptp_flags;
	return (s->req.tsync_flags & TSYNC_REQ_BOUNDS ? TSYNC_PTP_BOUNDS : 0) |
	       (s->req.tsync_flags & TSYNC_REQ_FASTEST ? PTP_FLAG_FASTEST_RESPONSE : 0) |
	       (s->req.tsync_flags & TSYNC_REQ_MARKER ? PTP_FLAG_USE_MARKER : 0);
}

const struct tsync_proto *agent_choose_proto(const struct session *s, enum tsync_role role,
					     char *const *names)
{
	const char *only = s->plan.tsync.proto;
	char *const *name;

	for (name = names; only && name && *name && strcmp(*name, only); name++)
		;
	if (!names || (only && !*name))
		return NULL;
	return tsync_choose(only ? (char *[]){ *name, NULL } : names, role,
			    local_clock(&s->local));
}
