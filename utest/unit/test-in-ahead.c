/*
 * test-in-ahead.c - what an iteration hands out, and what it finds damaged, is the same whoever
 * unpacks the data: it itself, somebody at once, several threads at any time, nobody else.
 */
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
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

#define NR_CPUS		3
#define EVENTS		300	/* of each CPU: 30 chunks */
#define NR_HANDLES	2
#define THREADS		3

enum who { ALONE, AT_ONCE, THREADED, NOBODY };

struct trace {
	struct sample s;
	struct buf pages[NR_CPUS];
};

/* Who unpacks. */
struct help {
	enum who who;
	struct tracecmd_ahead *ahead;
	unsigned int pieces, unpacked;	/* there were; AT_ONCE */
	pthread_t thread[THREADS];
	sem_t more;
	bool end;
};

/* What was read. */
struct seen {
	uint64_t sum;		/* of all records, in their order */
	unsigned int count;
	bool jump;		/* read something else, elsewhere, now and then */
	char damage[NR_HANDLES][256];
};

static void trace_make(struct trace *t, unsigned int shape)
{
	struct gen_event ev[EVENTS];
	unsigned int cpu, i;

	sample_of_shape(&t->s, shape);
	memset(t->pages, 0, sizeof(t->pages));
	for (cpu = 0; cpu < NR_CPUS; cpu++) {
		struct gen_page p = { .order = t->s.g.order, .long_size = t->s.g.long_size,
				      .page_size = t->s.g.page_size, .out = &t->pages[cpu] };

		for (i = 0; i < EVENTS; i++)
			ev[i] = (struct gen_event){
				.ts = SAMPLE_START + 30 * i + 7 * cpu, .id = GEN_TICK, .pid = 42,
				.value = (int32_t)(1000 * cpu + i),
			};
		gen_pages(&p, ev, EVENTS, SAMPLE_PER_PAGE);
		t->s.g.buffers[0].cpus[cpu] = (struct gen_cpu){ cpu, p.out->data, p.out->len };
	}
	t->s.g.buffers[0].nr_cpus = NR_CPUS;
	store_u32(t->s.count, t->s.g.order, NR_CPUS);
	sample_write(&t->s);
}

static void trace_release(struct trace *t)
{
	unsigned int cpu;

	for (cpu = 0; cpu < NR_CPUS; cpu++)
		buf_release(&t->pages[cpu]);
	sample_release(&t->s);
}

static struct tracecmd_input *trace_open(const struct trace *t)
{
	int fd = memfd_create("trace", MFD_CLOEXEC);
	struct tracecmd_input *h;

	assert_int_equal(io_write_full(fd, t->s.file.data, t->s.file.len, DEADLINE_NEVER), 0);
	h = tracecmd_open_fd(fd, TRACECMD_FL_LOAD_NO_PLUGINS);
	assert_non_null(h);
	return h;
}

static void *unpack_all(void *data)
{
	struct help *h = data;

	for (;;) {
		sem_wait(&h->more);
		if (__atomic_load_n(&h->end, __ATOMIC_ACQUIRE))
			return NULL;
		tracecmd_ahead_work(h->ahead);
	}
}

static void on_more(void *data)
{
	struct help *h = data;

	h->pieces++;
	if (h->who == AT_ONCE)
		h->unpacked += (unsigned int)tracecmd_ahead_work(h->ahead);
	if (h->who == THREADED)
		sem_post(&h->more);
}

static void help_start(struct help *h, enum who who, struct tracecmd_input **handles)
{
	unsigned int i;

	*h = (struct help){ .who = who };
	if (who == ALONE)
		return;
	sem_init(&h->more, 0, 0);
	h->ahead = tracecmd_ahead_alloc(handles, NR_HANDLES, THREADS, on_more, h);
	assert_non_null(h->ahead);
	for (i = 0; who == THREADED && i < THREADS; i++)
		assert_int_equal(pthread_create(&h->thread[i], NULL, unpack_all, h), 0);
}

static void help_end(struct help *h)
{
	unsigned int i;

	__atomic_store_n(&h->end, true, __ATOMIC_RELEASE);
	for (i = 0; h->who == THREADED && i < THREADS; i++)
		sem_post(&h->more);
	for (i = 0; h->who == THREADED && i < THREADS; i++)
		pthread_join(h->thread[i], NULL);
	tracecmd_ahead_free(h->ahead);
	/* nobody is there to work for */
	if (h->who != ALONE)
		sem_destroy(&h->more);
}

static void add(struct seen *s, const void *data, size_t len)
{
	const uint8_t *p = data;

	while (len--)
		s->sum = (s->sum ^ *p++) * 1099511628211ull;
}

static int on_record(struct tracecmd_input *handle, struct tep_record *rec, int cpu, void *data)
{
	struct seen *s = data;

	add(s, &rec->ts, sizeof(rec->ts));
	add(s, &rec->offset, sizeof(rec->offset));
	add(s, &rec->missed_events, sizeof(rec->missed_events));
	add(s, &cpu, sizeof(cpu));
	add(s, rec->data, (size_t)rec->size);
	s->count++;
	if (s->jump && s->count % 7 == 0) {
		/* of the same CPUs, in the chunks that others may have at hand */
		struct tep_record *last = tracecmd_read_cpu_last(handle, (int)(s->count % NR_CPUS));

		tracecmd_set_cpu_to_timestamp(handle, (int)(s->count % NR_CPUS), rec->ts + 1);
		tracecmd_free_record(last);
	}
	return s->count > 2 * NR_HANDLES * NR_CPUS * EVENTS;
}

/* All records of the file, opened twice. */
static void read_all(const struct trace *t, enum who who, bool jump, struct seen *s)
{
	struct tracecmd_input *handles[NR_HANDLES];
	struct help h;
	unsigned int i;

	*s = (struct seen){ .jump = jump };
	for (i = 0; i < NR_HANDLES; i++)
		handles[i] = trace_open(t);
	help_start(&h, who, handles);
	assert_int_equal(tracecmd_iterate_in_place(handles, NR_HANDLES, on_record, s), 0);
	help_end(&h);
	assert_int_equal(h.unpacked, who == AT_ONCE ? h.pieces : 0);
	if (who != ALONE && !jump && t->s.g.compression)
		assert_true(h.pieces > 0);
	for (i = 0; i < NR_HANDLES; i++) {
		if (tracecmd_get_error(handles[i], s->damage[i], sizeof(s->damage[i])))
			assert_true(s->damage[i][0]);
		tracecmd_close(handles[i]);
	}
}

static void check_same(const struct trace *t, bool jump)
{
	struct seen alone, other;
	enum who who;
	unsigned int i;

	read_all(t, ALONE, jump, &alone);
	for (who = AT_ONCE; who <= NOBODY; who++) {
		read_all(t, who, jump, &other);
		assert_int_equal(other.count, alone.count);
		assert_true(other.sum == alone.sum);
		for (i = 0; i < NR_HANDLES; i++)
			assert_string_equal(other.damage[i], alone.damage[i]);
	}
}

static void of_all_shapes(bool jump)
{
	unsigned int i;

	for (i = 4; i < SAMPLE_SHAPES; i++) {
		struct seen s;
		struct trace t;

		if (!sample_shape_ok(i))
			continue;
		trace_make(&t, i);
		if (!jump) {
			read_all(&t, AT_ONCE, false, &s);
			assert_int_equal(s.count, NR_HANDLES * NR_CPUS * EVENTS);
		}
		check_same(&t, jump);
		trace_release(&t);
	}
}

static void test_records_are_the_same_whoever_unpacks(void **state)
{
	of_all_shapes(false);
}

static void test_jumps_find_the_same_records(void **state)
{
	of_all_shapes(true);
}

static void test_damage_is_found_at_the_same_places(void **state)
{
	uint32_t seed = 1;
	unsigned int i, k, damaged = 0;

	for (i = 0; i < 60; i++) {
		unsigned int shape = i % 2 ? 8 : 12;
		struct trace t;
		struct seen s;

		if (!sample_shape_ok(shape))
			continue;
		trace_make(&t, shape);
		for (k = 0; k < 2; k++) {
			size_t at = t.s.g.meta_end;

			seed = seed * 1664525 + 1013904223;
			at += (seed >> 8) % (t.s.file.len - at);
			t.s.file.data[at] ^= 0x55;
		}
		read_all(&t, ALONE, false, &s);
		damaged += s.damage[0][0] != '\0';
		check_same(&t, false);
		trace_release(&t);
	}
	assert_true(damaged > 20);
}

static void test_ending_early_leaves_nothing_behind(void **state)
{
	struct tracecmd_input *handles[NR_HANDLES];
	struct trace t;
	struct help h;
	unsigned int i;

	trace_make(&t, 8);
	for (i = 0; i < NR_HANDLES; i++)
		handles[i] = trace_open(&t);
	for (i = 0; i < 100; i++) {
		struct seen s = { .count = 2 * NR_HANDLES * NR_CPUS * EVENTS - 20 * i };

		help_start(&h, i % 2 ? THREADED : NOBODY, handles);
		tracecmd_iterate_in_place(handles, NR_HANDLES, on_record, &s);
		help_end(&h);
		tracecmd_iterate_reset(handles[0]);
	}
	for (i = 0; i < NR_HANDLES; i++)
		tracecmd_close(handles[i]);
	trace_release(&t);
}

static void test_arguments_are_checked(void **state)
{
	struct tracecmd_input *none = NULL;

	errno = 0;
	assert_null(tracecmd_ahead_alloc(NULL, 1, 1, on_more, NULL));
	assert_int_equal(errno, EINVAL);
	assert_null(tracecmd_ahead_alloc(&none, 1, 1, on_more, NULL));
	assert_null(tracecmd_ahead_alloc(&none, 0, 1, NULL, NULL));
	assert_int_equal(tracecmd_ahead_work(NULL), 0);
	tracecmd_ahead_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_records_are_the_same_whoever_unpacks),
		cmocka_unit_test(test_jumps_find_the_same_records),
		cmocka_unit_test(test_damage_is_found_at_the_same_places),
		cmocka_unit_test(test_ending_early_leaves_nothing_behind),
		cmocka_unit_test(test_arguments_are_checked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
