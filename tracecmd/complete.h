/*
 * complete.h - what may stand at the cursor of a half-typed command line. Shells ask by
 *
 *	trace-cmd __complete INDEX WORD...
 *
 * with the line's words up to the cursor, the program's name included (a word INDEX that is
 * missing is empty). The scripts in completion/ show what comes of the answer: a line
 *
 *	:words			candidates for the whole word follow, each with a tab and a
 *				description if it has one
 *	:files [HEAD]		a file's name; HEAD stands in front of it in the same word
 *	:directories [HEAD]	the same for directories
 *	:command N		from word N on it is a command line of its own
 *	:none [HINT]		nobody knows; HINT says what it should be
 *
 * A candidate that ends in ':', '=' or ',' goes on: no blank behind it. Nothing is ever said on
 * stderr, nothing is changed, the status is 0.
 *
 * Layer 6.
 */
#ifndef COMPLETE_H
#define COMPLETE_H

#include <stdio.h>

/*
 * Answer to @out for word @index of the @nr words. @tracing is tracefs, NULL if there is none.
 */
void complete_line(FILE *out, const char *tracing, int index, int nr, char *const *words);

#endif
