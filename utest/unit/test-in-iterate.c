/*
 * test-in-iterate.c - the public iterators: order, and what callbacks may do meanwhile - keep
 * records, move the streams they are in, stop.
 */
#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/io.h"
#include "gen/sample.h"
#include "trace-cmd.h"

#define NR_CPUS 3	/* at most */
#define EVENTS	200	/* of each CPU */

/* All tests are done with three CPUs, and with two, which the library merges in another way. */
static unsigned int nr_cpus;

/* A trace whose events have times of the test's own. */
struct trace {
	struct sample s;
	struct buf pages[NR_CPUS];
	struct tracecmd_input *handle;
};

static uint32_t noise(uint32_t *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return *seed >> 16;
}

/* Write it, and open what was written. */
static void trace_write(struct trace *t)
{
	int fd = memfd_create("trace", MFD_CLOEXEC);

	sample_write(&t->s);
	assert_int_equal(io_write_full(fd, t->s.file.data, t->s.file.len, DEADLINE_NEVER), 0);
	t->handle = tracecmd_open_fd(fd, TRACECMD_FL_LOAD_NO_PLUGINS);
	assert_non_null(t->handle);
}

/*
 * CPUs in runs of any length, with many equal times; with a few events in a page, or all of them, which
 * are more than the library looks ahead.
 */
static void trace_open(struct trace *t, unsigned int shape, uint32_t seed)
{
	struct gen_event ev[NR_CPUS][EVENTS];
	unsigned int cpu, i;

	sample_of_shape(&t->s, shape);
	if (seed % 2)
		t->s.g.page_size = 4096;
	memset(t->pages, 0, sizeof(t->pages));
	for (cpu = 0; cpu < nr_cpus; cpu++) {
		struct gen_page p = { .order = t->s.g.order, .long_size = t->s.g.long_size,
				      .page_size = t->s.g.page_size, .out = &t->pages[cpu] };
		uint64_t ts = SAMPLE_START;

		for (i = 0; i < EVENTS; i++) {
			ts += noise(&seed) % 5 ? noise(&seed) % 3 : 20;
			ev[cpu][i] = (struct gen_event){
				.ts = ts, .id = GEN_TICK, .pid = 42,
				.value = (int32_t)(1000 * cpu + i),
			};
		}
		gen_pages(&p, ev[cpu], EVENTS, p.page_size == 4096 ? EVENTS : SAMPLE_PER_PAGE);
		t->s.g.buffers[0].cpus[cpu] = (struct gen_cpu){ cpu, p.out->data, p.out->len };
	}
	t->s.g.buffers[0].nr_cpus = nr_cpus;
	store_u32(t->s.count, t->s.g.order, nr_cpus);
	trace_write(t);
}

static void trace_close(struct trace *t)
{
	unsigned int cpu;

	tracecmd_close(t->handle);
	for (cpu = 0; cpu < nr_cpus; cpu++)
		buf_release(&t->pages[cpu]);
	sample_release(&t->s);
}

static uint32_t value_of(const struct trace *t, const struct tep_record *rec)
{
	struct cursor c = cursor_over(rec->data, (size_t)rec->size, t->s.g.order);

	c.pos = 8;
	return cursor_u32(&c);
}

/* What a callback has seen, and what it is to do. */
struct seen {
	const struct trace *t;
	uint32_t value[NR_CPUS * EVENTS];
	uint64_t ts[NR_CPUS * EVENTS];
	unsigned int n, stop_at;
	struct tep_record *kept[NR_CPUS * EVENTS];
};

static int see(struct tracecmd_input *handle, struct tep_record *rec, int cpu, void *data)
{
	struct seen *s = data;

	assert_true(s->n < NR_CPUS * EVENTS);
	assert_int_equal(cpu, rec->cpu);
	assert_int_equal(rec->ref_count, 1);
	assert_int_equal(value_of(s->t, rec) / 1000, cpu);
	s->value[s->n] = value_of(s->t, rec);
	s->ts[s->n++] = rec->ts;
	return s->n == s->stop_at;
}

/* By time, then CPU, then place, as reading the CPUs one by one gives it: nothing of the merge. */
static void expect(struct trace *t, struct seen *want)
{
	struct tep_record *next[NR_CPUS];
	int cpu, best;

	want->n = 0;
	for (cpu = 0; cpu < nr_cpus; cpu++)
		next[cpu] = tracecmd_read_cpu_first(t->handle, cpu);
	for (;;) {
		for (best = -1, cpu = 0; cpu < nr_cpus; cpu++)
			if (next[cpu] && (best < 0 || next[cpu]->ts < next[best]->ts))
				best = cpu;
		if (best < 0)
			break;
		want->value[want->n] = value_of(t, next[best]);
		want->ts[want->n++] = next[best]->ts;
		tracecmd_free_record(next[best]);
		next[best] = tracecmd_read_data(t->handle, best);
	}
	assert_int_equal(want->n, nr_cpus * EVENTS);
	tracecmd_iterate_reset(t->handle);
}

static void check_same(const struct seen *a, const struct seen *b)
{
	assert_int_equal(a->n, b->n);
	assert_memory_equal(a->value, b->value, a->n * sizeof(*a->value));
	assert_memory_equal(a->ts, b->ts, a->n * sizeof(*a->ts));
}

static void test_order_is_by_time_then_cpu_in_all_shapes(void **state)
{
	unsigned int i;

	for (i = 0; i < SAMPLE_SHAPES; i++) {
		struct seen want, s = { 0 };
		struct trace t;
		uint32_t last;

		if (!sample_shape_ok(i))
			continue;
		trace_open(&t, i, 1 + i);
		expect(&t, &want);
		s.t = &t;
		assert_int_equal(tracecmd_iterate_events(t.handle, NULL, 0, see, &s), 0);
		check_same(&s, &want);
		/* and the same backwards */
		s.n = 0;
		assert_int_equal(tracecmd_iterate_events_reverse(t.handle, NULL, 0, see, &s, false), 0);
		assert_int_equal(s.n, want.n);
		for (last = 0; last < s.n; last++)
			assert_int_equal(s.value[last], want.value[want.n - 1 - last]);
		trace_close(&t);
	}
}

static void test_stopped_anywhere_it_goes_on_there(void **state)
{
	struct seen want, s = { 0 };
	struct trace t;

	trace_open(&t, 4, 77);
	expect(&t, &want);
	s.t = &t;
	while (s.n < want.n) {
		s.stop_at = s.n + 1 + s.n % 7;
		assert_int_equal(tracecmd_iterate_events(t.handle, NULL, 0, see, &s),
				 s.stop_at <= want.n);
	}
	check_same(&s, &want);
	trace_close(&t);
}

/* Keeps some records, by their count. */
static int keep(struct tracecmd_input *handle, struct tep_record *rec, int cpu, void *data)
{
	struct seen *s = data;
	unsigned int n = s->n;
	int ret = see(handle, rec, cpu, data);

	if (n % 3 != 1) {
		rec->ref_count++;
		s->kept[n] = rec;
	}
	return ret;
}

static void test_records_that_were_kept_stay(void **state)
{
	struct seen s = { 0 }, again = { 0 };
	struct trace t;
	unsigned int i;

	trace_open(&t, 4, 5);
	s.t = again.t = &t;
	assert_int_equal(tracecmd_iterate_events(t.handle, NULL, 0, keep, &s), 0);
	/* others come and go meanwhile */
	assert_int_equal(tracecmd_iterate_events_reverse(t.handle, NULL, 0, see, &again, false), 0);
	for (i = 0; i < s.n; i++) {
		if (!s.kept[i])
			continue;
		assert_int_equal(s.kept[i]->ref_count, 1);
		assert_int_equal(s.kept[i]->ts, s.ts[i]);
		assert_int_equal(value_of(&t, s.kept[i]), s.value[i]);
		if (i % 2)
			tracecmd_free_record(s.kept[i]);
	}
	/* the rest outlives the handle */
	tracecmd_close(t.handle);
	t.handle = NULL;
	for (i = 0; i < s.n; i += 2) {
		if (!s.kept[i])
			continue;
		assert_int_equal(value_of(&t, s.kept[i]), s.value[i]);
		tracecmd_free_record(s.kept[i]);
	}
	trace_close(&t);
}

/* Moves the stream it is in: what it reads itself the iterator doesn't give it. */
static int skip_one(struct tracecmd_input *handle, struct tep_record *rec, int cpu, void *data)
{
	struct seen *s = data;
	struct tep_record *next;

	see(handle, rec, cpu, data);
	if (s->n % 4)
		return 0;
	next = tracecmd_read_data(handle, cpu);
	if (next) {
		assert_ptr_not_equal(next, rec);
		assert_int_equal(value_of(s->t, next), value_of(s->t, rec) + 1);
		s->value[s->n] = value_of(s->t, next);
		s->ts[s->n++] = next->ts;
	}
	tracecmd_free_record(next);
	/* the one handed over is as it was */
	assert_int_equal(rec->ref_count, 1);
	assert_int_equal(value_of(s->t, rec), s->value[s->n - (next ? 2 : 1)]);
	return 0;
}

static void test_a_callback_may_read_on(void **state)
{
	static bool met[NR_CPUS * 1000];
	struct seen s = { 0 };
	struct trace t;
	unsigned int i;

	trace_open(&t, 4, 9);
	s.t = &t;
	memset(met, 0, sizeof(met));
	assert_int_equal(tracecmd_iterate_events(t.handle, NULL, 0, skip_one, &s), 0);
	/* each event once */
	assert_int_equal(s.n, nr_cpus * EVENTS);
	for (i = 0; i < s.n; i++) {
		assert_false(met[s.value[i]]);
		met[s.value[i]] = true;
	}
	trace_close(&t);
}

/* Sends all streams elsewhere: to the start, but only once. */
static int rewind_once(struct tracecmd_input *handle, struct tep_record *rec, int cpu, void *data)
{
	struct seen *s = data;
	int i, ret = see(handle, rec, cpu, data);

	if (s->n == 100)
		for (i = 0; i < nr_cpus; i++)
			tracecmd_free_record(tracecmd_read_cpu_first(handle, i));
	return ret;
}

static void test_a_callback_may_rewind(void **state)
{
	struct seen s = { 0 };
	struct trace t;
	unsigned int i, of_cpu[NR_CPUS] = { 0 };

	trace_open(&t, 6, 3);
	s.t = &t;
	s.stop_at = 400;
	assert_int_equal(tracecmd_iterate_events(t.handle, NULL, 0, rewind_once, &s), 1);
	/* from their second events on, in the order of each CPU */
	for (i = 100; i < s.n; i++) {
		unsigned int cpu = s.value[i] / 1000;

		assert_int_equal(s.value[i] % 1000, ++of_cpu[cpu]);
	}
	trace_close(&t);
}

/* Iterates itself, for a few events that the outer iterator then doesn't get. */
static int nest(struct tracecmd_input *handle, struct tep_record *rec, int cpu, void *data)
{
	struct seen *s = data;

	see(handle, rec, cpu, data);
	s->stop_at = s->n + 1 + s->n % 5;
	if (s->n % 3 == 0)
		tracecmd_iterate_events(handle, NULL, 0, see, s);
	s->stop_at = 0;
	return 0;
}

static void test_a_callback_may_iterate(void **state)
{
	static uint64_t ts[NR_CPUS * 1000];
	uint32_t seed;

	for (seed = 1; seed < 20; seed++) {
		struct seen want, s = { 0 };
		struct trace t;
		unsigned int i;

		trace_open(&t, 4, seed);
		expect(&t, &want);
		memset(ts, 0, sizeof(ts));
		for (i = 0; i < want.n; i++)
			ts[want.value[i]] = want.ts[i];
		s.t = &t;
		assert_int_equal(tracecmd_iterate_events(t.handle, NULL, 0, nest, &s), 0);
		/* each event once, with its own time */
		assert_int_equal(s.n, want.n);
		for (i = 0; i < s.n; i++) {
			assert_int_equal(s.ts[i], ts[s.value[i]]);
			ts[s.value[i]] = 0;
		}
		trace_close(&t);
	}
}

/*
 * The outer iterator is of two CPUs, the others' of all: they may step over an event of one of the two
 * without having begun with either.
 */
static void test_a_callback_may_iterate_over_other_cpus_too(void **state)
{
	uint32_t seed;

	for (seed = 1; seed < 20; seed++) {
		unsigned int of[NR_CPUS * 1000] = { 0 }, i;
		struct seen s = { 0 };
		struct trace t;
		cpu_set_t two;

		CPU_ZERO(&two);
		CPU_SET(0, &two);
		CPU_SET(1, &two);
		trace_open(&t, 4, seed);
		s.t = &t;
		assert_int_equal(tracecmd_iterate_events(t.handle, &two, sizeof(two), nest, &s), 0);
		for (i = 0; i < s.n; i++)
			of[s.value[i]]++;
		for (i = 0; i < ARRAY_SIZE(of); i++) {
			if (i / 1000 < 2)
				assert_int_equal(of[i], i % 1000 < EVENTS);
			else
				assert_true(of[i] <= 1);
		}
		trace_close(&t);
	}
}

/* Makes all times later, from the next event on. */
static int add_once(struct tracecmd_input *handle, struct tep_record *rec, int cpu, void *data)
{
	struct seen *s = data;
	int ret = see(handle, rec, cpu, data);

	if (s->n == 100)
		tracecmd_add_ts_offset(handle, 1ll << 40);
	return ret;
}

static void test_a_callback_may_change_times(void **state)
{
	struct seen s = { 0 };
	struct trace t;
	unsigned int i;

	trace_open(&t, 4, 5);
	s.t = &t;
	assert_int_equal(tracecmd_iterate_events(t.handle, NULL, 0, add_once, &s), 0);
	assert_int_equal(s.n, nr_cpus * EVENTS);
	for (i = 0; i < s.n; i++)
		/* the merge of more than two CPUs knows the next time of each */
		if (i < 100 || i >= 100 + 10 * nr_cpus)
			assert_int_equal(s.ts[i] >= SAMPLE_START + (1ull << 40), i >= 100);
	trace_close(&t);
}

/* Closes the handle when the time has come, as it then stops. */
static int close_and_stop(struct tracecmd_input *handle, struct tep_record *rec, int cpu, void *data)
{
	if (--*(int *)data)
		return 0;
	tracecmd_close(handle);
	return 5;
}

static void test_a_callback_that_stops_may_close(void **state)
{
	int n, left;

	for (n = 1; n < 2 * EVENTS; n += 1 + n / 8) {
		struct trace t;

		trace_open(&t, 0, 3 + n);
		left = n;
		assert_int_equal(tracecmd_iterate_events(t.handle, NULL, 0, close_and_stop, &left), 5);
		assert_int_equal(left, 0);
		t.handle = NULL;
		trace_close(&t);
	}
}

static int three_cpus(void **state)
{
	nr_cpus = 3;
	return 0;
}

static int two_cpus(void **state)
{
	nr_cpus = 2;
	return 0;
}

#define CROWD 12	/* files: their streams are many enough to be read in small pieces */

struct crowd {
	struct tracecmd_input *handles[CROWD];
	unsigned int count;
	unsigned long long ts;
	unsigned int of[CROWD];
};

static int count_in_order(struct tracecmd_input *h, struct tep_record *rec, int cpu, void *data)
{
	struct crowd *c = data;

	assert_true(rec->ts >= c->ts);
	assert_ptr_equal(c->handles[cpu / NR_CPUS], h);
	c->ts = rec->ts;
	c->of[cpu / NR_CPUS]++;
	c->count++;
	return 0;
}

static void test_many_files_are_read_whole_and_in_order(void **state)
{
	struct crowd c = { .count = 0 };
	struct trace t[CROWD];
	unsigned int i;

	nr_cpus = NR_CPUS;
	for (i = 0; i < CROWD; i++) {
		trace_open(&t[i], i % 2 ? 0 : 4, i);
		c.handles[i] = t[i].handle;
	}
	assert_int_equal(tracecmd_iterate_in_place(c.handles, CROWD, count_in_order, &c), 0);
	assert_int_equal(c.count, CROWD * NR_CPUS * EVENTS);
	for (i = 0; i < CROWD; i++) {
		assert_int_equal(c.of[i], NR_CPUS * EVENTS);
		trace_close(&t[i]);
	}
}

/* A CPU that begins with a stack, whose event is not there; then two events, the latter with a stack. */
static void stacks_open(struct trace *t)
{
	struct gen_event ev[] = {
		{ .ts = SAMPLE_START, .id = GEN_STACK }, { .ts = SAMPLE_START + 1, .id = GEN_TICK },
		{ .ts = SAMPLE_START + 2, .id = GEN_TOCK }, { .ts = SAMPLE_START + 3, .id = GEN_STACK },
	};
	struct gen_page p = { .out = &t->pages[0] };

	sample_of_shape(&t->s, 0);
	p.order = t->s.g.order;
	p.long_size = t->s.g.long_size;
	p.page_size = t->s.g.page_size;
	memset(t->pages, 0, sizeof(t->pages));
	gen_pages(&p, ev, ARRAY_SIZE(ev), SAMPLE_PER_PAGE);
	t->s.g.buffers[0].cpus[0] = (struct gen_cpu){ 0, p.out->data, p.out->len };
	t->s.g.buffers[0].nr_cpus = 1;
	store_u32(t->s.count, t->s.g.order, 1);
	trace_write(t);
}

static int count(struct tracecmd_input *handle, struct tep_record *rec, int cpu, void *data)
{
	++*(unsigned int *)data;
	return 0;
}

static void test_a_stack_at_the_start_is_of_no_event_of_an_earlier_walk(void **state)
{
	unsigned int n = 0;
	struct trace t;

	stacks_open(&t);
	assert_non_null(tracecmd_filter_add(t.handle, "test/tock", false));
	assert_int_equal(tracecmd_iterate_events(t.handle, NULL, 0, count, &n), 0);
	assert_int_equal(n, 2);
	assert_int_equal(tracecmd_iterate_reset(t.handle), 0);
	assert_int_equal(tracecmd_iterate_events(t.handle, NULL, 0, count, &n), 0);
	assert_int_equal(n, 4);
	assert_int_equal(tracecmd_set_all_cpus_to_timestamp(t.handle, SAMPLE_START), 0);
	assert_int_equal(tracecmd_iterate_events(t.handle, NULL, 0, count, &n), 0);
	assert_int_equal(n, 6);
	trace_close(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order_is_by_time_then_cpu_in_all_shapes),
		cmocka_unit_test(test_stopped_anywhere_it_goes_on_there),
		cmocka_unit_test(test_records_that_were_kept_stay),
		cmocka_unit_test(test_a_callback_may_read_on),
		cmocka_unit_test(test_a_callback_may_rewind),
		cmocka_unit_test(test_a_callback_may_iterate),
		cmocka_unit_test(test_a_callback_may_iterate_over_other_cpus_too),
		cmocka_unit_test(test_a_callback_may_change_times),
		cmocka_unit_test(test_a_callback_that_stops_may_close),
		cmocka_unit_test(test_a_stack_at_the_start_is_of_no_event_of_an_earlier_walk),
		cmocka_unit_test(test_many_files_are_read_whole_and_in_order),
	};

	return cmocka_run_group_tests_name("three CPUs", tests, three_cpus, NULL) +
	       cmocka_run_group_tests_name("two CPUs", tests, two_cpus, NULL);
}
