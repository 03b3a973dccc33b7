/*
 * host.c - the host's loop: passes of rounds at the start, periodically and at the end.
 *
 * Layer 4. A pass asks the guest for one round, or in per-CPU mode for one on
 * each of its CPUs, following the affinity of the host threads that run them.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <time.h>

#include "base/cpus.h"
#include "base/log.h"
#include "tsync/instance.h"
#include "tsync/pass.h"
#include "tsync/session.h"
#include "tsync/switch.h"

#define STOP_MS		100	/* to send STOP: a peer that takes no more needs none */

int host_ask(struct tsync_session *s, int guest_cpu, struct tsync_result *result)
{
	struct tsync_link *link = &s->link;
	/* in the memory's order, as stock peers do */
	uint16_t payload = guest_cpu;
	int ret;

	do {
		link->rounds++;
		link->cpu = payload;
		link->bounds.count = 0;
		*result = (struct tsync_result){ .response = -1 };
		ret = s->refused ? -EOPNOTSUPP :
		      link_send(link, LOOP_NAME, LOOP_PROBE, &payload, sizeof(payload));
		if (!ret)
			ret = link->proto->host_round(link, result);
		if (ret != -EOPNOTSUPP)
			return ret;
		ret = switch_host(s);
	} while (!ret);
	return ret;
}

/* One round on guest CPU @cpu. 0 (also if it yielded nothing); -errno ends the session. */
static int one_round(struct tsync_session *s, int guest_cpu, const struct tsync_result *where)
{
	int try, ret = -EAGAIN;

	for (try = 0; try < ROUND_TRIES && ret == -EAGAIN; try++) {
		struct tsync_result result;

		ret = host_ask(s, guest_cpu, &result);
		if (ret)
			continue;
		result.guest_cpu = where->guest_cpu;
		result.host_cpu = where->host_cpu;
		result.pass = where->pass;
		ret = tsync_samples_add(&s->samples, &result);
		return ret ? ret : tsync_samples_take_bounds(&s->samples, &result, &s->link.bounds);
	}
	return ret == -EAGAIN ? 0 : ret;
}

static int unpinned_round(struct tsync_session *s, unsigned int pass, int guest_cpu)
{
	struct tsync_result where = { .guest_cpu = guest_cpu, .host_cpu = -1, .pass = pass };

	s->link.may_spin = true;
	return one_round(s, guest_cpu < 0 ? 0 : guest_cpu, &where);
}

/* A round with the vCPU's thread and ours on @host_cpu. 1; 0 if they cannot be moved; -errno. */
static int pinned_round(struct tsync_session *s, unsigned int pass, int guest_cpu, int host_cpu)
{
	struct tsync_result where = { .guest_cpu = guest_cpu, .host_cpu = host_cpu, .pass = pass };
	int ret = pins_set(&s->pins, s->conf.vcpu_tids[guest_cpu], host_cpu);

	if (ret) {
		log_debug("tsync: guest CPU %d to host CPU %d: %s", guest_cpu, host_cpu,
			  strerror(-ret));
		return 0;
	}
	/* spinning would keep the vCPU from running */
	s->link.may_spin = false;
	ret = one_round(s, guest_cpu, &where);
	pins_restore(&s->pins);
	return ret ? ret : 1;
}

/* The rounds of one vCPU: on each host CPU it may use that is not in @done yet; at least one. */
static int vcpu_rounds(struct tsync_session *s, unsigned int pass, int guest_cpu, cpu_set_t *done)
{
	bool pins = s->conf.vcpu_tids && !s->link.proto->on_any_cpu;
	pid_t tid = pins ? s->conf.vcpu_tids[guest_cpu] : -1;
	int cpu, ret, rounds = 0;
	cpu_set_t mask;

	CPU_ZERO(&mask);
	if (tid > 0 && cpus_get_affinity(tid, &mask))
		CPU_ZERO(&mask);
	for (cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (!CPU_ISSET(cpu, &mask) || CPU_ISSET(cpu, done))
			continue;
		ret = pinned_round(s, pass, guest_cpu, cpu);
		if (ret < 0)
			return ret;
		if (ret)
			CPU_SET(cpu, done);
		rounds += ret;
	}
	return rounds ? 0 : unpinned_round(s, pass, guest_cpu);
}

static int rounds_on_all(struct tsync_session *s, unsigned int pass)
{
	cpu_set_t done;
	int cpu, ret = 0;

	if (!s->conf.per_cpu)
		return unpinned_round(s, pass, -1);
	CPU_ZERO(&done);
	for (cpu = 0; cpu < s->conf.nr_cpus && !ret; cpu++)
		ret = vcpu_rounds(s, pass, cpu, &done);
	return ret;
}

static int one_pass(struct tsync_session *s, unsigned int pass, bool final)
{
	bool paced = s->link.proto->pace;
	int64_t start_ns = mono_now_ns();
	int ret = paced ? pass_run(s, pass, final) : rounds_on_all(s, pass);

	/* what it began with did not work, what came instead goes about it in another way */
	if (!ret && paced && !s->link.proto->pace)
		ret = rounds_on_all(s, pass);
	log_debug("tsync: pass %u of %s: %lld us", pass, s->link.proto->name,
		  (long long)(mono_now_ns() - start_ns) / 1000);
	if (s->link.proto->rest)
		s->link.proto->rest(&s->link);
	return ret;
}

static bool stop_wanted(struct tsync_session *s)
{
	struct pollfd pfd = { .fd = s->wake_fd, .events = POLLIN };

	return poll(&pfd, 1, 0) > 0;
}

/*
 * Until the next pass is due or wanted. The guest has nothing to say meanwhile: if
 * there is something to read, it is gone or out of step. 0; -errno.
 */
static int wait_for_next(struct tsync_session *s, struct deadline d)
{
	struct pollfd pfds[] = {
		{ .fd = s->wake_fd, .events = POLLIN },
		{ .fd = s->abort_fd, .events = POLLIN },
		{ .fd = s->link.ch.fd, .events = POLLIN },
	};

	for (;;) {
		bool big = sync_instance_is_big(s->link.clock.inst);
		struct deadline idle = deadline_in_ms(big ? SHRINK_MS : -1);
		int n = poll(pfds, 3, deadline_left_ms(deadline_min(d, idle)));

		if (n < 0 && errno != EINTR)
			return -errno;
		if (!n && big && deadline_passed(idle))
			sync_instance_shrink(s->link.clock.inst);
		if (n > 0 && pfds[1].revents)
			return -ECANCELED;
		if (n > 0 && pfds[2].revents)
			return err_set(&s->link.err, -EPIPE,
				       "time synchronisation: the guest closed the connection");
		if (n > 0 || deadline_passed(d))
			return 0;
	}
}

static int run_passes(struct tsync_session *s)
{
	unsigned int pass = 0;
	bool final = false;
	int ret = one_pass(s, pass++, false);

	if (ret)
		return ret;
	session_first_done(s);
	while (!final && !ret) {
		ret = wait_for_next(s, deadline_in_ms(pass_wait_ms(s, pass - 1)));
		if (!ret) {
			final = stop_wanted(s);
			ret = one_pass(s, pass++, final);
		}
	}
	return ret;
}

/* What comparing clocks has cost, for who asks. */
static void log_cost(int64_t start_ns)
{
	struct timespec cpu;

	if (!clock_gettime(CLOCK_THREAD_CPUTIME_ID, &cpu))
		log_debug("tsync: %lld us of CPU time in %lld ms",
			  cpu.tv_sec * 1000000LL + cpu.tv_nsec / 1000,
			  (long long)(mono_now_ns() - start_ns) / 1000000);
}

int host_loop(struct tsync_session *s)
{
	int64_t start_ns = mono_now_ns();
	struct tsync_link *link = &s->link;
	int ret = run_passes(s);

	log_cost(start_ns);
	if (ret == -ETIMEDOUT)
		err_set(&link->err, ret, "time synchronisation: the guest does not answer");
	else if (ret == -ENODATA || ret == -EPIPE)
		err_set(&link->err, ret, "time synchronisation: the guest closed the connection");
	else if (ret == -EPROTO || ret == -EBADMSG)
		err_set(&link->err, ret,
			"time synchronisation: the guest does not keep to the protocol");
	/* even out of step: a guest understands it anywhere */
	if (!link_build(link, LOOP_NAME, LOOP_STOP, NULL, 0))
		channel_send_raw(&link->ch, &link->out, deadline_in_ms(STOP_MS));
	return ret;
}
