/*
 * trace-timesync-vmexit.c - plugin "vmexit": the clock offset from a vCPU's exits, as KVM traces them.
 *
 * Layer 4. For guests under KVM on this machine, and any clock that tells time. A round:
 *
 *   host                               guest, on the CPU of PROBE
 *   traces KVM's events
 *   START mark, base, count        ->
 *                                      count times: stamp, CPUID(mark, base + n), stamp
 *                                  <-  STAMPS: its stamps
 *   finds these CPUIDs in its trace, each between an exit and an entry of that vCPU
 *
 * The exit comes after the first stamp and the entry before the second one, so both bound the offset,
 * without any network between them. On the way the host learns which thread runs the vCPU. If the
 * tags don't show up, KVM is another's, or does without these exits: the next protocol is taken.
 */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/timearith.h"
#include "tsync/direct.h"
#include "tsync/link.h"
#include "tsync/registry.h"
#include "tsync/tsc.h"
#include "tsync/vmexit-events.h"
#include "tsync/vmexit-match.h"

#define TAGS		64
#define FAILS_MAX	2	/* rounds in a row, before it is given up */
#define FILTER_MAX	4000	/* bytes; the kernel takes a page */

/* --- the guest's clock ---------------------------------------------------------- */

enum stamp_kind { BY_TSC, BY_GETTIME, BY_MARKER };

/* How to read the trace clock @clock; and the clock_gettime() it equals, if so. */
static enum stamp_kind stamp_kind(const char *clock, clockid_t *ret_id)
{
	static const struct { const char *name; clockid_t id; } known[] = {
		{ "mono", CLOCK_MONOTONIC }, { "mono_raw", CLOCK_MONOTONIC_RAW },
		{ "boot", CLOCK_BOOTTIME }, { "tai", CLOCK_TAI },
	};
	unsigned int i;

	*ret_id = CLOCK_MONOTONIC;
	if (tsc_is_clock(clock))
		return BY_TSC;
	for (i = 0; clock && i < ARRAY_SIZE(known); i++) {
		if (!strcmp(clock, known[i].name)) {
			*ret_id = known[i].id;
			return BY_GETTIME;
		}
	}
	return BY_MARKER;
}

/* The same for a guest that may be in a time namespace. */
static enum stamp_kind own_kind(const char *clock, clockid_t *ret_id)
{
	enum stamp_kind kind = stamp_kind(clock, ret_id);

	return kind == BY_GETTIME && direct_shifted(*ret_id) ? BY_MARKER : kind;
}

static int64_t gettime_ns(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

/* --- guest ---------------------------------------------------------------- */

/* Tags stamped by clocks that can be read at once. */
static void tag_at_once(bool tsc, clockid_t id, const struct vmexit_start *start,
			struct vmexit_stamps *ret)
{
	uint32_t n;

	for (n = 0; n < start->count; n++) {
		int64_t before = tsc ? tsc_now() : gettime_ns(id);

		tsc_cpuid(VMEXIT_FUNCTION | start->mark, start->base + n);
		ret->stamp[n] = (struct vmexit_stamp){
			.number = n, .before = before, .after = tsc ? tsc_now() : gettime_ns(id),
		};
	}
	ret->count = n;
}

/* The same by markers, whose times are known afterwards; lost ones cost their tag. */
static int tag_by_markers(struct tsync_link *link, const struct vmexit_start *start,
			  struct vmexit_stamps *ret_stamps)
{
	const struct probe *p = link->series.probe;
	uint32_t n;
	int ret;

	series_reset(&link->series, link->rounds);
	clock_begin(&link->clock, &link->series);
	for (n = 1; n <= start->count; n++) {
		clock_stamp(&link->clock, SERIES_SEND, n);
		tsc_cpuid(VMEXIT_FUNCTION | start->mark, start->base + n - 1);
		clock_stamp(&link->clock, SERIES_RECEIVE, n);
	}
	ret = clock_collect(&link->clock);
	ret_stamps->count = 0;
	for (n = 0; n < start->count; n++, p++) {
		struct vmexit_stamp *one = &ret_stamps->stamp[ret_stamps->count];

		if (p->have != (1 << SERIES_SEND | 1 << SERIES_RECEIVE) ||
		    p->time[SERIES_RECEIVE] < p->time[SERIES_SEND])
			continue;
		*one = (struct vmexit_stamp){
			.number = n, .before = p->time[SERIES_SEND],
			.after = p->time[SERIES_RECEIVE],
		};
		ret_stamps->count++;
	}
	return ret;
}

static int vmexit_guest_round(struct tsync_link *link)
{
	_cleanup_buf_ struct buf payload = BUF_INIT;
	struct vmexit_stamps stamps = { 0 };
	struct vmexit_start start;
	struct msg_tsync msg;
	clockid_t id;
	enum stamp_kind kind = own_kind(link->conf->clock, &id);
	int ret = link_expect(link, VMEXIT_NAME, VMEXIT_START, LINK_MSG_MS, &msg);

	if (!ret)
		ret = vmexit_start_parse(msg.data, msg.len, &start);
	if (ret)
		return ret;
	stamps.base = start.base;
	stamps.cpu = sched_getcpu();
	if (kind != BY_MARKER)
		tag_at_once(kind == BY_TSC, id, &start, &stamps);
	else
		ret = tag_by_markers(link, &start, &stamps);
	if (ret)
		log_debug("tsync: reading back the markers: %s", strerror(-ret));
	if (sched_getcpu() != stamps.cpu)
		stamps.cpu = -1;
	vmexit_stamps_put(&payload, &stamps);
	return payload.error ? payload.error :
	       link_send(link, VMEXIT_NAME, VMEXIT_STAMPS, payload.data, payload.len);
}

/* --- host: its trace ------------------------------------------------------------ */

struct host_state {
	struct vmexit_formats formats;
	struct vmexit_log log;
	int cpu;			/* while its events are read */
	int64_t last;			/* the time of its last one */
	struct vmexit_tag tag[TAGS];
	unsigned int fails;
	bool on;			/* KVM's events are */
	bool filters, filtered;		/* only the machine's threads: wanted, and so */
};

/* A filter for the machine's threads: others have exits, too. Empty if they are too many to name. */
static void filter_text(const struct tsync_conf *conf, struct buf *text)
{
	_cleanup_closedir_ DIR *dir = NULL;
	struct dirent *entry;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/task", (int)conf->vm_pid);
	dir = opendir(path);
	while (dir && (entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			buf_printf(text, "%scommon_pid == %s", text->len ? " || " : "",
				   entry->d_name);
	if (text->error)
		buf_reset(text);
}

/*
 * Let only the machine's threads into the buffer, or all. (By set_event_pid the kernel takes
 * 50 ms for it, and again in the end.)
 */
static void set_filters(struct tsync_link *link, struct host_state *s)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	char name[64];
	unsigned int i;

	if (s->filters == s->filtered)
		return;
	buf_init(&text, FILTER_MAX);
	if (s->filters)
		filter_text(link->conf, &text);
	for (i = 0; i < ARRAY_SIZE(s->formats.of); i++) {
		snprintf(name, sizeof(name), "events/kvm/%s/filter", vmexit_names[i]);
		if (sync_instance_write(link->clock.inst, name, text.len ? (char *)text.data : "0"))
			log_debug("tsync: %s: not filtered", vmexit_names[i]);
	}
	s->filtered = s->filters;
}

/* Switch KVM's events of our instance. 0; -errno. */
static int switch_events(struct tsync_link *link, struct host_state *s, bool on)
{
	char name[64];
	unsigned int i;
	int ret = 0;

	if (on)
		set_filters(link, s);
	if (s->on == on)
		return 0;
	s->on = on;
	for (i = 0; i < ARRAY_SIZE(s->formats.of) && !ret; i++) {
		snprintf(name, sizeof(name), "events/kvm/%s/enable", vmexit_names[i]);
		ret = sync_instance_write(link->clock.inst, name, on ? "1" : "0");
	}
	return ret;
}

/* Have an empty buffer that fills from now on. 0; -errno. */
static int trace_begin(struct tsync_link *link, struct host_state *s)
{
	int ret = switch_events(link, s, true);

	/* while it fills, reading it need not come to an end */
	if (!ret)
		ret = sync_instance_write(link->clock.inst, "tracing_on", "0");
	if (!ret)
		ret = sync_instance_read(link->clock.inst, NULL, NULL);
	if (!ret)
		ret = sync_instance_write(link->clock.inst, "tracing_on", "1");
	return ret;
}

static int take_event(const struct sync_event *e, void *data)
{
	struct host_state *s = data;
	struct vmexit_event event;
	struct vmexit_gap gap = { .after = INT64_MIN, .until = e->time };
	int ret = 0;

	if (e->missed) {
		if (s->cpu == e->cpu)
			gap.after = s->last;
		ret = vmexit_log_gap(&s->log, &gap);
	}
	s->cpu = e->cpu;
	s->last = e->time;
	if (!ret && vmexit_event_parse(&s->formats, e->data, e->size, e->time, e->cpu, &event))
		ret = vmexit_log_add(&s->log, &event);
	return ret;
}

/* What came since. 0; -errno. */
static int trace_end(struct tsync_link *link, struct host_state *s)
{
	int ret = sync_instance_write(link->clock.inst, "tracing_on", "0");

	vmexit_log_reset(&s->log);
	s->cpu = -1;
	return ret ? ret : sync_instance_read(link->clock.inst, take_event, s);
}

/* --- host: rounds ---------------------------------------------------------------- */

static int send_start(struct tsync_link *link, const struct vmexit_start *start)
{
	_cleanup_buf_ struct buf payload = BUF_INIT;

	vmexit_start_put(&payload, start);
	return payload.error ? payload.error :
	       link_send(link, VMEXIT_NAME, VMEXIT_START, payload.data, payload.len);
}

/* The guest's tags, with numbers that nobody else in it can know beforehand. */
static int exchange(struct tsync_link *link, struct vmexit_start *ret_start,
		    struct vmexit_stamps *stamps)
{
	struct vmexit_start start = { .count = TAGS };
	struct msg_tsync msg;
	uint8_t random[6];
	int ret;

	if (getrandom(random, sizeof(random), 0) != sizeof(random))
		return -EIO;
	memcpy(&start.mark, random, 2);
	memcpy(&start.base, random + 2, 4);
	ret = send_start(link, &start);
	if (!ret)
		ret = link_expect(link, VMEXIT_NAME, VMEXIT_STAMPS, LINK_START_MS, &msg);
	if (!ret)
		ret = vmexit_stamps_parse(msg.data, msg.len, stamps);
	if (!ret && stamps->base != start.base)
		ret = -EPROTO;
	*ret_start = start;
	return ret;
}

/* A round without a result: -EAGAIN; -EOPNOTSUPP when it is time for another protocol. */
static int failed(struct tsync_link *link, struct host_state *s, const char *why,
		  const struct vmexit_sum *sum)
{
	log_debug("tsync: guest CPU %d: %s: %u of %d tags, %" PRId64 " .. %" PRId64, link->cpu, why,
		  sum->seen, TAGS, sum->lo, sum->hi);
	link->bounds.count = 0;
	/* a thread may have been added, or those of the machine are not who runs it */
	s->filters = false;
	if (++s->fails < FAILS_MAX || !link->conf->fallback[0])
		return -EAGAIN;
	return err_set(&link->err, -EOPNOTSUPP, "%s (%u of %d tags)", why, sum->seen, TAGS);
}

/* Where the tags were is what the stamps count for, unless that CPU could not be had. */
static int result(struct tsync_link *link, struct host_state *s, const struct vmexit_stamps *stamps,
		  struct tsync_result *ret_result)
{
	clockid_t id;
	int64_t slack = stamp_kind(link->conf->clock, &id) == BY_GETTIME ?
			direct_epsilon(link->conf->clock) : 0;
	struct vmexit_sum sum;
	int ret = vmexit_sum(s->tag, TAGS, slack, &link->bounds, &sum);

	if (ret == -ENODATA)
		return failed(link, s, "the guest's exits are not in the trace of KVM's events", &sum);
	if (ret)
		return ret;
	if (sum.lo > sum.hi || __builtin_sub_overflow(sum.hi, sum.lo, &ret_result->response))
		return failed(link, s, "the guest's clock and KVM's events contradict each other",
			      &sum);
	s->fails = 0;
	ret_result->time = sum.time;
	ret_result->offset = midpoint_s64(sum.lo, sum.hi);
	if (stamps->cpu == link->cpu)
		ret_result->tid = sum.pid;
	log_debug("tsync: guest CPU %d, thread %d: %u of %d tags, %" PRId64 " .. %" PRId64,
		  link->cpu, sum.pid, sum.seen, TAGS, sum.lo, sum.hi);
	return 0;
}

static int vmexit_host_round(struct tsync_link *link, struct tsync_result *ret_result)
{
	struct host_state *s = link->state;
	struct vmexit_stamps stamps;
	struct vmexit_start start;
	int ret = trace_begin(link, s);

	if (ret)
		return err_set(&link->err, -EOPNOTSUPP, "KVM's events can't be traced: %s",
			       strerror(-ret));
	ret = exchange(link, &start, &stamps);
	if (ret)
		return ret;
	ret = trace_end(link, s);
	if (ret)
		return ret;
	memset(s->tag, 0, sizeof(s->tag));
	vmexit_take_stamps(s->tag, TAGS, &stamps);
	vmexit_match(&s->log, &start, s->tag);
	return result(link, s, &stamps, ret_result);
}

/* --- the plugin ----------------------------------------------------------- */

/* Clocks that tell time, better than by jiffies. */
static bool vmexit_usable(const char *clock)
{
	return tsc_here() && (!clock || (strcmp(clock, "counter") && strcmp(clock, "uptime")));
}

static bool vmexit_suits(const struct tsync_machine *machine)
{
	return machine->pid > 0 && vmexit_events_there(machine->tracing_dir);
}

static void vmexit_rest(struct tsync_link *link)
{
	struct host_state *s = link->state;
	int ret = s && link->clock.inst ? switch_events(link, s, false) : 0;

	if (ret)
		log_debug("tsync: KVM's events stay on: %s", strerror(-ret));
}

static void vmexit_release(struct tsync_link *link)
{
	struct host_state *s = link->state;

	if (!s)
		return;
	vmexit_rest(link);
	if (link->clock.inst)
		sync_instance_write(link->clock.inst, "tracing_on", "1");
	vmexit_log_release(&s->log);
	free(s);
	link->state = NULL;
}

static int vmexit_prepare(struct tsync_link *link)
{
	struct host_state *s;
	clockid_t id;
	int ret;

	if (link->guest)
		return own_kind(link->conf->clock, &id) == BY_MARKER ?
		       clock_select(&link->clock, true, &link->err) : 0;
	s = link->state = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	ret = vmexit_formats_read(link->conf->tracing_dir, &s->formats);
	if (ret)
		return err_set(&link->err, -EOPNOTSUPP, "KVM's events are not as expected: %s",
			       strerror(-ret));
	s->filters = true;
	return clock_select(&link->clock, true, &link->err);
}

const struct tsync_proto tsync_proto_vmexit = {
	.name = VMEXIT_NAME,
	.accuracy = 1000,
	.roles = TSYNC_ROLE_HOST | TSYNC_ROLE_GUEST,
	.usable = vmexit_usable,
	.suits = vmexit_suits,
	.on_any_cpu = true,
	.flags = TIMESHIFT_FL_INTERPOLATE,
	.prepare = vmexit_prepare,
	.host_round = vmexit_host_round,
	.guest_round = vmexit_guest_round,
	.rest = vmexit_rest,
	.release = vmexit_release,
};
