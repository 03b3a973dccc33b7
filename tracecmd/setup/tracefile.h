/*
 * tracefile.h - single files of tracefs: read, write, what the kernel said.
 *
 * Layer 3. Works on any file, so that tests need no tracefs.
 */
#ifndef SETUP_TRACEFILE_H
#define SETUP_TRACEFILE_H

#include <stdbool.h>

/* The heap string "@dir/" followed by @fmt; NULL: no memory. */
char *tracefile_path(const char *dir, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Content of @path without its last newline, a heap string, in @ret. 0; -errno. */
int tracefile_read(const char *path, char **ret);

/*
 * Make @value the content of @path: what lists hold is emptied first, as the shell's ">" does
 * ("" only empties), unless @append as ">>" does. 0; -errno.
 */
int tracefile_write(const char *path, const char *value, bool append);

/*
 * After @value was rejected by @path: the kernel's entry about it in error_log,
 * its caret line included, as heap string. NULL if it said nothing.
 */
char *tracefile_complaint(const char *path, const char *value);

#endif
