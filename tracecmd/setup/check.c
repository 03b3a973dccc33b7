/*
 * check.c - does the kernel have what the user asked for? See setup.h. Layer 3.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <tracefs.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/tsc.h"
#include "setup/apply.h"
#include "setup/cpumask.h"
#include "setup/option.h"
#include "setup/tracefile.h"

/* Is @word one of the words of @text, in brackets or not? */
static bool has_word(const char *text, const char *word)
{
	size_t len = strlen(word);

	for (const char *at = text; *at; at += strcspn(at, " []\n")) {
		at += strspn(at, " []\n");
		if (len && strcspn(at, " []\n") == len && strncmp(at, word, len) == 0)
			return true;
	}
	return false;
}

/*
 * Does the top directory's @file offer @word? If not, @ret_offer is what it does, a heap string.
 * What can't be read can't be checked, and is taken for a yes: writing it will tell.
 */
static bool is_offered(const char *file, const char *word, char **ret_offer)
{
	_cleanup_free_ char *path = tracefile_path(tracefs_tracing_dir(), "%s", file);
	_cleanup_free_ char *text = NULL;

	if (!path || tracefile_read(path, &text) || has_word(text, word))
		return true;
	*ret_offer = take_ptr(text);
	return false;
}

static int check_tracer(const char *tracer, struct err *err)
{
	_cleanup_free_ char *offer = NULL;

	if (strcmp(tracer, "nop") == 0 || is_offered("available_tracers", tracer, &offer))
		return 0;
	return err_set(err, -EINVAL, "Plugin '%s' does not exist\nThis kernel has: %s", tracer,
		       offer);
}

static int check_clock(const char *clock, struct err *err)
{
	_cleanup_free_ char *offer = NULL;

	if (is_offered("trace_clock", clock, &offer))
		return 0;
	return err_set(err, -EINVAL, "Clock %s is not supported\nThis kernel has: %s", clock,
		       offer);
}

static int check_events(const struct setup_conf *c, struct err *err)
{
	_cleanup_event_list_ struct event_list list = { 0 };
	int ret;

	ret = event_list_read_for(tracefs_tracing_dir(), c->events, c->nr_events, &list);
	if (ret)
		return err_set(err, ret, "cannot read %s/available_events: %s",
			       tracefs_tracing_dir(), strerror(-ret));
	for (int i = 0; i < c->nr_events; i++) {
		_cleanup_event_targets_ struct event_targets targets = { 0 };
		const char *name = c->events[i].name;

		ret = event_list_match(&list, name, &targets);
		if (ret)
			return err_set(err, ret, "no memory");
		if (!targets.count && !targets.all)
			return err_set(err, -ENOENT,
				       "No events enabled with %s\n"
				       "the file available_events of the tracing directory lists those of this kernel", name);
	}
	return 0;
}

/* Where @c will be applied, or, if that is to be made, its model. A heap string or NULL. */
static char *target_dir(const struct setup_conf *c)
{
	const char *top = tracefs_tracing_dir();
	_cleanup_free_ char *dir = c->name ? tracefile_path(top, "instances/%s", c->name) : NULL;

	return dir && access(dir, F_OK) == 0 ? take_ptr(dir) : strdup(top);
}

static int check_options(const struct setup_conf *c, const char *dir, struct err *err)
{
	const char *name, *value;

	for (int i = 0; i < c->options.nr; i++)
		if (option_parse(dir, c->options.item[i], &name, &value))
			return option_unknown(c->options.item[i], err);
	return 0;
}

static int check_cpumask(const struct setup_conf *c, const char *dir, struct err *err)
{
	_cleanup_free_ char *mask = NULL;

	return cpumask_text(c->cpumask, instance_count_cpus(dir), &mask, err);
}

/* May @file be used, which @option needs? Locked-down kernels let nobody open some. */
static int check_file(const char *dir, const char *file, const char *option, const char *advice,
		      struct err *err)
{
	_cleanup_free_ char *path = tracefile_path(dir, "%s", file);
	_cleanup_close_ int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	int ret = path ? -errno : -ENOMEM;

	if (fd >= 0)
		return 0;
	advice = advice ? advice : functions_advice(ret);
	return err_set(err, ret, "%s cannot be used here\n%s/%s: %s%s%s", option, dir, file,
		       strerror(-ret), advice ? "\n" : "", advice ? advice : "");
}

static int check_functions(const struct setup_conf *c, const char *dir, struct err *err)
{
	int ret = 0;

	if (c->functions.nr || c->commands.nr)
		ret = check_file(dir, "set_ftrace_filter", "-l", NULL, err);
	if (!ret && c->notrace.nr)
		ret = check_file(dir, "set_ftrace_notrace", "-n", NULL, err);
	if (!ret && c->graph.nr)
		ret = check_file(dir, "set_graph_function", "-g", NULL, err);
	if (!ret && c->graph_depth)
		ret = check_file(tracefs_tracing_dir(), "max_graph_depth", "--max-graph-depth",
				 NULL, err);
	return ret;
}

/* Report must get cycles of the TSC, and perf must tell what they are. */
static int check_tsc(const struct setup_conf *c, const char *dir, struct err *err)
{
	_cleanup_free_ char *path = tracefile_path(dir, "trace_clock");
	_cleanup_free_ char *text = NULL;
	struct tsc_scale scale;

	if (!c->clock && (!path || tracefile_read(path, &text)))
		text = NULL;
	if (c->clock ? strcmp(c->clock, "x86-tsc") : !text || !strstr(text, "[x86-tsc]"))
		return err_set(err, -EINVAL, "--tsc2nsec is for the clock x86-tsc: use -C tsc2nsec");
	if (tsc_scale_read(&scale))
		return err_set(err, -EOPNOTSUPP, "TSC to nanosecond is not supported\n"
			       "perf does not tell how the kernel does it: the TSC may not be stable, "
			       "or this is a virtual machine with a clock of its own; -C mono_raw is "
			       "nanoseconds");
	return 0;
}

static int check_deleted(const struct setup_conf *c, struct err *err)
{
	_cleanup_free_ char *dir = tracefile_path(tracefs_tracing_dir(), "instances/%s", c->name);

	if (!dir)
		return err_set(err, -ENOMEM, "no memory");
	return access(dir, F_OK) ? err_set(err, -errno, "there is no instance %s to remove",
					   c->name) : 0;
}

/* What only few ask for. */
static int check_details(const struct setup_conf *c, struct err *err)
{
	_cleanup_free_ char *dir = target_dir(c);
	int ret;

	if (!dir)
		return err_set(err, -ENOMEM, "no memory");
	ret = check_options(c, dir, err);
	if (!ret && c->cpumask)
		ret = check_cpumask(c, dir, err);
	if (!ret && c->subbuf_kb)
		ret = check_file(dir, "buffer_subbuf_size_kb", "--subbuf-size",
				 "the kernel can do that since Linux 6.8", err);
	if (!ret)
		ret = check_functions(c, dir, err);
	if (!ret && c->tsc2nsec)
		ret = check_tsc(c, dir, err);
	return ret;
}

int setup_check(const struct setup_conf *c, bool ignore_unknown, struct err *err)
{
	int ret = instance_check_name(c->name ? c->name : "top", err);

	if (ret)
		return ret;
	if (c->delete)
		return check_deleted(c, err);
	if (c->buffer_kb < 0)
		return err_set(err, -EINVAL, "buffer size must be positive");
	if (c->tracer)
		ret = check_tracer(c->tracer, err);
	if (!ret && c->clock)
		ret = check_clock(c->clock, err);
	if (!ret && c->nr_events && !ignore_unknown)
		ret = check_events(c, err);
	return ret ? ret : check_details(c, err);
}

/* --- names */

void setup_event_names_free(char **names)
{
	for (size_t i = 0; names && names[i]; i++)
		free(names[i]);
	free(names);
}

/* Mark in @wanted the events of @list that @c enables. 0; 1: all of them; -errno. */
static int mark_events(const struct setup_conf *c, const struct event_list *list, bool *wanted)
{
	for (int i = 0; i < c->nr_events; i++) {
		_cleanup_event_targets_ struct event_targets t = { 0 };
		int ret;

		if (c->events[i].disable)
			continue;
		ret = event_list_match(list, c->events[i].name, &t);
		if (ret)
			return ret;
		if (t.all)
			return 1;
		for (size_t k = 0; k < t.count; k++)
			for (size_t id = 0; id < t.target[k].count; id++)
				wanted[t.target[k].first + id] = true;
	}
	return 0;
}

static char **names_of(const struct event_list *list, const bool *wanted)
{
	char **names = calloc(list->count + 1, sizeof(*names));
	size_t count = 0;

	for (size_t i = 0; names && i < list->count; i++) {
		_cleanup_buf_ struct buf b = BUF_INIT;

		if (!wanted[i])
			continue;
		buf_printf(&b, "%s:%s", list->id[i].system, list->id[i].name);
		names[count] = buf_take_str(&b);
		if (!names[count++]) {
			setup_event_names_free(names);
			return NULL;
		}
	}
	return names;
}

char **setup_event_names(const struct setup_conf *c, int nr)
{
	_cleanup_event_list_ struct event_list list = { 0 };
	_cleanup_free_ bool *wanted = NULL;

	/* rather too many formats than too few when something fails */
	if (!tracefs_tracing_dir() || event_list_read(tracefs_tracing_dir(), &list))
		return NULL;
	wanted = calloc(list.count + 1, sizeof(*wanted));
	if (!wanted)
		return NULL;
	for (int i = 0; i < nr; i++)
		if (mark_events(&c[i], &list, wanted))
			return NULL;
	return names_of(&list, wanted);
}
