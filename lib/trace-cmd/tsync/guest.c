/*
 * guest.c - the guest's loop: a round whenever the host asks for one.
 *
 * Layer 4.
 */
#include <errno.h>
#include <string.h>

#include "base/cpus.h"
#include "base/log.h"
#include "tsync/instance.h"
#include "tsync/session.h"
#include "tsync/switch.h"

/* A round on the CPU that the host names; where that is offline, anywhere. */
static int one_round(struct tsync_session *s, const struct msg_tsync *msg)
{
	uint16_t cpu = 0;
	cpu_set_t mask;
	int pinned, ret;

	/* in the memory's order, as stock peers do */
	if (msg->len >= sizeof(cpu))
		memcpy(&cpu, msg->data, sizeof(cpu));
	/* a sample for a CPU there is not would be a made-up one */
	if (s->conf.own_cpus && cpu >= s->conf.own_cpus)
		return err_set(&s->link.err, -EPROTO,
			       "time synchronisation: the host asked for CPU %u, there are %d", cpu,
			       s->conf.own_cpus);
	pinned = cpus_pin_self(cpu, &mask);
	if (pinned)
		log_debug("tsync: a round on CPU %u: %s", cpu, strerror(-pinned));
	s->link.rounds++;
	s->link.may_spin = true;
	ret = s->refused ? -EOPNOTSUPP : s->link.proto->guest_round(&s->link);
	if (!pinned)
		cpus_set_affinity(0, &mask);
	if (ret == -EAGAIN)
		log_debug("tsync: round %u yields nothing", s->link.rounds);
	return ret == -EAGAIN ? 0 : ret;
}

/* Wait for the host to want a round. 0; -errno, as link_expect(). */
static int wait_probe(struct tsync_session *s, struct msg_tsync *msg)
{
	/* the first one may be late because others come first */
	bool big = s->link.rounds && sync_instance_is_big(s->link.clock.inst);
	int ret = link_expect(&s->link, LOOP_NAME, LOOP_PROBE, big ? SHRINK_MS : LINK_NEVER, msg);

	if (!big || ret != -ETIMEDOUT)
		return ret;
	sync_instance_shrink(s->link.clock.inst);
	return link_expect(&s->link, LOOP_NAME, LOOP_PROBE, LINK_NEVER, msg);
}

int guest_loop(struct tsync_session *s)
{
	int ret;

	do {
		struct msg_tsync msg;

		ret = wait_probe(s, &msg);
		if (!ret)
			ret = one_round(s, &msg);
		if (ret == -EOPNOTSUPP)
			ret = switch_guest(s);
	} while (!ret);
	/* the host may say that it is done, or just leave */
	return ret == -ESHUTDOWN || ret == -ENODATA ? 0 : ret;
}
