/*
 * what.c - options about what is traced, and whom. See parse.h. Layer 6.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "record/parse.h"

/* Largest buffer of a CPU that a host may ask an agent for, KB. */
#define AGENT_BUFFER_KB_MAX	(1 << 20)
#define PID_MAX			(1 << 22)

/* --- events */

static int add_event(struct parse *x, const char *name)
{
	struct setup_conf *c = x->instance;
	struct setup_event *more = reallocarray(c->events, c->nr_events + 1, sizeof(*more));

	if (!more)
		return -ENOMEM;
	c->events = more;
	x->event = &more[c->nr_events];
	*x->event = (struct setup_event){ .name = strdup(name), .disable = x->inverse };
	if (!x->event->name)
		return -ENOMEM;
	c->nr_events++;
	return 0;
}

/* Put @text to what *@to holds already by @format, "%s...%s". */
static int join(char **to, const char *format, const char *text)
{
	char *both;

	if (!*to)
		return parse_text(to, text);
	if (asprintf(&both, format, *to, text) < 0)
		return -ENOMEM;
	free(*to);
	*to = both;
	return 0;
}

/* Several filters of one event hold together. */
static int add_filter(struct parse *x, const char *filter)
{
	return x->event ? join(&x->event->filter, "(%s)&&(%s)", filter) :
			  refuse(x, "filter must come after event");
}

static int add_trigger(struct parse *x, const char *trigger)
{
	return x->event ? join(&x->event->trigger, "%s\n%s", trigger) :
			  refuse(x, "trigger must come after event");
}

/* --- instances, tracers, clocks */

/* A --module that no -l, -n or -g was about means all functions of the module. */
static int end_module(struct parse *x)
{
	_cleanup_free_ char *all = NULL;
	const char *module = x->module;

	x->module = NULL;
	if (!module || x->module_used)
		return 0;
	if (asprintf(&all, ":mod:%s", module) < 0)
		return -ENOMEM;
	return strlist_add(&x->instance->functions, all);
}

/* -B NAME: the instance of that name, a new one if it wasn't named before. */
static int choose_instance(struct parse *x, const char *name)
{
	const char *clock = x->plan->instances[0].clock;
	bool remove = x->plan->kind == PLAN_SET && x->inverse;
	int i, ret = end_module(x);

	if (ret)
		return ret;
	if (!*name || strchr(name, '/') || name[0] == '.')
		return refuse(x, "'%s' is no name for an instance", name);
	x->guest = NULL;
	x->inverse = false;
	for (i = 1; i < x->plan->nr_instances; i++) {
		x->instance = &x->plan->instances[i];
		if (!strcmp(x->instance->name, name))
			break;
	}
	if (i >= x->plan->nr_instances) {
		x->instance = plan_add_instance(x->plan, name);
		if (!x->instance)
			return -ENOMEM;
		if (clock && parse_text(&x->instance->clock, clock))
			return -ENOMEM;
	}
	x->instance->delete = remove;
	return 0;
}

static int set_tracer(struct parse *x, const char *name)
{
	_cleanup_free_ char *trimmed = strdup(name + strspn(name, " \t"));

	if (!trimmed)
		return -ENOMEM;
	trimmed[strcspn(trimmed, " \t")] = 0;
	if (x->instance->tracer)
		return refuse(x, "only one plugin allowed");
	return parse_text(&x->instance->tracer, trimmed);
}

static int set_clock(struct parse *x, const char *name)
{
	int i;

	/* cycles, and how to turn them into ns */
	if (!strcmp(name, "tsc2nsec")) {
		x->instance->tsc2nsec = true;
		name = "x86-tsc";
	}
	/* the first clock is every instance's, until they name their own */
	for (i = 0; i < x->plan->nr_instances; i++) {
		if (!x->plan->instances[i].clock &&
		    parse_text(&x->plan->instances[i].clock, name))
			return -ENOMEM;
	}
	return parse_text(&x->instance->clock, name);
}

static int set_cpumask(struct parse *x, const char *text)
{
	const char *digits = strncmp(text, "0x", 2) ? text : text + 2;

	if (strcmp(text, "-1") && (!*digits || digits[strspn(digits, "0123456789abcdefABCDEF,")]))
		return refuse(x, "-M: '%s' is no mask of CPUs: hexadecimal, or -1 for all", text);
	return parse_text(&x->instance->cpumask, digits);
}

/* --- functions */

/* A function to @list, of the current module if there is one. */
static int add_function(struct parse *x, struct strlist *list, const char *name)
{
	_cleanup_free_ char *of_module = NULL;

	if (!*name)
		return refuse(x, "a function's name is empty");
	if (!x->module)
		return strlist_add(list, name);
	x->module_used = true;
	if (asprintf(&of_module, "%s:mod:%s", name, x->module) < 0)
		return -ENOMEM;
	return strlist_add(list, of_module);
}

static int functions_option(struct parse *x, int id, const char *arg)
{
	struct setup_conf *c = x->instance;
	const char *colon;
	int ret;

	switch (id) {
	case 'l':
		/* "FUNC:COMMAND", but not "FUNC:mod:MODULE": what a command is told may be called mod, too */
		colon = strchr(arg, ':');
		if (colon && strncmp(colon, ":mod:", 5))
			return strlist_add(&c->commands, arg);
		return add_function(x, &c->functions, arg);
	case 'n':
		return add_function(x, &c->notrace, arg);
	case 'g':
		return add_function(x, &x->plan->instances[0].graph, arg);
	case OPT_MODULE:
		ret = end_module(x);
		x->module = arg;
		x->module_used = false;
		return ret;
	case OPT_FUNC_STACK:
		c->func_stack = true;
		return 0;
	case 'd':
		c->no_functions = true;
		return 0;
	case 'D':
		c->no_functions = x->plan->system.no_ftrace = true;
		return 0;
	default: /* OPT_MAX_GRAPH_DEPTH */
		return parse_number(x, "--max-graph-depth", arg, 1, 1000000, &c->graph_depth);
	}
}

/* --- tasks */

/* "PID[,PID...]" */
static int add_pids(struct parse *x, const char *text)
{
	struct setup_conf *c = x->instance;
	const char *at = text;

	for (;;) {
		char *end;
		long pid = strtol(at, &end, 10);
		int *more;

		if (end == at || pid < 1 || pid > PID_MAX || (*end && *end != ',') ||
		    !isdigit((unsigned char)*at))
			return refuse(x, "-P: '%s' is no list of pids", text);
		more = reallocarray(c->pids, c->nr_pids + 1, sizeof(*more));
		if (!more)
			return -ENOMEM;
		c->pids = more;
		more[c->nr_pids++] = pid;
		if (!*end)
			return 0;
		at = end + 1;
	}
}

static int whom_option(struct parse *x, int id, const char *arg)
{
	switch (id) {
	case 'F':
		x->plan->only_command = true;
		return 0;
	case 'P':
		return add_pids(x, arg);
	case 'c':
		x->instance->follow = true;
		return 0;
	case OPT_PROC_MAP:
		x->instance->proc_map = true;
		return 0;
	case OPT_USER:
		return parse_text(&x->plan->user, arg);
	default: /* OPT_NO_FILTER */
		x->plan->no_filter = true;
		return 0;
	}
}

/* --- all of them */

static int instance_option(struct parse *x, int id, const char *arg)
{
	struct setup_conf *c = x->instance;
	int max_kb = plan_is_remote(x->plan) ? AGENT_BUFFER_KB_MAX : 1 << 30;

	switch (id) {
	case 'p':
		return set_tracer(x, arg);
	case 'C':
		return set_clock(x, arg);
	case OPT_TSC2NSEC:
		c->tsc2nsec = true;
		return 0;
	case 'O':
	case 'T':
		c->used = true;
		return strlist_add(&c->options, id == 'O' ? arg : "stacktrace");
	case 'b':
		return parse_number(x, "-b: buffer size must be positive", arg, 1, max_kb,
				    &c->buffer_kb);
	case OPT_SUBBUF_SIZE:
		return parse_number(x, "--subbuf-size", arg, 1, 1 << 14, &c->subbuf_kb);
	case OPT_CMDLINES_SIZE:
		return parse_number(x, "--cmdlines-size", arg, 1, 1 << 26,
				    &x->plan->system.cmdlines_size);
	default: /* 'M' */
		return set_cpumask(x, arg);
	}
}

int parse_what(struct parse *x, int id, const char *arg)
{
	if (id != 'B' && x->instance->delete)
		return refuse(x, "Instance %s is marked for deletion, invalid option %c%s",
			      x->instance->name, id < OPT_LONG ? '-' : ' ',
			      id < OPT_LONG ? (char[]){ id, 0 } : "behind it");
	switch (id) {
	case 'e':
		return add_event(x, arg);
	case 'f':
		return add_filter(x, arg);
	case 'R':
		return add_trigger(x, arg);
	case 'v':
		x->inverse = true;
		return 0;
	case 'B':
		return choose_instance(x, arg);
	case 'l':
	case 'n':
	case 'g':
	case 'd':
	case 'D':
	case OPT_MODULE:
	case OPT_FUNC_STACK:
	case OPT_MAX_GRAPH_DEPTH:
		return functions_option(x, id, arg);
	case 'F':
	case 'P':
	case 'c':
	case OPT_PROC_MAP:
	case OPT_USER:
	case OPT_NO_FILTER:
		return whom_option(x, id, arg);
	default:
		return instance_option(x, id, arg);
	}
}

int parse_what_end(struct parse *x)
{
	int i, ret = end_module(x);

	for (i = 0; !ret && i < x->plan->nr_instances; i++) {
		const struct setup_conf *c = &x->plan->instances[i];

		if (c->follow && !c->nr_pids && !x->plan->only_command)
			ret = refuse(x, " -c can only be used with -F (or -P with event-fork support)");
		else if (c->func_stack && !c->functions.nr)
			ret = refuse(x, "Must supply function filtering with --func-stack\nName functions with -l, as tracing the stack of all of them brings a machine to a halt");
	}
	return ret;
}
