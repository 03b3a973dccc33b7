/*
 * triggers.h - the triggers of an event: a list of the kernel's that is no plain file.
 *
 * Layer 3. A text of triggers has one a line, as it is written, in the order of writing. @path is
 * an event's file "trigger".
 */
#ifndef SETUP_TRIGGERS_H
#define SETUP_TRIGGERS_H

/* The triggers that are set, as heap string; "" if there are none. 0; -errno. */
int triggers_read(const char *path, char **ret);

/* Have just the triggers of @text; what is so already is left alone. 0; the first -errno. */
int triggers_set(const char *path, const char *text);

/* Add one trigger. 0; -errno. */
int triggers_add(const char *path, const char *trigger);

#endif
