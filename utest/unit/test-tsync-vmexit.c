/*
 * Tags that a guest gives its host, found among KVM's events: recorded ones of a real guest
 * (vmexit/), and made-up ones of which the truth is known.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <kbuffer.h>

#include "base/io.h"
#include "sim/clocksim.h"
#include "tsync/tsc.h"
#include "tsync/vmexit-events.h"
#include "tsync/tsync.h"
#include "wire/cursor.h"

#define MARK 0x12
#define DATA "utest/unit/vmexit"

/* --- recorded ------------------------------------------------------------------ */

/* What KVM said of the guest's TSC: its clock minus the host's. */
#define RECORDED_TSC_OFFSET (-41649512174LL)

static void read_pages(const struct vmexit_formats *formats, int cpu, struct vmexit_log *log)
{
	struct kbuffer *kbuf = kbuffer_alloc(KBUFFER_LSIZE_8, KBUFFER_ENDIAN_LITTLE);
	struct vmexit_event event;
	struct buf b = BUF_INIT;
	char path[64];
	size_t page;

	snprintf(path, sizeof(path), DATA "/pages.%d", cpu);
	assert_int_equal(io_read_path(path, &b), 0);
	assert_true(b.len >= 4096);
	for (page = 0; page + 4096 <= b.len; page += 4096) {
		unsigned long long time;
		void *e;

		assert_int_equal(kbuffer_load_subbuffer(kbuf, b.data + page), 0);
		for (e = kbuffer_read_event(kbuf, &time); e; e = kbuffer_next_event(kbuf, &time))
			if (vmexit_event_parse(formats, e, kbuffer_event_size(kbuf), time, cpu,
					       &event))
				assert_int_equal(vmexit_log_add(log, &event), 0);
	}
	kbuffer_free(kbuf);
	buf_release(&b);
}

/* The stamps of the tags @base, @base + 1, ... */
static void read_tags(uint32_t base, struct vmexit_stamps *ret)
{
	unsigned long long before, after;
	FILE *f = fopen(DATA "/tags", "r");
	unsigned int index;

	memset(ret, 0, sizeof(*ret));
	assert_non_null(f);
	while (fscanf(f, "%u %llu %llu", &index, &before, &after) == 3)
		if (index - base < 64)
			ret->stamp[ret->count++] = (struct vmexit_stamp){
				.number = index - base, .before = before, .after = after,
			};
	fclose(f);
	assert_int_equal(ret->count, 64);
}

static bool have_data(void)
{
	if (!access(DATA "/tags", R_OK))
		return true;
	print_message("SKIPPED: not at the top of the tree\n");
	return false;
}

/* A guest under SVM: all of its tags that are in these pages are found, and the truth is in what they prove. */
static void a_recorded_guest(void **state)
{
	static const struct { uint32_t base; int pid; unsigned int seen; } vcpu[] = {
		{ 0x1000, 155, 59 }, { 0x2000, 159, 49 },
	};
	unsigned int i, n;

	if (!have_data() || ORDER_NATIVE != ORDER_LITTLE)
		return;
	for (i = 0; i < 2; i++) {
		struct vmexit_start start = { .mark = MARK, .base = vcpu[i].base, .count = 64 };
		struct vmexit_tag tags[64] = { 0 };
		struct vmexit_formats formats;
		struct vmexit_stamps stamps;
		struct vmexit_log log = { 0 };
		struct bounds bounds = { 0 };
		struct vmexit_sum sum;

		assert_int_equal(vmexit_formats_read(DATA, &formats), 0);
		read_pages(&formats, 0, &log);
		read_pages(&formats, 1, &log);
		read_tags(vcpu[i].base, &stamps);
		vmexit_take_stamps(tags, 64, &stamps);
		vmexit_match(&log, &start, tags);
		assert_int_equal(vmexit_sum(tags, 64, 0, &bounds, &sum), 0);
		assert_int_equal(sum.seen, vcpu[i].seen);
		assert_int_equal(sum.pid, vcpu[i].pid);
		assert_true(sum.lo <= -RECORDED_TSC_OFFSET && -RECORDED_TSC_OFFSET <= sum.hi);
		/* each one on its own, too */
		assert_true(bounds.count > vcpu[i].seen * 3 / 2);
		for (n = 0; n < bounds.count; n++)
			assert_true(bounds.at[n].upper ? bounds.at[n].value >= sum.hi :
				    bounds.at[n].value <= sum.lo);
		print_message("vCPU %u: %lld cycles wide\n", i, (long long)(sum.hi - sum.lo));
		bounds_release(&bounds);
		vmexit_log_release(&log);
	}
}

/* Every cut of a record is refused or harmless. */
static void records_that_are_cut(void **state)
{
	struct vmexit_formats formats;
	struct vmexit_event e;
	uint8_t record[64] = { 0 };
	size_t size;
	int kind;

	if (!have_data() || ORDER_NATIVE != ORDER_LITTLE)
		return;
	assert_int_equal(vmexit_formats_read(DATA, &formats), 0);
	for (kind = 0; kind <= VMEXIT_ENTRY; kind++) {
		store_u16(record, ORDER_NATIVE, formats.of[kind].id);
		for (size = 0; size <= sizeof(record); size++) {
			uint8_t *cut = malloc(size + !size);
			bool seen;

			memcpy(cut, record, size);
			seen = vmexit_event_parse(&formats, cut, size, 5, 1, &e);
			/* up to where the fields that count end */
			assert_int_equal(seen, size >= (kind == VMEXIT_CPUID ? 16 : 8));
			free(cut);
		}
	}
	assert_int_equal(vmexit_formats_read("/nonexistent", &formats), -ENOENT);
	assert_false(vmexit_events_there("/nonexistent"));
	assert_true(vmexit_events_there(DATA));
}

/* --- made up --------------------------------------------------------------------- */

#define TAGS 64

struct made {
	struct clocksim sim;
	struct vmexit_log log;
	struct vmexit_start start;
	struct vmexit_stamps stamps;
	struct vmexit_tag tags[TAGS];
	struct bounds bounds;
	struct vmexit_sum sum;
	int64_t now;			/* host's clock */
	int64_t theta;			/* host minus guest */
	int cpu, pid;
};

static void made_init(struct made *m, uint64_t seed)
{
	memset(m, 0, sizeof(*m));
	m->sim.rng = seed;
	m->now = sim_range(&m->sim, 1LL << 40, 1LL << 50);
	m->theta = sim_range(&m->sim, -(1LL << 50), 1LL << 50);
	m->start = (struct vmexit_start){ MARK, (uint32_t)sim_u64(&m->sim), TAGS };
	m->pid = 100;
}

static void made_release(struct made *m)
{
	vmexit_log_release(&m->log);
	bounds_release(&m->bounds);
}

static void put(struct made *m, enum vmexit_kind kind, int64_t time, int cpu, uint32_t index, bool other)
{
	struct vmexit_event e = {
		.time = time, .cpu = cpu, .pid = m->pid, .kind = kind, .other = other,
		.function = kind == VMEXIT_CPUID ? VMEXIT_FUNCTION | MARK : 0, .index = index,
	};

	assert_int_equal(vmexit_log_add(&m->log, &e), 0);
}

static int64_t pass(struct made *m)
{
	return m->now += sim_range(&m->sim, 1, 500);
}

/* What may happen to the events of a tag. */
enum fate { WHOLE, NO_EXIT, NO_CPUID, NO_ENTRY, NO_EXIT_ENTRY, MOVED, FATES };

/* Tag @n, with exits of other reasons before and after. Events are lost as told. */
static void tag(struct made *m, uint32_t n, enum fate fate)
{
	struct vmexit_stamp *s = &m->stamps.stamp[m->stamps.count++];
	int64_t exit, entry;

	put(m, VMEXIT_EXIT, pass(m), m->cpu, 0, true);
	put(m, VMEXIT_ENTRY, pass(m), m->cpu, 0, false);
	s->number = n;
	s->before = pass(m) - m->theta;
	exit = pass(m);
	if (fate != NO_EXIT && fate != NO_EXIT_ENTRY)
		put(m, VMEXIT_EXIT, exit, m->cpu, 0, false);
	pass(m);
	if (fate == MOVED)
		m->cpu ^= 1;
	if (fate != NO_CPUID)
		put(m, VMEXIT_CPUID, m->now, m->cpu, m->start.base + n, false);
	entry = pass(m);
	if (fate != NO_ENTRY && fate != NO_EXIT_ENTRY)
		put(m, VMEXIT_ENTRY, entry, m->cpu, 0, false);
	s->after = pass(m) - m->theta;
}

static int judge(struct made *m)
{
	vmexit_take_stamps(m->tags, TAGS, &m->stamps);
	vmexit_match(&m->log, &m->start, m->tags);
	return vmexit_sum(m->tags, TAGS, 0, &m->bounds, &m->sum);
}

/* Whatever is lost, nothing that is not true is said; and what is there is found. */
static void the_truth_is_always_within(void **state)
{
	uint64_t seed;

	for (seed = 0; seed < 20000; seed++) {
		double loss = (seed % 10) * 0.1;
		unsigned int i, whole = 0;
		struct made m;

		made_init(&m, seed);
		for (i = 0; i < TAGS; i++) {
			enum fate fate = sim_unit(&m.sim) < loss ? sim_range(&m.sim, 1, FATES - 1) : WHOLE;

			whole += fate == WHOLE;
			tag(&m, i, fate);
		}
		if (!judge(&m)) {
			assert_true(m.sum.lo <= m.theta && m.theta <= m.sum.hi);
			assert_true(m.sum.seen >= whole);
			assert_int_equal(m.sum.pid, 100);
		} else {
			assert_true(whole == 0);
		}
		for (i = 0; i < m.bounds.count; i++)
			assert_true(m.bounds.at[i].upper ? m.bounds.at[i].value >= m.theta :
				    m.bounds.at[i].value <= m.theta);
		made_release(&m);
	}
}

/* A ring buffer that overran loses runs of events and tells of it; those of several CPUs and threads mixed. */
static void overruns_cost_tags_but_no_truth(void **state)
{
	uint64_t seed;
	unsigned int found = 0;

	for (seed = 0; seed < 5000; seed++) {
		struct vmexit_log kept = { 0 };
		int64_t last[2] = { INT64_MIN, INT64_MIN };
		bool missed[2] = { false, false };
		struct made m;
		size_t i;
		int ret, lost = 0;

		made_init(&m, seed);
		for (i = 0; i < TAGS; i++) {
			tag(&m, i, sim_range(&m.sim, 0, 9) ? WHOLE : MOVED);
			/* another vCPU's thread, which has no tags */
			m.pid = 200;
			put(&m, VMEXIT_EXIT, m.now - 100, m.cpu, 0, true);
			put(&m, VMEXIT_ENTRY, m.now, m.cpu, 0, false);
			m.pid = 100;
		}
		for (i = 0; i < m.log.nr_events; i++) {
			const struct vmexit_event *e = &m.log.event[i];
			struct vmexit_gap gap = { last[e->cpu], e->time };

			if (!lost && !sim_range(&m.sim, 0, 60))
				lost = sim_range(&m.sim, 1, 20);
			if (lost) {
				lost--;
				missed[e->cpu] = true;
				continue;
			}
			if (missed[e->cpu])
				vmexit_log_gap(&kept, &gap);
			missed[e->cpu] = false;
			last[e->cpu] = e->time;
			vmexit_log_add(&kept, e);
		}
		/* a ring buffer loses the oldest ones: something comes after them always */
		for (i = 0; i < 2; i++) {
			struct vmexit_gap gap = { last[i], INT64_MAX };

			if (missed[i])
				vmexit_log_gap(&kept, &gap);
		}
		vmexit_log_release(&m.log);
		m.log = kept;
		ret = judge(&m);
		for (i = 0; i < m.bounds.count; i++)
			assert_true(m.bounds.at[i].upper ? m.bounds.at[i].value >= m.theta :
				    m.bounds.at[i].value <= m.theta);
		found += !ret;
		made_release(&m);
	}
	assert_true(found > 4500);
}

/* The case that matters: exit and CPUID are of different tags, what was between is lost. */
static void a_gap_hides_what_was_before_it(void **state)
{
	struct vmexit_gap gap;
	struct made m;

	made_init(&m, 1);
	tag(&m, 0, WHOLE);
	m.stamps.stamp[0].number = 1;
	/* tag 0: exit at 1000; tag 1: exit lost, CPUID at 5000 */
	vmexit_log_reset(&m.log);
	put(&m, VMEXIT_EXIT, 1000, 0, 0, false);
	put(&m, VMEXIT_CPUID, 5000, 0, m.start.base + 1, false);
	put(&m, VMEXIT_ENTRY, 5100, 0, 0, false);
	gap = (struct vmexit_gap){ .after = 1000, .until = 4000 };
	assert_int_equal(vmexit_log_gap(&m.log, &gap), 0);
	judge(&m);
	assert_false(m.tags[1].exited);
	assert_true(m.tags[1].entered);
	/* on another CPU it hides as much: the thread may have been there */
	memset(m.tags, 0, sizeof(m.tags));
	m.log.gap[0] = (struct vmexit_gap){ .after = INT64_MIN, .until = 1500 };
	judge(&m);
	assert_false(m.tags[1].exited);
	memset(m.tags, 0, sizeof(m.tags));
	m.log.gap[0] = (struct vmexit_gap){ .after = INT64_MIN, .until = 999 };
	judge(&m);
	assert_true(m.tags[1].exited);
	made_release(&m);
}

/* Numbers seen twice are somebody's guesses. */
static void tags_that_come_twice_do_not_count(void **state)
{
	struct made m;
	unsigned int i;

	made_init(&m, 3);
	for (i = 0; i < TAGS; i++)
		tag(&m, i, WHOLE);
	for (i = 0; i < TAGS; i++) {
		m.pid = 300;
		put(&m, VMEXIT_EXIT, 10 * i + 1, 0, 0, false);
		put(&m, VMEXIT_CPUID, 10 * i + 2, 0, m.start.base + i, false);
		put(&m, VMEXIT_ENTRY, 10 * i + 3, 0, 0, false);
	}
	assert_int_equal(judge(&m), -ENODATA);
	assert_int_equal(m.sum.seen, 0);
	made_release(&m);
}

static void tags_of_others_are_not_ours(void **state)
{
	struct made m;

	made_init(&m, 4);
	tag(&m, 0, WHOLE);
	m.start.mark++;
	assert_int_equal(judge(&m), -ENODATA);
	m.start.mark--;
	m.start.base += TAGS;
	assert_int_equal(judge(&m), -ENODATA);
	/* numbers beyond the array, stamps that were not asked for */
	m.start.base -= TAGS;
	memset(m.tags, 0, sizeof(m.tags));
	m.stamps.stamp[0].number = TAGS;
	assert_int_equal(judge(&m), -ENODATA);
	made_release(&m);
}

/* Differences beyond 64 bits, and stamps that contradict the events. */
static void absurd_stamps(void **state)
{
	struct made m;

	made_init(&m, 5);
	tag(&m, 0, WHOLE);
	m.stamps.stamp[0].before = INT64_MIN;
	m.stamps.stamp[0].after = INT64_MAX;
	assert_int_equal(judge(&m), -ENODATA);
	memset(m.tags, 0, sizeof(m.tags));
	m.stamps.stamp[0].before = m.stamps.stamp[0].after = m.now - m.theta;
	assert_int_equal(judge(&m), 0);
	assert_true(m.sum.lo > m.sum.hi || m.sum.hi < m.theta);
	made_release(&m);
}

static void messages(void **state)
{
	static struct vmexit_stamps stamps, got;
	struct vmexit_start start = { 0xabcd, 0xfffffff0, 64 }, s;
	struct buf b = BUF_INIT;
	size_t len;

	vmexit_start_put(&b, &start);
	assert_int_equal(b.len, 10);
	assert_int_equal(vmexit_start_parse(b.data, b.len, &s), 0);
	assert_true(s.mark == start.mark && s.base == start.base && s.count == 64);
	for (len = 0; len < 10; len++)
		assert_int_equal(vmexit_start_parse(b.data, len, &s), -EBADMSG);
	store_u32(b.data + 6, ORDER_BIG, 0);
	assert_int_equal(vmexit_start_parse(b.data, b.len, &s), -EBADMSG);
	store_u32(b.data + 6, ORDER_BIG, VMEXIT_TAGS_MAX + 1);
	assert_int_equal(vmexit_start_parse(b.data, b.len, &s), -EBADMSG);
	buf_reset(&b);

	stamps.count = 2;
	stamps.cpu = -1;
	stamps.stamp[0] = (struct vmexit_stamp){ 0, INT64_MIN, INT64_MAX };
	stamps.stamp[1] = (struct vmexit_stamp){ 63, 7, 7 };
	vmexit_stamps_put(&b, &stamps);
	assert_int_equal(vmexit_stamps_parse(b.data, b.len, &got), 0);
	assert_memory_equal(&got, &stamps, sizeof(got));
	for (len = 0; len < b.len; len++)
		assert_int_equal(vmexit_stamps_parse(b.data, len, &got), -EBADMSG);
	/* after < before; a number beyond all; a count beyond all */
	store_u64(b.data + 12 + 24, ORDER_BIG, 8);
	assert_int_equal(vmexit_stamps_parse(b.data, b.len, &got), -EBADMSG);
	store_u64(b.data + 12 + 24, ORDER_BIG, 7);
	store_u32(b.data + 12, ORDER_BIG, VMEXIT_TAGS_MAX);
	assert_int_equal(vmexit_stamps_parse(b.data, b.len, &got), -EBADMSG);
	store_u32(b.data + 8, ORDER_BIG, VMEXIT_TAGS_MAX + 1);
	assert_int_equal(vmexit_stamps_parse(b.data, b.len, &got), -EBADMSG);
	buf_release(&b);
}

static void it_is_for_clocks_that_tell_time(void **state)
{
	const struct tsync_proto *p = tsync_proto_find("vmexit");
	struct tsync_machine none = { .pid = -1, .tracing_dir = DATA }, no_kvm = { .pid = 1, .tracing_dir = "/nonexistent" };

	assert_int_equal(p->usable("mono"), tsc_here());
	assert_int_equal(p->usable("x86-tsc"), tsc_here());
	assert_false(p->usable("counter"));
	assert_false(p->usable("uptime"));
	assert_false(p->suits(&none));
	assert_false(p->suits(&no_kvm));
	assert_true(p->accuracy > tsync_proto_find("kvm")->accuracy);
	assert_true(p->accuracy < tsync_proto_find("ptp")->accuracy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_recorded_guest),
		cmocka_unit_test(records_that_are_cut),
		cmocka_unit_test(the_truth_is_always_within),
		cmocka_unit_test(overruns_cost_tags_but_no_truth),
		cmocka_unit_test(a_gap_hides_what_was_before_it),
		cmocka_unit_test(tags_that_come_twice_do_not_count),
		cmocka_unit_test(tags_of_others_are_not_ours),
		cmocka_unit_test(absurd_stamps),
		cmocka_unit_test(messages),
		cmocka_unit_test(it_is_for_clocks_that_tell_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
