/*
 * api-ahead.c - public functions: data that other threads unpack.
 */
#include <errno.h>

#include "in/ahead.h"
#include "in/handle.h"

struct tracecmd_ahead *tracecmd_ahead_alloc(struct tracecmd_input **handles, int nr_handles,
					    int threads, void (*more)(void *data), void *data)
{
	bool given = handles && nr_handles >= 0 && threads >= 0 && more;
	struct in_ahead *a;
	int i;

	for (i = 0; given && i < nr_handles; i++)
		given = handles[i];
	if (!given) {
		errno = EINVAL;
		return NULL;
	}
	a = in_ahead_new((unsigned int)threads, more, data);
	for (i = 0; a && i < nr_handles; i++) {
		if (handles[i]->data && in_ahead_add(a, handles[i]->data)) {
			in_ahead_free(a);
			a = NULL;
		}
	}
	if (!a)
		errno = ENOMEM;
	return (struct tracecmd_ahead *)a;
}

int tracecmd_ahead_work(struct tracecmd_ahead *ahead)
{
	return ahead && in_ahead_work((struct in_ahead *)ahead);
}

void tracecmd_ahead_free(struct tracecmd_ahead *ahead)
{
	in_ahead_free((struct in_ahead *)ahead);
}
