/*
 * apply.c - bring an instance into the state asked for. See setup.h. Layer 3.
 *
 * Most writes make the kernel wait for a grace period (2 to 40 ms each), so
 * everything is read first and only what differs is written.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "setup/apply.h"
#include "setup/option.h"
#include "setup/tracefile.h"

int apply_optional(struct setup_instance *s, const char *file, const char *value)
{
	_cleanup_free_ char *path = tracefile_path(s->dir, "%s", file);
	int ret;

	if (!path)
		return -ENOMEM;
	ret = journal_write(s->journal, path, value, NULL);
	if (ret && ret != -ENOMEM) {
		log_debug("%s is left as it is: %s", path, strerror(-ret));
		ret = 0;
	}
	return ret;
}

int apply_asked(struct setup_instance *s, const char *file, const char *value, const char *what,
		const char *advice, struct err *err)
{
	_cleanup_free_ char *path = tracefile_path(s->dir, "%s", file);
	int ret;

	if (!path)
		return err_set(err, -ENOMEM, "no memory");
	ret = journal_write(s->journal, path, value, NULL);
	return ret ? err_set(err, ret, "%s\n%s: %s%s%s", what, path, strerror(-ret),
			     advice ? "\n" : "", advice ? advice : "") : 0;
}

/* --- reset */

/* Functions and stack traces of a tracer we don't use; the files may be locked or missing. */
static int reset_tracer(struct setup_instance *s, const struct setup_conf *c)
{
	int ret = 0;

	if (!c->func_stack)
		ret = apply_optional(s, "options/func_stack_trace", "0");
	/*
	 * nothing else can be set in a new one (that option is of all instances at once): each file that is opened
	 * in vain waits for all others who set something up, of any instance
	 */
	if (s->created)
		return ret;
	/* the one asked for is written later: no need to leave it before */
	if (!ret && (!c->tracer || strcmp(c->tracer, "nop") == 0))
		ret = apply_optional(s, "current_tracer", "nop");
	if (!ret)
		ret = apply_functions_reset(s, c);
	return ret ? ret : apply_pids_reset(s, c);
}

static int reset(struct setup_instance *s, const struct setup_conf *c)
{
	int ret;

	ret = apply_optional(s, "tracing_on", "0");
	if (!ret)
		ret = reset_tracer(s, c);
	if (!ret)
		ret = apply_events_reset(s);
	return ret;
}

/* Nothing is reset, but a command switches tracing on, and what fails puts it back. */
static int remember_switch(struct setup_instance *s)
{
	_cleanup_free_ char *path = tracefile_path(s->dir, "tracing_on");

	if (!path)
		return -ENOMEM;
	return journal_remember(s->journal, path) == -ENOMEM ? -ENOMEM : 0;
}

/* Throw away what was recorded before us. The old content can't be put back. */
static int empty_buffer(struct setup_instance *s)
{
	_cleanup_free_ char *path = tracefile_path(s->dir, "trace");
	int ret;

	if (!path)
		return -ENOMEM;
	if (s->created || instance_is_empty(s))
		return 0;
	ret = tracefile_write(path, "", false);
	if (ret)
		log_debug("%s can't be emptied: %s", path, strerror(-ret));
	return 0;
}

/* --- clock, tracer, options */

static int apply_clock(struct setup_instance *s, const char *clock, struct err *err)
{
	_cleanup_buf_ struct buf what = BUF_INIT;

	if (!clock)
		return 0;
	buf_printf(&what, "Clock %s cannot be set", clock);
	if (what.error)
		return err_set(err, what.error, "no memory");
	return apply_asked(s, "trace_clock", clock, (char *)what.data, NULL, err);
}

int setup_switch_clock(struct setup_instance *s, const char *clock, struct err *err)
{
	int ret = apply_clock(s, clock, err);

	if (!ret && instance_learn(s))
		ret = err_set(err, -ENOMEM, "no memory");
	return ret;
}

bool setup_tracer_is_latency(const char *tracer)
{
	static const char *const names[] = {
		"irqsoff", "preemptoff", "preemptirqsoff", "wakeup", "wakeup_rt", "wakeup_dl",
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (strcmp(tracer, names[i]) == 0)
			return true;
	return false;
}

static int apply_tracer(struct setup_instance *s, const struct setup_conf *c, struct err *err)
{
	_cleanup_free_ char *path = tracefile_path(s->dir, "current_tracer");
	const char *advice = NULL;
	int ret;

	if (!c->tracer || strcmp(c->tracer, "nop") == 0)
		return 0;
	s->latency = setup_tracer_is_latency(c->tracer);
	ret = path ? journal_write(s->journal, path, c->tracer, NULL) : -ENOMEM;
	if (ret == -EPERM && s->functions)
		advice = functions_advice(ret);
	else if (ret == -EINVAL && s->name[0])
		advice = "this kernel has not all tracers for instances: try it without -B";
	if (ret)
		return err_set(err, ret, "Plugin '%s' cannot be used%s%s\n%s: %s%s%s", c->tracer,
			       s->name[0] ? " in instance " : "", s->name, path, strerror(-ret),
			       advice ? "\n" : "", advice ? advice : "");
	/* a new worst case is what these look for */
	if (s->latency && apply_optional(s, "tracing_max_latency", "0"))
		return err_set(err, -ENOMEM, "no memory");
	return 0;
}

static int apply_option(struct setup_instance *s, const char *option, struct err *err)
{
	_cleanup_buf_ struct buf what = BUF_INIT;
	_cleanup_buf_ struct buf file = BUF_INIT;
	const char *name, *value;

	if (option_parse(s->dir, option, &name, &value))
		return option_unknown(option, err);
	buf_printf(&what, "Failed to  set ftrace option %s", option);
	buf_printf(&file, "options/%s", name);
	if (what.error || file.error)
		return err_set(err, -ENOMEM, "no memory");
	return apply_asked(s, (char *)file.data, value, (char *)what.data, NULL, err);
}

/* --- all of it */

/* What the instance's tracer is going to be: that asked for, or the one it has. */
static void learn_tracer(struct setup_instance *s, const struct setup_conf *c)
{
	_cleanup_free_ char *path = tracefile_path(s->dir, "current_tracer");
	_cleanup_free_ char *now = NULL;

	if (!c->tracer && path && !s->created && tracefile_read(path, &now))
		now = NULL;
	s->functions = functions_are_traced_by(c->tracer ? c->tracer : now);
}

static int apply(struct setup_instance *s, const struct setup_conf *c, bool onto, struct err *err)
{
	int ret = onto ? remember_switch(s) : reset(s, c);

	if (ret)
		return err_set(err, ret, "no memory");
	learn_tracer(s, c);
	ret = apply_clock(s, c->clock, err);
	/* a new clock empties the buffer, too */
	if (!ret && !onto && empty_buffer(s))
		ret = err_set(err, -ENOMEM, "no memory");
	if (!ret)
		ret = apply_functions(s, c, err);
	if (!ret)
		ret = apply_cpumask(s, c, err);
	if (!ret)
		ret = apply_pids(s, c, err);
	if (!ret)
		ret = apply_events(s, c, err);
	if (!ret)
		ret = apply_sizes(s, c, err);
	if (!ret)
		ret = apply_tracer(s, c, err);
	if (!ret)
		ret = apply_function_options(s, c, err);
	for (int i = 0; i < c->options.nr && !ret; i++)
		ret = apply_option(s, c->options.item[i], err);
	if (!ret && instance_learn(s))
		ret = err_set(err, -ENOMEM, "no memory");
	return ret;
}

static int open_and_apply(const struct setup_conf *c, struct journal *j, bool onto,
			  struct setup_instance **ret, struct err *err)
{
	struct setup_instance *s = NULL;
	int error;

	error = instance_open(c->name, j, &s, err);
	if (error)
		return error;
	error = apply(s, c, onto, err);
	if (error) {
		setup_free(s);
		return error;
	}
	*ret = s;
	return 0;
}

int setup_apply(const struct setup_conf *c, struct journal *j, struct setup_instance **ret,
		struct err *err)
{
	return open_and_apply(c, j, false, ret, err);
}

int setup_apply_onto(const struct setup_conf *c, struct journal *j, struct setup_instance **ret,
		     struct err *err)
{
	return open_and_apply(c, j, true, ret, err);
}
