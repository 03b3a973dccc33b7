/*
 * names.h - the events that a filter's text names.
 *
 * Layer 2, pure. "sched/sched_switch,kmalloc:bytes_req>1000" begins with regular expressions, of
 * a system and an event or of either, as libtraceevent takes them apart.
 */
#ifndef IN_NAMES_H
#define IN_NAMES_H

#include <stdbool.h>

/* What the names of plain events are made of. */
#define IN_NAME_CHARS	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"

struct in_names;

/* 0; -EINVAL: it has no such form; -ENOMEM. */
int in_names_parse(struct in_names **ret_names, const char *filter);
void in_names_free(struct in_names *names);

/* May the filter be about the event @name of @system? */
bool in_names_match(const struct in_names *names, const char *system, const char *name);

#endif
