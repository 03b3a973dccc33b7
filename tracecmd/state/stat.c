/*
 * stat.c - see stat.h. Layer 5.
 *
 * Each block begins with an empty line, and is left out when it has nothing to say or
 * the kernel lacks its file.
 */
#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "setup/tracefile.h"
#include "state/stat.h"

/* Content of a file of the buffer; NULL if it can't be read. */
static char *content(const struct selected *b, const char *file)
{
	_cleanup_free_ char *path = tracefile_path(b->dir, "%s", file);
	char *text = NULL;

	return path && !tracefile_read(path, &text) ? text : NULL;
}

/* The same of a file of an event or system. */
static char *event_content(const struct selected *b, const char *system, const char *event,
			   const char *file)
{
	_cleanup_free_ char *path = event ?
		tracefile_path(b->dir, "events/%s/%s/%s", system, event, file) :
		tracefile_path(b->dir, "events/%s/%s", system, file);
	char *text = NULL;

	return path && !tracefile_read(path, &text) ? text : NULL;
}

static int is_name(const struct dirent *d)
{
	return d->d_name[0] != '.';
}

/* Call @fn for all directories below events/, or below that of @system, as the kernel has them. */
static void each(const struct selected *b, const char *system,
		 void (*fn)(const struct selected *b, const char *system, const char *name, void *data),
		 void *data)
{
	_cleanup_free_ char *dir = system ? tracefile_path(b->dir, "events/%s", system) :
					    tracefile_path(b->dir, "events");
	struct dirent **names;
	int i, n = dir ? scandir(dir, &names, is_name, NULL) : -1;

	for (i = 0; i < n; i++) {
		if (names[i]->d_type == DT_DIR)
			fn(b, system, names[i]->d_name, data);
		free(names[i]);
	}
	if (n >= 0)
		free(names);
}

/* A block's title, once, in front of its first line. */
struct title {
	const char *text;
	bool done;
	const char *system;	/* the one whose events come now */
};

static void title_print(struct title *t)
{
	if (!t->done)
		printf("\n%s\n", t->text);
	t->done = true;
}

/* --- events ----------------------------------------------------------------- */

static void whole_system(const struct selected *b, const char *none, const char *system, void *data)
{
	_cleanup_free_ char *enable = event_content(b, system, NULL, "enable");
	bool *any = data;

	if (!enable || enable[0] != '1')
		return;
	if (!*any)
		printf(" Individual systems:\n");
	*any = true;
	printf("   %s\n", system);
}

/* What the walk through single events has printed. */
struct singles {
	bool any;
	const char *system;
};

static void single_event(const struct selected *b, const char *system, const char *event, void *data)
{
	_cleanup_free_ char *enable = event_content(b, system, event, "enable");
	struct singles *s = data;

	if (!enable || enable[0] != '1')
		return;
	if (!s->any)
		printf(" Individual events:\n");
	if (s->system != system)
		printf("    %s\n", system);
	s->any = true;
	s->system = system;
	printf("        %s\n", event);
}

static void system_events(const struct selected *b, const char *none, const char *system, void *data)
{
	_cleanup_free_ char *enable = event_content(b, system, NULL, "enable");

	/* X: some of them */
	if (enable && enable[0] == 'X')
		each(b, system, single_event, data);
}

static void stat_events(const struct selected *b)
{
	_cleanup_free_ char *enable = content(b, "events/enable");
	struct singles singles = { 0 };
	bool systems = false;

	if (!enable)
		return;
	printf("\nEvents:\n");
	if (enable[0] == '1') {
		printf(" All enabled\n");
		return;
	}
	if (enable[0] == '0') {
		printf(" All disabled\n");
		return;
	}
	each(b, NULL, whole_system, &systems);
	each(b, NULL, system_events, &singles);
	if (!systems && !singles.any)
		printf("  (none enabled)\n");
}

/* --- filters and triggers --------------------------------------------------- */

/* Take away blanks and newlines at the end of @text. */
static char *trim(char *text)
{
	size_t len = strlen(text);

	while (len && isspace((unsigned char)text[len - 1]))
		len--;
	text[len] = '\0';
	return text;
}

static void event_filter(const struct selected *b, const char *system, const char *event, void *data)
{
	_cleanup_free_ char *filter = event_content(b, system, event, "filter");

	if (!filter || !strcmp(trim(filter), "none"))
		return;
	title_print(data);
	printf("  %s:%s \"%s\"\n", system, event, filter);
}

/* All triggers of an event are one text; what a kernel has for none is a comment. */
static void event_triggers(const struct selected *b, const char *system, const char *event,
			   void *data)
{
	_cleanup_free_ char *text = event_content(b, system, event, "trigger");

	if (!text || !*trim(text) || *text == '#')
		return;
	title_print(data);
	printf("  %s:%s \"%s\"\n", system, event, text);
}

static void system_filters(const struct selected *b, const char *none, const char *system, void *data)
{
	each(b, system, event_filter, data);
}

static void system_triggers(const struct selected *b, const char *none, const char *system,
			    void *data)
{
	each(b, system, event_triggers, data);
}

/* --- files of lines --------------------------------------------------------- */

/* The lines of @file below @text, with @blanks in front; comments are no lines. */
static void stat_lines(const struct selected *b, const char *file, const char *text, int blanks)
{
	_cleanup_free_ char *lines = content(b, file);
	struct title title = { .text = text };
	char *rest = lines, *line;

	while (lines && (line = strsep(&rest, "\n"))) {
		if (!*line || *line == '#')
			continue;
		title_print(&title);
		printf("%*s%s\n", blanks, "", line);
	}
}

/* --- sizes ------------------------------------------------------------------ */

static void stat_size(const struct selected *b)
{
	_cleanup_free_ char *all = content(b, "buffer_size_kb");
	_cleanup_free_ char *total = content(b, "buffer_total_size_kb");
	_cleanup_free_ char *subbuf = content(b, "buffer_subbuf_size_kb");
	char file[64];
	int cpu;

	if (all && all[0] == 'X') {
		printf("\n");
		for (cpu = 0; cpu < sysconf(_SC_NPROCESSORS_CONF); cpu++) {
			_cleanup_free_ char *one = NULL;

			snprintf(file, sizeof(file), "per_cpu/cpu%d/buffer_size_kb", cpu);
			one = content(b, file);
			if (one)
				printf("CPU %d buffer size (kb): %s\n", cpu, one);
		}
	} else if (all) {
		printf("\nBuffer size in kilobytes (per cpu):\n   %s\n", all);
	}
	if (total)
		printf("\nBuffer total size in kilobytes:\n   %s\n", total);
	if (subbuf && strtol(subbuf, NULL, 10) * 1024 != sysconf(_SC_PAGESIZE))
		printf("\nSub-buffer size in kilobytes:\n   %s\n", subbuf);
}

/* --- words ------------------------------------------------------------------ */

static void stat_tracer(const struct selected *b)
{
	_cleanup_free_ char *tracer = content(b, "current_tracer");

	if (tracer && strcmp(tracer, "nop"))
		printf("\nTracer: %s\n", tracer);
}

static void stat_clock(const struct selected *b)
{
	_cleanup_free_ char *clocks = content(b, "trace_clock");
	char *clock = clocks ? strchr(clocks, '[') : NULL;

	if (!clock)
		return;
	clock[strcspn(clock, "]")] = '\0';
	if (strcmp(clock + 1, "local"))
		printf("\nClock: %s\n", clock + 1);
}

/* Are there as many bits as CPUs? */
static void stat_cpumask(const struct selected *b)
{
	_cleanup_free_ char *mask = content(b, "tracing_cpumask");
	int bits = 0;
	char *c;

	for (c = mask; c && *c; c++) {
		const char digit[] = { *c, '\0' };

		if (*c != ',')
			bits += __builtin_popcountl(strtoul(digit, NULL, 16));
	}
	if (mask && bits != sysconf(_SC_NPROCESSORS_CONF))
		printf("\nCPU mask: %s\n", mask);
}

static void stat_latency(const struct selected *b)
{
	_cleanup_free_ char *latency = content(b, "tracing_max_latency");

	if (latency && strcmp(latency, "0"))
		printf("\nMax Latency: %s\n", latency);
}

static void stat_tracing_on(const struct selected *b)
{
	_cleanup_free_ char *on = content(b, "tracing_on");

	if (on)
		printf("\nTracing is %s\n\n", on[0] == '0' ? "disabled" : "enabled");
}

/* Texts that stand as they are. */
static void stat_text(const struct selected *b, const char *file, const char *title)
{
	_cleanup_free_ char *text = content(b, file);

	if (text && *text)
		printf("\n%s\n%s\n", title, text);
}

/* Lists of pids; "no pid" is how some kernels say that there is none. */
static void stat_pids(const struct selected *b, const char *file, const char *title)
{
	_cleanup_free_ char *text = content(b, file);

	if (text && *text && strcmp(text, "no pid") && *text != '#')
		printf("\n%s\n%s\n", title, text);
}

static void stat_instances(const struct selected *b)
{
	_cleanup_free_ char *dir = tracefile_path(b->dir, "instances");
	struct title title = { .text = "Instances:" };
	struct dirent **names;
	int i, n = dir && !b->name ? scandir(dir, &names, is_name, NULL) : -1;

	for (i = 0; i < n; i++) {
		title_print(&title);
		printf(" %s\n", names[i]->d_name);
		free(names[i]);
	}
	if (n >= 0)
		free(names);
}

/* Those that the buffer has, the tracers' among them. */
static void stat_options(const struct selected *b)
{
	_cleanup_free_ char *dir = tracefile_path(b->dir, "options");
	struct title title = { .text = "Options:" };
	struct dirent **names;
	int i, n = dir ? scandir(dir, &names, is_name, NULL) : -1;

	for (i = 0; i < n; i++) {
		_cleanup_free_ char *path = tracefile_path(dir, "%s", names[i]->d_name);
		_cleanup_free_ char *on = NULL;

		if (path && !tracefile_read(path, &on)) {
			title_print(&title);
			printf("   %s%s\n", on[0] == '0' ? "no" : "", names[i]->d_name);
		}
		free(names[i]);
	}
	if (n >= 0)
		free(names);
}

void stat_buffer(const struct selected *b, bool options)
{
	struct title filters = { .text = "Filters:" }, triggers = { .text = "Triggers:" };

	stat_tracer(b);
	stat_events(b);
	each(b, NULL, system_filters, &filters);
	each(b, NULL, system_triggers, &triggers);
	stat_lines(b, "set_ftrace_filter", "Function Filter:", 3);
	stat_lines(b, "set_ftrace_notrace", "Function No Trace:", 3);
	stat_lines(b, "set_graph_function", "Function Graph Filter:", 3);
	stat_lines(b, "set_graph_notrace", "Function Graph No Trace:", 3);
	stat_size(b);
	stat_clock(b);
	stat_cpumask(b);
	stat_latency(b);
	stat_lines(b, "kprobe_events", "Kprobe events:", 3);
	stat_lines(b, "uprobe_events", "Uprobe events:", 3);
	stat_lines(b, "synthetic_events", "Synthetic events:", 3);
	stat_pids(b, "set_event_pid", "Filtered event PIDs:");
	stat_pids(b, "set_event_notrace_pid", "Filtered notrace event PIDs:");
	stat_pids(b, "set_ftrace_pid", "Filtered function tracer PIDs:");
	stat_pids(b, "set_ftrace_notrace_pid", "Filtered function tracer notrace PIDs:");
	if (options)
		stat_options(b);
	stat_tracing_on(b);
	stat_text(b, "error_log", "Error log:");
	stat_instances(b);
}

void stat_stack_tracer(void)
{
	char *text = NULL;

	if (tracefile_read("/proc/sys/kernel/stack_tracer_enabled", &text))
		return;
	if (text[0] != '0')
		printf("\nStack tracing is enabled\n\n");
	free(text);
}
