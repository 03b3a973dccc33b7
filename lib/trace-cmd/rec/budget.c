/*
 * budget.c - see budget.h. Layer 3.
 */
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "rec/budget.h"

struct budget {
	atomic_uint_least64_t used, limit;	/* bytes */
	atomic_uint refs;
	int fd;
};

struct budget *budget_new(uint64_t limit)
{
	struct budget *b = calloc(1, sizeof(*b));

	if (!b)
		return NULL;
	atomic_init(&b->used, 0);
	atomic_init(&b->limit, limit);
	atomic_init(&b->refs, 1);
	b->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (b->fd < 0) {
		free(b);
		return NULL;
	}
	return b;
}

struct budget *budget_ref(struct budget *b)
{
	if (b)
		atomic_fetch_add(&b->refs, 1);
	return b;
}

void budget_free(struct budget *b)
{
	if (!b || atomic_fetch_sub(&b->refs, 1) != 1)
		return;
	close(b->fd);
	free(b);
}

void budget_use(struct budget *b, uint64_t bytes)
{
	uint64_t used = atomic_fetch_add(&b->used, bytes) + bytes;
	uint64_t limit = atomic_load(&b->limit), one = 1;

	/* told once, by the one who crosses the limit */
	if (used >= limit && used - bytes < limit)
		(void)!write(b->fd, &one, sizeof(one));
}

bool budget_spent(const struct budget *b)
{
	return atomic_load(&b->used) >= atomic_load(&b->limit);
}

uint64_t budget_used(const struct budget *b)
{
	return atomic_load(&b->used);
}

void budget_set(struct budget *b, uint64_t limit)
{
	uint64_t told, one = 1;

	(void)!read(b->fd, &told, sizeof(told));
	atomic_store(&b->limit, limit);
	/* it may have been crossed before anybody knew of it */
	if (budget_spent(b))
		(void)!write(b->fd, &one, sizeof(one));
}

int budget_fd(const struct budget *b)
{
	return b->fd;
}
