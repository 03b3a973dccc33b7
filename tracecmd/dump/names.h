/*
 * names.h - the names of events and tasks that a file stores, quickly: formats are not parsed, and
 * a file that is no trace, or damaged, just has none.
 *
 * Layer 5.
 */
#ifndef DUMP_NAMES_H
#define DUMP_NAMES_H

/* Call @each for all events of the file @path until it returns non-zero. 0; -errno. */
int names_events(const char *path, int (*each)(void *data, const char *system, const char *event),
		 void *data);

/*
 * The format of "SYSTEM:EVENT" or (of the first system that has it) "EVENT", a heap string in
 * @ret. 0; -ENOENT; -errno.
 */
int names_format(const char *path, const char *event, char **ret);

/* Call @each for all tasks whose names are stored until it returns non-zero. 0; -errno. */
int names_tasks(const char *path, int (*each)(void *data, int pid, const char *comm), void *data);

#endif
