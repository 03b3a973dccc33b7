/*
 * atoms.h - names of the kernel's variables in print formats, as kmem's page events have vmemmap_base.
 *
 * Layer 2. libtraceevent takes such a name for its address, if it was given all of kallsyms, which it is not here
 * (see ksyms.h). So the names get their addresses in the parsed format; a name that is not known stays, which
 * counts as 0. What may be a text of %s is left alone.
 */
#ifndef IN_ATOMS_H
#define IN_ATOMS_H

#include "event-parse.h"

struct tracecmd_input;

/* In the arguments of @event, of @h's parser, under its guard. As often as one likes. 0; -ENOMEM. */
int in_atoms_resolve(struct tracecmd_input *h, struct tep_event *event);

#endif
