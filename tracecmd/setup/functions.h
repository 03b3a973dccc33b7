/*
 * functions.h - lists of functions: set_ftrace_filter, set_graph_function, and their like.
 *
 * Layer 3. A text of functions has one a line, as it is written: names, globs, and, in
 * set_ftrace_filter only, commands such as "FUNCTION:traceoff:5". @path is the list's file.
 */
#ifndef SETUP_FUNCTIONS_H
#define SETUP_FUNCTIONS_H

#include <stdbool.h>

/* What the list holds, as heap string; "" if it is empty. 0; -errno. */
int functions_read(const char *path, char **ret);

/* Have just what @text says; what is so already is left alone. 0; the first -errno. */
int functions_set(const char *path, const char *text);

/*
 * Write the @nr functions or commands of @names, instead of the functions that are there or, with
 * @append, to them. @ret_bad (may be NULL) is the first one that the kernel doesn't take.
 * 0; -EINVAL: there is no such function; -errno.
 */
int functions_write(const char *path, char *const *names, int nr, bool append,
		    const char **ret_bad);

#endif
