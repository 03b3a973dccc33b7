/*
 * nest.c - see nest.h. Layer 2.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fmt/nest.h"

#define CPUS_MAX	(1 << 16)	/* the kernel has fewer */
#define DEPTH_MAX	4096		/* its stack is full by then; a file that was made up may go on for ever */

/* The functions of a CPU, who called first. */
struct nest_cpu {
	struct symbol_name *name;
	unsigned int count, alloc;
};

void nest_release(struct nest *n)
{
	while (n->nr_cpus)
		free(n->cpus[--n->nr_cpus].name);
	free(n->cpus);
	n->cpus = NULL;
}

/* NULL: out of memory. */
static struct nest_cpu *find_cpu(struct nest *n, unsigned int cpu)
{
	struct nest_cpu *more;

	if (cpu < n->nr_cpus)
		return &n->cpus[cpu];
	more = reallocarray(n->cpus, cpu + 1, sizeof(*more));
	if (!more)
		return NULL;
	memset(more + n->nr_cpus, 0, (cpu + 1 - n->nr_cpus) * sizeof(*more));
	n->cpus = more;
	n->nr_cpus = cpu + 1;
	return &more[cpu];
}

/* Functions of the same name are the same here. */
static inline bool is_same(const struct symbol_name *a, const struct symbol_name *b)
{
	return a->len == b->len && (a->text == b->text || !memcmp(a->text, b->text, a->len));
}

/* @name at place @i, which may be the first free one. */
static int set_name(struct nest_cpu *c, unsigned int i, const struct symbol_name *name)
{
	if (i == c->alloc) {
		unsigned int alloc = c->alloc ? 2 * c->alloc : 64;
		struct symbol_name *more = reallocarray(c->name, alloc, sizeof(*more));

		if (!more)
			return -ENOMEM;
		c->name = more;
		c->alloc = alloc;
	}
	c->name[i] = *name;
	if (i == c->count)
		c->count++;
	return 0;
}

int nest_depth(struct nest *n, int cpu, const struct symbol_name *function,
	       const struct symbol_name *caller)
{
	struct nest_cpu *c;
	unsigned int i = 0;

	if (!caller || cpu < 0 || cpu >= CPUS_MAX)
		return 0;
	c = find_cpu(n, cpu);
	if (!c)
		return -ENOMEM;
	while (i < c->count && !is_same(&c->name[i], caller))
		i++;
	if (i == c->count) {
		i = 0;
		if (set_name(c, i, caller))
			return -ENOMEM;
	}
	if (function && i < DEPTH_MAX && set_name(c, i + 1, function))
		return -ENOMEM;
	return i;
}
