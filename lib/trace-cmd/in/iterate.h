/*
 * iterate.h - handing all records to callbacks in the order of time.
 *
 * Layer 2.
 */
#ifndef IN_ITERATE_H
#define IN_ITERATE_H

#include <sched.h>

#include "in/handle.h"

struct in_iterate {
	struct tracecmd_input **handles;
	unsigned int nr_handles;
	const cpu_set_t *cpus;	/* NULL: all */
	size_t cpu_size;	/* bytes in it */
	bool reverse;
	bool in_place;		/* records are struct in_place_record, their data is in the page */
	in_record_fn fn;	/* may be NULL if there are followers */
	void *data;
};

/*
 * Go on from the positions of the handles' CPUs. 0, with what stopped it in
 * @ret_stop (0: the end was reached); -EINVAL neither fn nor followers; -ENODATA a
 * handle isn't prepared; -ENOMEM.
 */
int in_iterate(const struct in_iterate *it, int *ret_stop);

/* Move the CPUs chosen to their start or end. */
void in_iterate_rewind(const struct in_iterate *it, bool to_end);

#endif
