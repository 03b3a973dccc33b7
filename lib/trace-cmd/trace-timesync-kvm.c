/*
 * trace-timesync-kvm.c - plugin "kvm": the clock offset as KVM itself has set it, exact to the cycle.
 *
 * Layer 4. For the clock x86-tsc on both sides. A round:
 *
 *   host                               guest
 *   PROBE (the loop's)             ->  reads its clock
 *                                  <-  REQUEST: that time
 *   RESPONSE: what KVM says        ->
 *
 * and some more of the same: the guest's time must lie, by what KVM says, between the host's when it
 * asked and when the answer came. That finds a wrong machine, wrong vCPUs and offsets that were changed;
 * the files are read again for each round. If it doesn't hold, both ends go over to another
 * protocol; with a stock guest, which cannot, these exchanges themselves become the probes.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/timearith.h"
#include "tsync/kvm-files.h"
#include "tsync/link.h"
#include "tsync/registry.h"
#include "tsync/tsc.h"
#include "wire/kvm.h"

#define CHECKS_FIRST	8	/* exchanges of a vCPU's first round */
#define CHECKS		2	/* of those to come: the first one has no lower bound */
#define PROBES		64	/* where KVM's word does not count */
#define FAILS_MAX	3	/* rounds in a row; an offset may change in one */
#define SLACK		2	/* cycles: rounding */

/* One exchange: the guest's time, and the host's before and after. */
struct exchange {
	int64_t before, guest, after;
};

struct host_state {
	struct kvm_vm vm;
	struct kvm_scale *scale;	/* of each vCPU, as last read */
	bool *readable;			/* whether it could be */
	uint64_t *checked;		/* bits: guest CPUs that had a good round */
	unsigned int fails;
	bool coarse;			/* KVM's word does not count any more */
	struct exchange seen[PROBES];
	unsigned int nr_seen;
	bool has_apic_id;
	uint32_t apic_id;		/* of this round's last request */
};

/* --- guest ---------------------------------------------------------------- */

static int kvm_guest_round(struct tsync_link *link)
{
	_cleanup_buf_ struct buf payload = BUF_INIT;
	struct kvm_request request = { .has_apic_id = true, .apic_id = tsc_apic_id() };
	struct kvm_response response;
	struct msg_tsync msg;
	int ret;

	request.time = tsc_now();
	kvm_request_put(&payload, &request);
	ret = payload.error ? payload.error :
	      link_send(link, KVM_NAME, KVM_REQUEST, payload.data, payload.len);
	if (!ret)
		ret = link_expect(link, KVM_NAME, KVM_RESPONSE, LINK_MSG_MS, &msg);
	/* what it says is for the host to use; it must only be one */
	if (!ret)
		ret = kvm_response_parse(msg.data, msg.len, &response);
	return !ret && response.time != request.time ? -EPROTO : ret;
}

/* --- host: the files -------------------------------------------------------- */

static bool read_one(struct host_state *s, unsigned int i)
{
	int ret = kvm_vm_read(&s->vm, i, &s->scale[i]);

	if (ret)
		log_debug("tsync: %s/vcpu%u: %s", s->vm.dir, s->vm.vcpu[i].number, strerror(-ret));
	s->readable[i] = !ret;
	return !ret;
}

/*
 * The vCPU that should be guest CPU @cpu: the one with its APIC id, else the one with
 * its place in the order of numbers. -1: there is none.
 */
static int expected_vcpu(const struct host_state *s, int cpu)
{
	unsigned int i;

	for (i = 0; s->has_apic_id && i < s->vm.nr; i++)
		if (s->vm.vcpu[i].number == s->apic_id)
			return i;
	return cpu >= 0 && (unsigned int)cpu < s->vm.nr ? cpu : -1;
}

/* Whether all exchanges can have been as vCPU @i says. */
static bool holds(const struct host_state *s, unsigned int i)
{
	unsigned int n;

	for (n = 0; n < s->nr_seen; n++) {
		const struct exchange *e = &s->seen[n];
		int64_t host;

		if (!kvm_host_time(&s->scale[i], e->guest, &host) ||
		    host < e->before - SLACK || host > e->after + SLACK)
			return false;
	}
	return true;
}

/*
 * The vCPU that this round was on: the expected one if that can be true, else any
 * that can, as long as all of these say the same. -1: none.
 */
static int find_vcpu(struct host_state *s, int cpu)
{
	int expected = expected_vcpu(s, cpu), found = -1;
	unsigned int i;

	if (expected >= 0 && read_one(s, expected) && holds(s, expected))
		return expected;
	for (i = 0; i < s->vm.nr; i++) {
		if (!read_one(s, i) || !holds(s, i))
			continue;
		if (found >= 0 && !kvm_scale_equal(&s->scale[i], &s->scale[found]))
			return -1;
		found = i;
	}
	if (found >= 0)
		log_debug("tsync: guest CPU %d is vcpu%u, not what its number says", cpu,
			  s->vm.vcpu[found].number);
	return found;
}

/* The vCPUs that there are now: some may have been plugged in. 0; -errno, and the list is as it was. */
static int list_vcpus(const struct tsync_conf *conf, struct host_state *s)
{
	struct kvm_scale *scale;
	struct kvm_vm vm;
	bool *readable;
	int ret = kvm_vm_open(conf->kvm_dir, conf->vm_pid, &vm);

	if (ret)
		return ret;
	scale = calloc(vm.nr, sizeof(*scale));
	readable = calloc(vm.nr, sizeof(*readable));
	if (!scale || !readable) {
		free(scale);
		free(readable);
		kvm_vm_release(&vm);
		return -ENOMEM;
	}
	kvm_vm_release(&s->vm);
	free(s->scale);
	free(s->readable);
	s->vm = vm;
	s->scale = scale;
	s->readable = readable;
	return 0;
}

/* --- host: the exchanges ------------------------------------------------------ */

static bool was_checked(const struct host_state *s, int cpu)
{
	return s->checked[cpu / 64] >> (cpu % 64) & 1;
}

/* Take a request and answer it. */
static int host_exchange(struct tsync_link *link, struct host_state *s, struct exchange *e)
{
	_cleanup_buf_ struct buf payload = BUF_INIT;
	struct kvm_response response = { .scaling = 1 };
	struct kvm_request request;
	struct msg_tsync msg;
	int vcpu, ret = link_expect(link, KVM_NAME, KVM_REQUEST, LINK_START_MS, &msg);

	e->after = tsc_now();
	if (!ret)
		ret = kvm_request_parse(msg.data, msg.len, &request);
	if (ret)
		return ret;
	e->guest = response.time = request.time;
	s->has_apic_id = request.has_apic_id;
	s->apic_id = request.apic_id;
	vcpu = expected_vcpu(s, link->cpu);
	if (vcpu >= 0 && (s->readable[vcpu] || read_one(s, vcpu))) {
		const struct kvm_scale *scale = &s->scale[vcpu];

		response.offset = (int64_t)(0 - (uint64_t)scale->offset);
		if (!kvm_scale_none(scale)) {
			response.scaling = scale->ratio;
			response.fraction = scale->fraction;
		}
	}
	kvm_response_put(&payload, &response);
	return payload.error ? payload.error :
	       link_send(link, KVM_NAME, KVM_RESPONSE, payload.data, payload.len);
}

/* Go on until there are @count exchanges; the loop has asked for the first one. */
static int exchanges(struct tsync_link *link, struct host_state *s, unsigned int count)
{
	uint16_t payload = link->cpu;
	int ret = 0;

	while (s->nr_seen < count && !ret) {
		struct exchange *e = &s->seen[s->nr_seen];

		/* when the loop asked is not known */
		e->before = INT64_MIN + SLACK;
		if (s->nr_seen) {
			e->before = tsc_now();
			ret = link_send(link, LOOP_NAME, LOOP_PROBE, &payload, sizeof(payload));
		}
		if (!ret)
			ret = host_exchange(link, s, e);
		s->nr_seen += !ret;
	}
	return ret;
}

/* --- host: results --------------------------------------------------------------- */

static int add_bound(struct tsync_link *link, int source, bool upper, int64_t time, int64_t value)
{
	struct bound one = { .time = time, .value = value, .source = source, .upper = upper };

	return bounds_add(&link->bounds, &one);
}

/* By what KVM says of a vCPU. 0; -ERANGE; -ENOMEM. */
static int exact_result(struct tsync_link *link, const struct host_state *s, int vcpu,
			struct tsync_result *ret_result)
{
	const struct kvm_scale *scale = &s->scale[vcpu];
	int64_t time = s->seen[s->nr_seen - 1].guest, host, offset, rounding;
	int ret;

	if (!kvm_host_time(scale, time, &host) || __builtin_sub_overflow(host, time, &offset))
		return -ERANGE;
	ret_result->time = time;
	ret_result->offset = offset;
	ret_result->response = 0;
	ret_result->scaled = !kvm_scale_none(scale);
	ret_result->scale = *scale;
	/* a slower guest's cycle is several of the host's */
	rounding = kvm_scale_none(scale) ? 0 : (1ULL << scale->fraction) / scale->ratio + 1;
	/* the lower one first: an upper one and the lower one behind it would be a probe's */
	ret = add_bound(link, BOUND_KVM, false, time, offset - rounding);
	return ret ? ret : add_bound(link, BOUND_KVM, true, time, offset + rounding);
}

/* By the exchanges alone: what all of them allow. */
static int coarse_result(struct tsync_link *link, const struct host_state *s,
			 struct tsync_result *ret_result)
{
	int64_t lo = INT64_MIN, hi = INT64_MAX;
	unsigned int i;

	for (i = 1; i < s->nr_seen; i++) {
		const struct exchange *e = &s->seen[i];
		int64_t low, up;
		int ret;

		if (__builtin_sub_overflow(e->before, e->guest, &low) ||
		    __builtin_sub_overflow(e->after, e->guest, &up))
			return -EAGAIN;
		ret = add_bound(link, BOUND_PTP, true, e->guest, up);
		if (!ret)
			ret = add_bound(link, BOUND_PTP, false, e->guest, low);
		if (ret)
			return ret;
		lo = low > lo ? low : lo;
		hi = up < hi ? up : hi;
	}
	/* clocks that differ in speed, or a guest that lies */
	if (i < 2 || lo > hi)
		return -EAGAIN;
	ret_result->time = s->seen[i / 2].guest;
	ret_result->offset = midpoint_s64(lo, hi);
	ret_result->response = hi - lo;
	return 0;
}

/* What KVM says can't be true. -EAGAIN; at last -EOPNOTSUPP, or 0: go on without it. */
static int check_failed(struct tsync_link *link, struct host_state *s)
{
	if (++s->fails < FAILS_MAX)
		return -EAGAIN;
	if (link->conf->fallback[0])
		return err_set(&link->err, -EOPNOTSUPP,
			       "KVM's TSC offsets in %s are not those of this guest", s->vm.dir);
	log_debug("tsync: guest CPU %d: KVM's TSC offsets in %s are not those of this guest",
		  link->cpu, s->vm.dir);
	s->coarse = true;
	return 0;
}

static int kvm_host_round(struct tsync_link *link, struct tsync_result *ret_result)
{
	struct host_state *s = link->state;
	int vcpu, ret;

	s->nr_seen = 0;
	if (!s->coarse) {
		ret = exchanges(link, s, was_checked(s, link->cpu) ? CHECKS : CHECKS_FIRST);
		if (ret)
			return ret;
		vcpu = find_vcpu(s, link->cpu);
		if (vcpu < 0 && !list_vcpus(link->conf, s))
			vcpu = find_vcpu(s, link->cpu);
		if (vcpu >= 0) {
			s->fails = 0;
			s->checked[link->cpu / 64] |= 1ULL << (link->cpu % 64);
			return exact_result(link, s, vcpu, ret_result);
		}
		ret = check_failed(link, s);
		if (ret)
			return ret;
	}
	ret = exchanges(link, s, PROBES);
	return ret ? ret : coarse_result(link, s, ret_result);
}

/* --- the plugin ----------------------------------------------------------- */

static bool kvm_usable(const char *clock)
{
	return tsc_is_clock(clock);
}

static bool kvm_suits(const struct tsync_machine *machine)
{
	return kvm_vm_readable(machine->kvm_dir, machine->pid);
}

static void kvm_release(struct tsync_link *link)
{
	struct host_state *s = link->state;

	if (!s)
		return;
	kvm_vm_release(&s->vm);
	free(s->scale);
	free(s->readable);
	free(s->checked);
	free(s);
	link->state = NULL;
}

static int kvm_prepare(struct tsync_link *link)
{
	struct host_state *s;
	int ret;

	if (!tsc_is_clock(link->conf->clock))
		return err_set(&link->err, -EOPNOTSUPP, "KVM knows offsets of the clock x86-tsc only");
	if (link->guest)
		return 0;
	s = link->state = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	ret = list_vcpus(link->conf, s);
	if (ret)
		return err_set(&link->err, -EOPNOTSUPP, "KVM's TSC offsets of process %d: %s",
			       (int)link->conf->vm_pid, strerror(-ret));
	s->checked = calloc(UINT16_MAX / 64 + 1, sizeof(*s->checked));
	return s->checked ? 0 : -ENOMEM;
}

const struct tsync_proto tsync_proto_kvm = {
	.name = KVM_NAME,
	.accuracy = 0,
	.roles = TSYNC_ROLE_HOST | TSYNC_ROLE_GUEST,
	.usable = kvm_usable,
	.suits = kvm_suits,
	.on_any_cpu = true,
	.prepare = kvm_prepare,
	.host_round = kvm_host_round,
	.guest_round = kvm_guest_round,
	.release = kvm_release,
};
