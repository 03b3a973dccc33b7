/*
 * proxy-limits.c - see proxy-limits.h. Layer 5.
 */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "session/proxy-limits.h"

/* Others start threads, keep interrupts off, or take CPUs offline. */
static bool tracer_allowed(const char *tracer)
{
	static const char *const names[] = { "nop", "function", "function_graph" };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(tracer, names[i]))
			return true;
	return false;
}

/*
 * "NAME" or "NAME:mod:MODULE", of which the kernel makes one word: it would carry out what is behind a space, of
 * which it knows one more than ASCII has, as a line of its own.
 */
static bool is_function(const char *item)
{
	const char *colon = strchr(item, ':'), *c;

	for (c = item; *c; c++)
		if (*c <= ' ' || *c > '~')
			return false;
	return !colon || (!strncmp(colon, ":mod:", 5) && !strchr(colon + 5, ':'));
}

static bool are_functions(const struct strlist *l)
{
	int i;

	for (i = 0; i < l->nr; i++)
		if (!is_function(l->item[i]))
			return false;
	return true;
}

/* What the kernel does when functions or events are hit: stop tracing, take memory, dump. */
static int check_actions(const struct setup_conf *c, struct err *err)
{
	int i;

	if (c->commands.nr || !are_functions(&c->functions) || !are_functions(&c->notrace) ||
	    !are_functions(&c->graph))
		return err_set(err, -EACCES, "-l, -n, -g, --module: a guest may name functions, but no commands of theirs");
	for (i = 0; i < c->nr_events; i++) {
		if (c->events[i].trigger)
			return err_set(err, -EACCES, "-R is nothing that a guest may ask of its host");
	}
	return 0;
}

static int check_sizes(const struct setup_conf *c, int nr_cpus, struct err *err)
{
	int most_kb = PROXY_BUFFERS_KB / (nr_cpus > 0 ? nr_cpus : 1);

	if (c->buffer_kb > most_kb)
		return err_set(err, -EACCES, "-b: a guest may have %d KB of each CPU, but not %d",
			       most_kb, c->buffer_kb);
	if (c->subbuf_kb > PROXY_SUBBUF_KB)
		return err_set(err, -EACCES, "--subbuf-size: a guest may have %d KB, but not %d",
			       PROXY_SUBBUF_KB, c->subbuf_kb);
	return 0;
}

int proxy_limits_check(const struct plan *p, int nr_cpus, struct err *err)
{
	const struct setup_conf *c = &p->instances[0];
	int ret;

	/* the first part of the metadata could not be read by itself */
	if (p->file_version < 7)
		return err_set(err, -EACCES, "--file-version: a proxy sends no other than 7");
	if (p->sleep_us > 0 && p->sleep_us < PROXY_SLEEP_US)
		return err_set(err, -EACCES, "-s: a guest may have pauses of %d microseconds at least, or 0",
			       PROXY_SLEEP_US);
	if (c->tracer && !tracer_allowed(c->tracer))
		return err_set(err, -EACCES, "-p: a guest may use function and function_graph, but not %s",
			       c->tracer);
	ret = check_actions(c, err);
	return ret ? ret : check_sizes(c, nr_cpus, err);
}
