/*
 * nested.h - the text of records of the function tracer, as libtraceevent's plugin makes it.
 *
 * Layer 2. It depends on the records before, so that those of all CPUs are to be printed in their order.
 */
#ifndef FMT_NESTED_H
#define FMT_NESTED_H

#include "fmt/entry.h"
#include "fmt/nest.h"

/*
 * Is that what the plugin would do? It has options, and libtraceevent versions: it is asked about
 * the functions of @record, on a CPU that there is not. False may only mean that these have no names.
 */
bool nested_agrees(const struct native *n, struct tep_handle *tep, struct symbols *symbols,
		   const struct tep_record *record);

/* Append the text of a record of at least n->min_size bytes. 0; -ENOMEM; -ERANGE: a name is too long. */
int nested_print(const struct native *n, struct nest *nest, struct symbols *symbols,
		 const struct tep_record *record, struct text *out);

#endif
