/*
 * list.h - words in tracefs files that hold a list (of pids, ...), which others change, too.
 *
 * Layer 3.
 */
#ifndef SETUP_LIST_H
#define SETUP_LIST_H

struct parting;

/* Add @words (divided by blanks) to the list that @path holds. 0; -errno. */
int list_add(const char *path, const char *words);

/*
 * Take the @words (divided by blanks) out of the list that @path holds, one a line; what else is
 * in it stays. Others who change it at the same time are waited for, but not for long.
 * 0; -errno.
 */
int list_remove(const char *path, const char *words);

/*
 * The same for tasks in set_event_notrace_pid and its like, to which the kernel adds those that are forked by
 * them while the option event-fork is on: these go, too. If nothing is left then, @p, if there is one, empties the list.
 */
int list_remove_tasks(const char *path, const char *words, struct parting *p);

#endif
