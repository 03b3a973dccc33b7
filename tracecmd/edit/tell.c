/*
 * tell.c - see tell.h. Layer 5.
 */
#include <stdio.h>

#include "edit/tell.h"

void tell_buffer(void *arg, const struct out_buffer *b)
{
	struct out_file *o = arg;
	int i;

	if (b->name[0])
		fprintf(stderr, "\nBuffer: %s\n\n", b->name);
	for (i = 0; i < b->nr_cpus; i++)
		tell_cpu_data(b->cpus[i].cpu, b->cpus[i].offset, b->cpus[i].size,
			      out_zip(o) ? &b->cpus[i].raw_size : NULL);
}
