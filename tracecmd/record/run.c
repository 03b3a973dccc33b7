/*
 * run.c - options about how it is done. See parse.h. Layer 6.
 */
#include <string.h>

#include "base/log.h"
#include "record/parse.h"

/* Letters that mean something else to extract. */
static int extract_option(struct parse *x, int id)
{
	switch (id) {
	case 'a':
		x->plan->all_instances = true;
		return 0;
	case 's':
		x->plan->snapshot = true;
		return 0;
	default: /* 't' */
		x->plan->top = true;
		return 0;
	}
}

static int set_level(struct parse *x, const char *text)
{
	int level = opt_verbosity(text);

	if (level < 0)
		return refuse(x, "invalid verbose level %s", text);
	log_set_level(level);
	return 0;
}

static int set_duration(struct parse *x, const char *text)
{
	long long ms;

	if (opt_time(text, &ms))
		return refuse(x, "--duration: '%s' is no time: 10s, 500ms, 5m, 2h", text);
	x->plan->duration_ms = ms;
	return 0;
}

/* The flag that an option without an argument sets. NULL: none. */
static bool *flag_of(struct plan *p, int id)
{
	switch (id) {
	case 'i':
		return &p->ignore_unknown;
	case 'a':
		return &p->all_formats;
	case 'k':
		return &p->keep;
	case 'q':
		return &p->quiet;
	case 't':
		return &p->listener.tcp;
	case OPT_NOSPLICE:
		return &p->no_splice;
	case OPT_POLL:
		return &p->poll;
	case OPT_EXIT_STATUS:
		return &p->exit_status;
	case OPT_FAIL_ON_LOST:
		return &p->fail_on_lost;
	case OPT_STDERR:
		return &p->to_stderr;
	case OPT_DAEMONIZE:
		return &p->daemonize;
	case OPT_FORK:
		return &p->fork;
	case OPT_DEBUG:
		return &p->debug;
	case OPT_FORCE:
		return &p->force;
	case OPT_NOTIMEOUT:
		return &p->no_timeout;
	default:
		return NULL;
	}
}

int parse_run(struct parse *x, int id, const char *arg)
{
	bool *flag;

	if (x->plan->kind == PLAN_EXTRACT && strchr("ast", id < OPT_LONG ? id : 1))
		return extract_option(x, id);
	switch (id) {
	case 's':
		return parse_number(x, "-s", arg, 0, 60000000, &x->plan->sleep_us);
	case 'r':
		return parse_number(x, "-r", arg, 1, 99, &x->plan->fifo_priority);
	case 'K':
		x->plan->keep = x->plan->keep_before = true;
		return 0;
	case OPT_DURATION:
		return set_duration(x, arg);
	case OPT_VERBOSE:
		return set_level(x, arg);
	default:
		flag = flag_of(x->plan, id);
		if (!flag)
			return -EINVAL;
		*flag = true;
		if (id == OPT_DEBUG)
			log_set_level(LOG_DEBUG);
		return 0;
	}
}
