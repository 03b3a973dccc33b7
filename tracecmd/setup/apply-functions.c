/*
 * apply-functions.c - which functions are traced, and how. See apply.h. Layer 3.
 *
 * Kernels without function tracing have none of these files, and locked-down ones let nobody
 * open them: that matters only if something was asked for.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <tracefs.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "setup/apply.h"
#include "setup/functions.h"
#include "setup/tracefile.h"

/* Files with lists of functions; the last two are the top instance's only. */
static const char *const lists[] = {
	"set_ftrace_filter", "set_ftrace_notrace", "set_graph_function", "set_graph_notrace",
};

bool functions_are_traced_by(const char *tracer)
{
	static const char *const names[] = {
		"function", "function_graph", "wakeup", "wakeup_rt", "wakeup_dl", "irqsoff",
		"preemptoff", "preemptirqsoff",
	};

	for (size_t i = 0; tracer && i < ARRAY_SIZE(names); i++)
		if (strcmp(tracer, names[i]) == 0)
			return true;
	return false;
}

const char *functions_advice(int code)
{
	switch (code) {
	case -ENOENT:
		return "this kernel was built without that (CONFIG_FUNCTION_TRACER, "
		       "CONFIG_DYNAMIC_FTRACE), or it is for the top instance only";
	case -EPERM:
		return "the kernel is locked down, which forbids tracing functions: "
		       "boot it without (lockdown=none, Secure Boot off)";
	case -EACCES:
		return "run as root, or as a member of the group that owns the tracing directory";
	default:
		return NULL;
	}
}

/* What others want traced, or not, is not what we want. */
static int clear_list(struct setup_instance *s, const char *file)
{
	_cleanup_free_ char *path = tracefile_path(s->dir, "%s", file);
	int ret;

	if (!path)
		return -ENOMEM;
	ret = journal_functions(s->journal, path);
	if (!ret)
		ret = functions_set(path, "");
	if (ret && ret != -ENOMEM) {
		log_debug("%s is left as it is: %s", path, strerror(-ret));
		ret = 0;
	}
	return ret;
}

int apply_functions_reset(struct setup_instance *s, const struct setup_conf *c)
{
	bool used = functions_are_traced_by(c->tracer) || c->functions.nr || c->notrace.nr ||
		    c->commands.nr || c->graph.nr;
	int ret = 0;

	if (!used)
		return 0;
	/* without its filters, the tracer that is there would trace everything */
	ret = apply_optional(s, "current_tracer", "nop");
	for (size_t i = 0; i < ARRAY_SIZE(lists) && !ret && !s->created; i++)
		ret = clear_list(s, lists[i]);
	if (!ret && c->tracer && strcmp(c->tracer, "function_graph") == 0 && !c->graph_depth)
		ret = apply_optional(s, "max_graph_depth", "0");
	return ret;
}

int functions_describe(struct err *err, int code, const char *path, const char *bad,
		       const char *option)
{
	const char *advice = functions_advice(code);

	if (code == -EINVAL && bad)
		return err_set(err, code, "%s: the kernel traces no function '%s'\n"
			       "the file available_filter_functions of the tracing directory "
			       "lists those of this kernel", option, bad);
	return err_set(err, code, "the functions of %s cannot be set\n%s: %s%s%s", option, path,
		       strerror(-code), advice ? "\n" : "", advice ? advice : "");
}

/* Write what @option gave to a list, which is noted in the journal before. */
static int write_list(struct setup_instance *s, const char *file, const struct strlist *names,
		      bool append, const char *option, struct err *err)
{
	_cleanup_free_ char *path = tracefile_path(s->dir, "%s", file);
	const char *bad = NULL;
	int ret;

	if (!names->nr)
		return 0;
	if (!path)
		return err_set(err, -ENOMEM, "no memory");
	ret = journal_functions(s->journal, path);
	if (!ret)
		ret = functions_write(path, names->item, names->nr, append, &bad);
	if (ret == -EINVAL && append)
		return err_set(err, ret, "%s: the kernel does not take the command '%s'", option,
			       bad ? bad : names->item[0]);
	return ret ? functions_describe(err, ret, path, bad, option) : 0;
}

int apply_functions(struct setup_instance *s, const struct setup_conf *c, struct err *err)
{
	bool top_graph = !s->name[0] && c->tracer && strcmp(c->tracer, "function_graph") == 0;
	int ret;

	ret = write_list(s, "set_ftrace_filter", &c->functions, false, "-l", err);
	if (!ret)
		ret = write_list(s, "set_ftrace_filter", &c->commands, true, "-l", err);
	if (!ret)
		ret = write_list(s, top_graph ? "set_graph_notrace" : "set_ftrace_notrace",
				 &c->notrace, false, "-n", err);
	if (!ret)
		ret = write_list(s, "set_graph_function", &c->graph, false, "-g", err);
	return ret;
}

/* The depth is the same for all instances: its file is in the tracing directory itself. */
static int set_depth(struct setup_instance *s, int depth, struct err *err)
{
	_cleanup_free_ char *path = tracefile_path(tracefs_tracing_dir(), "max_graph_depth");
	const char *advice;
	char text[16];
	int ret;

	snprintf(text, sizeof(text), "%d", depth);
	ret = path ? journal_write(s->journal, path, text, NULL) : -ENOMEM;
	advice = functions_advice(ret);
	return ret ? err_set(err, ret, "--max-graph-depth cannot be set\n%s: %s%s%s", path,
			     strerror(-ret), advice ? "\n" : "", advice ? advice : "") : 0;
}

int apply_function_options(struct setup_instance *s, const struct setup_conf *c, struct err *err)
{
	int ret = 0;

	if (c->graph_depth)
		ret = set_depth(s, c->graph_depth, err);
	if (!ret && c->func_stack)
		ret = apply_asked(s, "options/func_stack_trace", "1",
				  "--func-stack cannot be set", functions_advice(-ENOENT), err);
	/* where there is no such option no functions are traced anyway */
	if (!ret && c->no_functions && apply_optional(s, "options/function-trace", "0"))
		ret = err_set(err, -ENOMEM, "no memory");
	return ret;
}
