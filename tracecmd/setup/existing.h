/*
 * existing.h - instances that are there, taken as they are: looked at and switched off.
 *
 * Layer 3.
 */
#ifndef SETUP_EXISTING_H
#define SETUP_EXISTING_H

#include "base/strlist.h"
#include "setup/setup.h"

/*
 * The instance @name (NULL: the top one), untouched. It has no journal: only the functions that tell facts,
 * setup_tracing_on() and those below may be called. 0; -ENOENT: there is none, described
 * in @err; -errno.
 */
int existing_open(const char *name, struct setup_instance **ret, struct err *err);

/* Add the names of all instances. 0; -errno. */
int existing_names(struct strlist *ret);

/* Open per_cpu/cpuN/snapshot_raw. fd; -ENOENT: this kernel has no snapshots, or there is no such CPU. */
int existing_open_snapshot(const struct setup_instance *s, int cpu);

/*
 * Nothing is traced any more: switch off, no tracer, no events, no filters, no limits to tasks.
 * What can't be done is left: the switch is what counts. 0; -errno of the switch.
 */
int existing_quiet(struct setup_instance *s);

#endif
