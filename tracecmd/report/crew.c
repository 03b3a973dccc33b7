/*
 * crew.c - see crew.h. Layer 5.
 *
 * Batches are in a ring. Counting from the first one on, those below written are free again,
 * those below taken have been taken by a thread to make their text, those below filled
 * wait for one, and the one at filled is the reader's. done tells that a text is complete. Pieces of
 * data to be unpacked come before texts, as there are never many, and the reader may need one soon.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/cpus.h"
#include "report/crew.h"

#define BATCHES_EACH	2	/* batches for each thread, besides the reader's */

/* What different threads write with each event must not share a line of the cache, or a pair. */
#define APART		_Alignas(128)

struct place {
	APART struct batch batch;
	bool done;
};

struct worker {
	APART struct tools tools;
	struct crew *crew;
	pthread_t thread;
};

struct crew {
	struct textout *out;
	struct place *ring;
	unsigned int nr_places;
	struct worker *workers;		/* the first one is the reader, without a thread */
	unsigned int nr_workers;	/* initialised */
	unsigned int nr_threads;	/* running, besides the reader */
	struct tracecmd_ahead *ahead;	/* what is to be unpacked, or NULL */
	pthread_mutex_t lock;		/* of all that follows */
	pthread_cond_t work, progress;	/* pieces, filled or end has changed; a text is done */
	unsigned long long written, taken, filled;
	unsigned long long pieces;	/* nobody has looked for yet */
	bool end;
	bool started;			/* the reader's: threads were */
	bool alone;			/* since before that: no texts for them */
};

static struct place *place_of(struct crew *c, unsigned long long number)
{
	return &c->ring[number % c->nr_places];
}

/* Take the next batch that waits and make its text; the lock is held, but for that. */
static void make_text(struct crew *c, struct worker *w)
{
	struct place *p = place_of(c, c->taken++);

	pthread_mutex_unlock(&c->lock);
	batch_print(&p->batch, &w->tools);
	pthread_mutex_lock(&c->lock);
	p->done = true;
}

static void *worker_run(void *data)
{
	struct worker *w = data;
	struct crew *c = w->crew;

	pthread_mutex_lock(&c->lock);
	while (!c->end) {
		if (c->pieces) {
			c->pieces--;
			pthread_mutex_unlock(&c->lock);
			tracecmd_ahead_work(c->ahead);
			pthread_mutex_lock(&c->lock);
		} else if (c->taken < c->filled && !c->alone) {
			make_text(c, w);
			pthread_cond_signal(&c->progress);
		} else {
			pthread_cond_wait(&c->work, &c->lock);
		}
	}
	pthread_mutex_unlock(&c->lock);
	return NULL;
}

/* How many threads the plan wants. */
static unsigned int crew_size(const struct report_plan *plan)
{
	long cpus;

	if (plan->jobs)
		return plan->jobs < CREW_MAX ? plan->jobs : CREW_MAX;
	cpus = cpus_usable();
	return cpus < 1 ? 1 : cpus < CREW_DEFAULT ? cpus : CREW_DEFAULT;
}

/*
 * Once there is work for them, so that short reports need none; without signals, which are the
 * main thread's. Fewer threads than asked for will do, too.
 */
static void start_threads(struct crew *c)
{
	sigset_t all, old;
	unsigned int i;

	c->started = true;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	for (i = 1; i < c->nr_workers; i++) {
		if (pthread_create(&c->workers[i].thread, NULL, worker_run, &c->workers[i]))
			break;
		c->nr_threads++;
	}
	pthread_sigmask(SIG_SETMASK, &old, NULL);
}

/* @n zeroed elements that are APART. NULL: out of memory. */
static void *array_new(size_t n, size_t size)
{
	void *array = aligned_alloc(_Alignof(struct place), n * size);

	return array ? memset(array, 0, n * size) : NULL;
}

static int crew_init(struct crew *c, const struct inputs *in, unsigned int n)
{
	bool texts = c->out;
	unsigned int i;

	pthread_mutex_init(&c->lock, NULL);
	pthread_cond_init(&c->work, NULL);
	pthread_cond_init(&c->progress, NULL);
	c->nr_places = texts && n > 1 ? n * BATCHES_EACH + 1 : 1;
	c->workers = array_new(n, sizeof(*c->workers));
	c->ring = array_new(c->nr_places, sizeof(*c->ring));
	if (!c->workers || !c->ring)
		return -ENOMEM;
	for (i = 0; texts && i < c->nr_places; i++) {
		if (batch_init(&c->ring[i].batch))
			return -ENOMEM;
	}
	for (i = 0; i < n; i++, c->nr_workers++) {
		c->workers[i].crew = c;
		if (texts && tools_init(&c->workers[i].tools, in))
			return -ENOMEM;
	}
	return 0;
}

int crew_start(const struct inputs *in, struct textout *out, struct crew **ret_crew,
	       struct err *err)
{
	struct crew *c = calloc(1, sizeof(*c));

	if (!c)
		return err_set(err, -ENOMEM, "out of memory");
	c->out = out;
	if (crew_init(c, in, crew_size(in->plan))) {
		crew_free(c);
		return err_set(err, -ENOMEM, "out of memory");
	}
	*ret_crew = c;
	return 0;
}

void crew_alone(struct crew *c)
{
	c->alone = true;
}

/* The reader has put another piece into the queue. */
static void on_piece(void *data)
{
	struct crew *c = data;

	if (!c->started)
		start_threads(c);
	pthread_mutex_lock(&c->lock);
	c->pieces++;
	pthread_cond_signal(&c->work);
	pthread_mutex_unlock(&c->lock);
}

int crew_unpack(struct crew *c, struct tracecmd_input **handles, unsigned int nr)
{
	if (c->nr_workers < 2)
		return 0;
	c->ahead = tracecmd_ahead_alloc(handles, (int)nr, (int)c->nr_workers - 1, on_piece, c);
	return c->ahead ? 0 : -ENOMEM;
}

struct batch *crew_batch(struct crew *c)
{
	return &place_of(c, c->filled)->batch;
}

/* Write what is done, in order; the lock is held, but for that. 0; -errno. */
static int write_done(struct crew *c)
{
	while (c->written < c->taken && place_of(c, c->written)->done) {
		struct place *p = place_of(c, c->written);
		int ret;

		pthread_mutex_unlock(&c->lock);
		ret = batch_write(&p->batch, c->out);
		pthread_mutex_lock(&c->lock);
		p->done = false;
		c->written++;
		if (ret)
			return ret;
	}
	return 0;
}

/* Until no more than @left batches are not yet written. 0; -errno. */
static int make_room(struct crew *c, unsigned int left)
{
	int ret = write_done(c);

	while (!ret && c->filled - c->written > left) {
		if (c->taken < c->filled)
			make_text(c, &c->workers[0]);
		else if (!place_of(c, c->written)->done)
			pthread_cond_wait(&c->progress, &c->lock);
		ret = write_done(c);
	}
	return ret;
}

/* Hand the reader's batch on, and make room for @left. 0; -errno. */
static int hand_on(struct crew *c, unsigned int left)
{
	int ret;

	pthread_mutex_lock(&c->lock);
	c->filled += crew_batch(c)->count > 0;
	if (c->nr_threads)
		pthread_cond_signal(&c->work);
	ret = make_room(c, left);
	pthread_mutex_unlock(&c->lock);
	return ret;
}

int crew_next(struct crew *c)
{
	if (!c->started && !c->alone)
		start_threads(c);
	return hand_on(c, c->nr_places - 1);
}

int crew_finish(struct crew *c)
{
	return hand_on(c, 0);
}

void crew_free(struct crew *c)
{
	unsigned int i;

	if (!c)
		return;
	pthread_mutex_lock(&c->lock);
	c->end = true;
	pthread_cond_broadcast(&c->work);
	pthread_mutex_unlock(&c->lock);
	for (i = 1; i <= c->nr_threads; i++)
		pthread_join(c->workers[i].thread, NULL);
	tracecmd_ahead_free(c->ahead);
	for (i = 0; i < c->nr_workers; i++)
		tools_release(&c->workers[i].tools);
	for (i = 0; c->ring && i < c->nr_places; i++)
		batch_release(&c->ring[i].batch);
	pthread_cond_destroy(&c->work);
	pthread_cond_destroy(&c->progress);
	pthread_mutex_destroy(&c->lock);
	free(c->workers);
	free(c->ring);
	free(c);
}
