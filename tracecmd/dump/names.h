/*
 * names.h - the names of events and tasks that a file stores, quickly: formats are not parsed, and
 * a file that is no trace, or damaged, just has none.
 *
 * Layer 5.
 */
#ifndef DUMP_NAMES_H
#define DUMP_NAMES_H

/* @format is the kernel's text. A positive value ends it. */
typedef int (*names_event_fn)(void *data, const char *system, const char *event, char *format);

/* Call @each for all events of the file @path. 0; -errno. */
int names_events(const char *path, names_event_fn each, void *data);

/* Call @each for all tasks whose names are stored until it returns non-zero. 0; -errno. */
int names_tasks(const char *path, int (*each)(void *data, int pid, const char *comm), void *data);

#endif
