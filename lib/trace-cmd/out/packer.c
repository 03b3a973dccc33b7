/*
 * packer.c - see packer.h. Layer 2.
 *
 * A ring of slots with three counters: chunks put in, those somebody packs or has
 * packed, those taken out. Each slot belongs to one side at a time, so the lock
 * is held only to move the counters.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "out/packer.h"

#define THREADS_MAX	3	/* besides the caller; bounds the memory, too */
#define SLOTS_MAX	(2 * (THREADS_MAX + 1))
#define ALONE_CHUNKS	SLOTS_MAX	/* not worth a thread */

struct slot {
	uint8_t *in;		/* chunk bytes; NULL until the slot is used */
	uint8_t *out;		/* head and bound bytes */
	size_t len;
	size_t packed;		/* bytes in out */
	int error;
	bool done;
};

struct packer {
	const struct zip_algo *zip;
	enum byte_order order;
	size_t chunk, bound;
	struct zip_packer own;		/* the caller's */
	unsigned int nr_slots;
	struct slot slot[SLOTS_MAX];
	unsigned int want_threads, nr_threads;
	pthread_t thread[THREADS_MAX];
	/* under the lock, once there are threads */
	uint64_t put, begun, taken;	/* chunks so far */
	bool stop;
	pthread_mutex_t lock;
	pthread_cond_t work, done;
};

/* CPUs we may run on. */
static unsigned int count_cpus(void)
{
	cpu_set_t set;

	return sched_getaffinity(0, sizeof(set), &set) ? 1 : CPU_COUNT(&set);
}

int packer_new(const struct zip_algo *zip, enum byte_order order, size_t chunk, struct packer **ret)
{
	struct packer *p = calloc(1, sizeof(*p));
	unsigned int cpus = count_cpus();

	if (!p || zip_packer_init(&p->own, zip)) {
		free(p);
		return -ENOMEM;
	}
	p->zip = zip;
	p->order = order;
	p->chunk = chunk;
	p->bound = zip->bound(chunk);
	p->want_threads = cpus - 1 < THREADS_MAX ? cpus - 1 : THREADS_MAX;
	p->nr_slots = 2 * (p->want_threads + 1);
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->work, NULL);
	pthread_cond_init(&p->done, NULL);
	*ret = p;
	return 0;
}

void packer_free(struct packer *p)
{
	unsigned int i;

	if (!p)
		return;
	pthread_mutex_lock(&p->lock);
	p->stop = true;
	pthread_cond_broadcast(&p->work);
	pthread_mutex_unlock(&p->lock);
	for (i = 0; i < p->nr_threads; i++)
		pthread_join(p->thread[i], NULL);
	for (i = 0; i < p->nr_slots; i++) {
		free(p->slot[i].in);
		free(p->slot[i].out);
	}
	zip_packer_release(&p->own);
	pthread_cond_destroy(&p->done);
	pthread_cond_destroy(&p->work);
	pthread_mutex_destroy(&p->lock);
	free(p);
}

size_t packer_chunk(const struct packer *p)
{
	return p->chunk;
}

/* put and taken are moved by the caller only, so it may look without the lock */
bool packer_full(const struct packer *p)
{
	return p->put - p->taken == p->nr_slots;
}

bool packer_empty(const struct packer *p)
{
	return p->put == p->taken;
}

/* --- packing ------------------------------------------------------------- */

static void slot_pack(struct packer *p, struct zip_packer *zip, struct slot *s)
{
	s->error = zip_pack(zip, s->in, s->len, s->out + PACKER_HEAD, p->bound, &s->packed);
	if (s->error)
		return;
	store_u32(s->out, p->order, s->packed);
	store_u32(s->out + 4, p->order, s->len);
	s->packed += PACKER_HEAD;
}

/* Pack the next chunk that nobody has begun, which there is. The lock is held but meanwhile. */
static void pack_next(struct packer *p, struct zip_packer *zip)
{
	struct slot *s = &p->slot[p->begun++ % p->nr_slots];

	pthread_mutex_unlock(&p->lock);
	slot_pack(p, zip, s);
	pthread_mutex_lock(&p->lock);
	s->done = true;
	pthread_cond_signal(&p->done);
}

static void *thread_main(void *arg)
{
	struct packer *p = arg;
	struct zip_packer zip;

	/* without tables of its own it has nothing to work with; the caller has */
	if (zip_packer_init(&zip, p->zip))
		return NULL;
	pthread_mutex_lock(&p->lock);
	while (!p->stop) {
		if (p->begun < p->put)
			pack_next(p, &zip);
		else
			pthread_cond_wait(&p->work, &p->lock);
	}
	pthread_mutex_unlock(&p->lock);
	zip_packer_release(&zip);
	return NULL;
}

/* As many threads as can be had. They leave signals to others. */
static void threads_start(struct packer *p)
{
	sigset_t all, old;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	while (p->nr_threads < p->want_threads &&
	       !pthread_create(&p->thread[p->nr_threads], NULL, thread_main, p))
		p->nr_threads++;
	p->want_threads = p->nr_threads;
	pthread_sigmask(SIG_SETMASK, &old, NULL);
}

/* --- in and out ---------------------------------------------------------- */

int packer_room(struct packer *p, uint8_t **ret_data)
{
	struct slot *s = &p->slot[p->put % p->nr_slots];

	if (!s->in)
		s->in = malloc(p->chunk);
	if (!s->out)
		s->out = malloc(PACKER_HEAD + p->bound);
	if (!s->in || !s->out)
		return -ENOMEM;
	*ret_data = s->in;
	return 0;
}

void packer_put(struct packer *p, size_t len)
{
	struct slot *s = &p->slot[p->put % p->nr_slots];

	s->len = len;
	s->done = false;
	if (p->nr_threads < p->want_threads && p->put >= ALONE_CHUNKS)
		threads_start(p);
	pthread_mutex_lock(&p->lock);
	p->put++;
	pthread_cond_signal(&p->work);
	pthread_mutex_unlock(&p->lock);
}

/* Have the oldest chunk packed. The lock is held. */
static struct slot *oldest_done(struct packer *p)
{
	struct slot *s = &p->slot[p->taken % p->nr_slots];

	while (!s->done) {
		if (p->begun < p->put)
			pack_next(p, &p->own);
		else
			pthread_cond_wait(&p->done, &p->lock);
	}
	return s;
}

int packer_take(struct packer *p, const uint8_t **ret_data, size_t *ret_len, size_t *ret_raw_len)
{
	struct slot *s;

	pthread_mutex_lock(&p->lock);
	s = oldest_done(p);
	p->taken++;
	pthread_mutex_unlock(&p->lock);
	*ret_data = s->out;
	*ret_len = s->packed;
	*ret_raw_len = s->len;
	return s->error;
}

void packer_drop(struct packer *p)
{
	pthread_mutex_lock(&p->lock);
	p->put = p->begun;
	/* what is being packed must come to its end: its slot is in use */
	while (p->taken < p->begun) {
		oldest_done(p);
		p->taken++;
	}
	pthread_mutex_unlock(&p->lock);
}
