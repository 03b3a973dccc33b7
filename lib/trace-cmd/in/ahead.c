/*
 * ahead.c - see ahead.h. Layer 2.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "in/ahead.h"

/* Chunks first to first + count - 1 of a CPU: number n is piece[n % IN_AHEAD_DEPTH]. */
struct in_ahead_cpu {
	unsigned int first, count;
	uint64_t bytes;
	struct in_piece piece[IN_AHEAD_DEPTH];
};

/* --- the queue; its lock is held ---------------------------------------- */

static void queue_add(struct in_ahead *a, struct in_piece *p)
{
	p->next = NULL;
	if (a->first)
		a->last->next = p;
	else
		a->first = p;
	a->last = p;
}

/* Take @p out, or (NULL) the first one. What was taken, NULL if that is none. */
static struct in_piece *queue_take(struct in_ahead *a, struct in_piece *p)
{
	struct in_piece **at = &a->first, *before = NULL;

	while (p && *at != p) {
		before = *at;
		at = &before->next;
	}
	p = *at;
	if (!p)
		return NULL;
	*at = p->next;
	if (a->last == p)
		a->last = before;
	return p;
}

/* Tools for @algo, which keep its tables. NULL: out of memory. */
static struct in_ahead_tools *tools_take(struct in_ahead *a, const struct zip_algo *algo)
{
	struct in_ahead_tools **at, *t;

	for (at = &a->tools; *at; at = &(*at)->next) {
		t = *at;
		if (t->algo == algo) {
			*at = t->next;
			return t;
		}
	}
	t = calloc(1, sizeof(*t));
	if (t)
		t->algo = algo;
	return t;
}

static void tools_put(struct in_ahead *a, struct in_ahead_tools *t)
{
	t->next = a->tools;
	a->tools = t;
}

/* Unpack @p, which was taken out; the lock is held, but for that. */
static void piece_run(struct in_ahead *a, struct in_piece *p)
{
	struct in_ahead_tools *t = tools_take(a, p->data->file->zip);
	bool good;

	p->state = IN_PIECE_RUNS;
	pthread_mutex_unlock(&a->lock);
	good = t && !in_chunk_unpack(p->data, p->pos, &t->unpack, p->chunk);
	pthread_mutex_lock(&a->lock);
	if (t)
		tools_put(a, t);
	p->state = good ? IN_PIECE_GOOD : IN_PIECE_FAILED;
	pthread_cond_signal(&a->done);
}

bool in_ahead_work(struct in_ahead *a)
{
	struct in_piece *p;

	pthread_mutex_lock(&a->lock);
	p = queue_take(a, NULL);
	if (p)
		piece_run(a, p);
	pthread_mutex_unlock(&a->lock);
	return p != NULL;
}

/* --- the thread that walks ---------------------------------------------- */

/*
 * The chunk of @p, whatever it takes, now that it is needed; NULL: nobody has begun with
 * it, or it failed.
 */
static struct in_chunk *piece_end(struct in_ahead *a, struct in_piece *p)
{
	bool good;

	pthread_mutex_lock(&a->lock);
	if (p->state == IN_PIECE_WAITS)
		queue_take(a, p);
	while (p->state == IN_PIECE_RUNS) {
		struct in_piece *other = queue_take(a, NULL);

		if (other)
			piece_run(a, other);
		else
			pthread_cond_wait(&a->done, &a->lock);
	}
	good = p->state == IN_PIECE_GOOD;
	pthread_mutex_unlock(&a->lock);
	if (!good)
		in_chunk_unref(take_ptr(p->chunk));
	return take_ptr(p->chunk);
}

/* The first chunk of @c, as piece_end(); it is none of its any more. */
static struct in_chunk *cpu_pop(struct in_ahead *a, struct in_ahead_cpu *c)
{
	struct in_piece *p = &c->piece[c->first % IN_AHEAD_DEPTH];

	c->first++;
	c->count--;
	c->bytes -= p->pos->raw;
	return piece_end(a, p);
}

static void cpu_drop(struct in_ahead *a, struct in_ahead_cpu *c)
{
	while (c->count)
		in_chunk_unref(cpu_pop(a, c));
}

struct in_chunk *in_ahead_take(struct in_data *d, unsigned int cpu, const struct in_chunk_pos *pos)
{
	unsigned int number = (unsigned int)(pos - d->cpus[cpu].chunks);
	struct in_ahead_cpu *c = d->ahead_cpus[cpu];
	struct in_chunk *chunk = NULL;

	if (!c || number < c->first || number - c->first >= c->count)
		return NULL;
	while (c->first <= number) {
		in_chunk_unref(chunk);
		chunk = cpu_pop(d->ahead, c);
	}
	return chunk;
}

/* Put the chunk behind those of @c into the queue, if there is one, and room for it. */
static bool cpu_push(struct in_ahead *a, struct in_data *d, unsigned int cpu, struct in_ahead_cpu *c)
{
	unsigned int number = c->first + c->count;
	const struct in_chunk_pos *pos = &d->cpus[cpu].chunks[number];
	struct in_piece *p = &c->piece[number % IN_AHEAD_DEPTH];

	if (c->count == a->depth || number >= d->cpus[cpu].nr_chunks)
		return false;
	if (c->bytes + pos->raw > IN_AHEAD_EACH + IN_AHEAD_BYTES / a->nr_cpus)
		return false;
	/* where memory is short it is for what is needed now; a new chunk then drops those of @c */
	if (d->live + pos->raw > IN_LIVE_MAX / 2)
		return false;
	*p = (struct in_piece){ .data = d, .pos = pos, .state = IN_PIECE_WAITS };
	p->chunk = in_chunk_new(d, cpu, pos->start, pos->raw);
	if (!p->chunk)
		return false;
	c->count++;
	c->bytes += pos->raw;
	pthread_mutex_lock(&a->lock);
	queue_add(a, p);
	pthread_mutex_unlock(&a->lock);
	a->more(a->more_data);
	return true;
}

void in_ahead_go_on(struct in_data *d, unsigned int cpu, const struct in_chunk_pos *pos)
{
	unsigned int next = (unsigned int)(pos - d->cpus[cpu].chunks) + 1;
	struct in_ahead_cpu *c = d->ahead_cpus[cpu];
	struct in_ahead *a = d->ahead;

	if (a->walked < IN_AHEAD_AFTER) {
		a->walked++;
		return;
	}
	if (!c) {
		c = d->ahead_cpus[cpu] = calloc(1, sizeof(*c));
		if (!c)
			return;
	}
	if (c->first != next) {
		cpu_drop(a, c);
		c->first = next;
	}
	while (cpu_push(a, d, cpu, c))
		;
}

void in_ahead_drop(struct in_data *d)
{
	unsigned int i;

	for (i = 0; d->ahead && i < d->nr_cpus; i++)
		if (d->ahead_cpus[i])
			cpu_drop(d->ahead, d->ahead_cpus[i]);
}

/* --- beginning and end -------------------------------------------------- */

struct in_ahead *in_ahead_new(unsigned int threads, void (*more)(void *data), void *data)
{
	struct in_ahead *a = calloc(1, sizeof(*a));

	if (!a)
		return NULL;
	a->more = more;
	a->more_data = data;
	/* one more than can be unpacked at a time, so that none of them has to wait for the walk */
	a->depth = threads < IN_AHEAD_DEPTH ? threads + 1 : IN_AHEAD_DEPTH;
	pthread_mutex_init(&a->lock, NULL);
	pthread_cond_init(&a->done, NULL);
	return a;
}

int in_ahead_add(struct in_ahead *a, struct in_data *d)
{
	struct in_data **more;
	unsigned int i, cpus = 0;

	for (i = 0; i < d->nr_cpus; i++)
		cpus += d->cpus[i].nr_chunks > 1;
	if (!cpus || d->ahead)
		return 0;
	more = reallocarray(a->data, a->nr_data + 1, sizeof(*more));
	if (!more)
		return -ENOMEM;
	a->data = more;
	d->ahead_cpus = calloc(d->nr_cpus, sizeof(*d->ahead_cpus));
	if (!d->ahead_cpus)
		return -ENOMEM;
	a->data[a->nr_data++] = d;
	a->nr_cpus += cpus;
	d->ahead = a;
	return 0;
}

/* @d is no longer unpacked ahead. */
static void forget(struct in_data *d)
{
	unsigned int i;

	in_ahead_drop(d);
	for (i = 0; i < d->nr_cpus; i++)
		free(d->ahead_cpus[i]);
	free(d->ahead_cpus);
	d->ahead_cpus = NULL;
	d->ahead = NULL;
}

void in_ahead_free(struct in_ahead *a)
{
	unsigned int i;

	if (!a)
		return;
	for (i = 0; i < a->nr_data; i++)
		forget(a->data[i]);
	while (a->tools) {
		struct in_ahead_tools *t = a->tools;

		a->tools = t->next;
		in_unpack_release(&t->unpack);
		free(t);
	}
	pthread_cond_destroy(&a->done);
	pthread_mutex_destroy(&a->lock);
	free(a->data);
	free(a);
}
