/*
 * profile.c - options about profiles: what --profile and -H record. See parse.h. Layer 6.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "message.h"
#include "record/parse.h"
#include "report/hooks.h"
#include "tracefs.h"

/* What --profile records. */
static const struct profiled {
	const char *system, *event;
	bool stack;
} profiled[] = {
	{ "sched", "sched_switch", true }, { "sched", "sched_wakeup", true },
	{ "sched", "sched_process_exec", false }, { "exceptions", "page_fault_user", false },
	{ "irq", "irq_handler_entry", false }, { "irq", "irq_handler_exit", false },
	{ "irq", "softirq_entry", false }, { "irq", "softirq_exit", false },
	{ "irq", "softirq_raise", false }, { "raw_syscalls", "sys_enter", false },
	{ "raw_syscalls", "sys_exit", false },
};

static bool event_exists(const char *system, const char *event)
{
	return tracefs_event_file_exists(NULL, system, event, "id");
}

/* Does the kernel let an event have a stack? Else all of them have to. */
static bool has_stack_trigger(void)
{
	_cleanup_free_ char *text = tracefs_event_file_read(NULL, "sched", "sched_switch", "trigger",
							    NULL);

	return text && strstr(text, "stacktrace");
}

static bool has_tracer(const char *name)
{
	char **tracers = tracefs_tracers(NULL);
	bool found = false;
	int i;

	for (i = 0; tracers && tracers[i]; i++)
		found |= !strcmp(tracers[i], name);
	tracefs_list_free(tracers);
	return found;
}

static int add_event(struct parse *x, const char *system, const char *event, bool stack)
{
	_cleanup_free_ char *name = NULL;
	int ret;

	if (asprintf(&name, system ? "%s:%s" : "%s%s", system ? system : "", event) < 0)
		return -ENOMEM;
	ret = parse_what(x, 'e', name);
	return ret || !stack ? ret : parse_what(x, 'R', "stacktrace");
}

/* Of functions, by the graph tracer: those that system calls and interrupts begin with. */
static int add_functions(struct parse *x)
{
	if (x->instance->tracer)
		return 0;
	if (!has_tracer("function_graph")) {
		cmd_warn(0, "--profile: this kernel has no function_graph tracer: no times of functions,\n"
			 "  but those of scheduling, interrupts and system calls");
		return 0;
	}
	if (!x->instance->graph_depth)
		x->instance->graph_depth = 1;
	return parse_text(&x->instance->tracer, "function_graph");
}

static int add_profiled(struct parse *x)
{
	bool triggers = has_stack_trigger();
	unsigned int i;
	int ret = 0;

	for (i = 0; !ret && i < ARRAY_SIZE(profiled); i++) {
		const struct profiled *p = &profiled[i];

		if (event_exists(p->system, p->event))
			ret = add_event(x, p->system, p->event, p->stack && triggers);
		else
			cmd_warn(0, "--profile: this kernel has no event %s:%s: it is left out",
				 p->system, p->event);
	}
	if (!ret && !triggers) {
		cmd_warn(0, "--profile: this kernel has no trigger 'stacktrace': all events get stacks");
		ret = parse_what(x, 'T', NULL);
	}
	return ret ? ret : add_functions(x);
}

/* Both events of a hook. */
static int add_hooked(struct parse *x, const struct hook *h)
{
	int ret = add_event(x, h->start_system, h->start_event, h->stack);

	return ret ? ret : add_event(x, h->end_system, h->end_event, h->stack);
}

int parse_profile(struct parse *x, int id, const char *arg)
{
	struct hooks hooks = { 0 };
	int ret;

	switch (id) {
	case OPT_PROFILE:
		x->profile = true;
		x->profile_instance = x->instance - x->plan->instances;
		return 0;
	case 'S':
		x->profile_nothing = true;
		return 0;
	case 'G':
		x->plan->profile.irqs_global = true;
		return 0;
	case OPT_BY_COMM:
		x->plan->profile.by_comm = true;
		return 0;
	default: /* 'H' */
		ret = hooks_add(&hooks, arg, x->err);
		if (!ret)
			ret = strlist_add(&x->plan->profile.hooks, arg);
		if (!ret)
			ret = add_hooked(x, &hooks.item[0]);
		hooks_release(&hooks);
		return ret;
	}
}

int parse_profile_end(struct parse *x)
{
	const char *dir;
	int ret;

	if (x->plan->kind != PLAN_PROFILE && !x->profile)
		return 0;
	x->guest = NULL;
	x->inverse = false;
	if (x->profile)
		x->instance = &x->plan->instances[x->profile_instance];
	if (x->profile_nothing)
		return 0;
	/* who may not look would be told that the kernel has none of it */
	ret = setup_find_tracing(&dir, x->err);
	return ret ? ret : add_profiled(x);
}
