/*
 * list.c - see list.h. Layer 5.
 */
#include <dirent.h>
#include <errno.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "setup/tracefile.h"
#include "state/list.h"
#include "state/prototypes.h"

static void regex_release(regex_t *re)
{
	regfree(re);
}

/* Content of a file of the tracing directory. 0; -errno, described. */
static int content(const char *tracing, const char *file, char **ret, struct err *err)
{
	_cleanup_free_ char *path = tracefile_path(tracing, "%s", file);
	int error = path ? tracefile_read(path, ret) : -ENOMEM;

	return error ? err_set(err, error, "reading %s", path ? path : file) : 0;
}

static int compile(regex_t *re, const char *pattern, struct err *err)
{
	return regcomp(re, pattern, REG_ICASE | REG_NOSUB) ?
	       err_set(err, -EINVAL, "'%s' is no regular expression", pattern) : 0;
}

/* --- events ----------------------------------------------------------------- */

/* The parts of a pattern. "SYS:EV" are two; of a word alone one part matching will do. */
struct event_match {
	bool all, both, systems_only;
	regex_t system, event;
};

static void match_release(struct event_match *m)
{
	if (m->all)
		return;
	regfree(&m->system);
	regfree(&m->event);
}

static int match_init(struct event_match *m, const char *pattern, struct err *err)
{
	_cleanup_free_ char *system = NULL;
	const char *colon = pattern ? strchr(pattern, ':') : NULL;
	int ret;

	*m = (struct event_match){ .all = true };
	if (!pattern)
		return 0;
	system = colon ? strndup(pattern, colon - pattern) : strdup(pattern);
	if (!system)
		return err_set(err, -ENOMEM, "out of memory");
	ret = compile(&m->system, system, err);
	if (ret)
		return ret;
	ret = compile(&m->event, colon ? colon + 1 : pattern, err);
	if (ret) {
		regex_release(&m->system);
		return ret;
	}
	m->all = false;
	m->both = colon && colon[1];
	m->systems_only = colon && !colon[1];
	return 0;
}

static bool matches(const struct event_match *m, const char *system, const char *event)
{
	bool s = m->all || !regexec(&m->system, system, 0, NULL, 0), e;

	if (m->all || m->systems_only)
		return s;
	e = !regexec(&m->event, event, 0, NULL, 0);
	return m->both ? s && e : s || e;
}

static void print_format(const char *tracing, const char *system, const char *event, bool full)
{
	_cleanup_free_ char *path = tracefile_path(tracing, "events/%s/%s/format", system, event);
	_cleanup_free_ char *text = NULL;
	char *end;

	if (!path || tracefile_read(path, &text))
		return;
	end = full ? NULL : strstr(text, "\nprint fmt:");
	if (end)
		*end = '\0';
	printf("system: %s\n%s\n", system, text);
}

static void print_event(const char *tracing, const struct list_events *what, const char *system,
			const char *event)
{
	const char *files[] = { what->filter ? "filter" : NULL, what->triggers ? "trigger" : NULL };
	unsigned int i;

	if (what->format) {
		print_format(tracing, system, event, what->full);
		return;
	}
	printf("%s:%s\n", system, event);
	for (i = 0; i < ARRAY_SIZE(files); i++) {
		_cleanup_free_ char *path = NULL, *text = NULL;

		if (!files[i])
			continue;
		path = tracefile_path(tracing, "events/%s/%s/%s", system, event, files[i]);
		if (path && !tracefile_read(path, &text))
			printf("%s\n", text);
		printf("\n");
	}
}

static int is_dir(const struct dirent *d)
{
	return d->d_name[0] != '.' && (d->d_type == DT_DIR || d->d_type == DT_UNKNOWN);
}

/* Directories below @dir in the kernel's order, as scandir(). How many; -errno, described. */
static int dirs_below(const char *dir, struct dirent ***ret, struct err *err)
{
	int n = scandir(dir, ret, is_dir, NULL);

	return n < 0 ? err_set(err, -errno, "reading %s", dir) : n;
}

static int system_events(const char *tracing, const struct list_events *what,
			 const struct event_match *m, const char *system, struct err *err)
{
	_cleanup_free_ char *dir = tracefile_path(tracing, "events/%s", system);
	struct dirent **events;
	int i, n = dir ? dirs_below(dir, &events, err) : -ENOMEM;

	for (i = 0; i < n; i++) {
		if (matches(m, system, events[i]->d_name))
			print_event(tracing, what, system, events[i]->d_name);
		free(events[i]);
	}
	if (n < 0)
		return n;
	free(events);
	return 0;
}

/* Call @fn for each system, that of ftrace's own events among them. 0; -errno, described. */
static int each_system(const char *tracing, int (*fn)(const char *system, void *data, struct err *err),
		       void *data, struct err *err)
{
	_cleanup_free_ char *dir = tracefile_path(tracing, "events");
	struct dirent **systems;
	int i, ret = 0, n = dir ? dirs_below(dir, &systems, err) : -ENOMEM;

	for (i = 0; i < n; i++) {
		if (!ret)
			ret = fn(systems[i]->d_name, data, err);
		free(systems[i]);
	}
	if (n < 0)
		return n;
	free(systems);
	return ret;
}

struct event_walk {
	const char *tracing;
	const struct list_events *what;
	const struct event_match *match;
};

static int walk_system(const char *system, void *data, struct err *err)
{
	struct event_walk *w = data;
	int ret = system_events(w->tracing, w->what, w->match, system, err);

	/* modules and probes come and go */
	return ret == -ENOENT ? 0 : ret;
}

int list_events(const char *tracing, const struct list_events *what, struct err *err)
{
	_cleanup_free_ char *events = NULL;
	struct event_match m;
	struct event_walk walk = { tracing, what, &m };
	int ret;

	/* without those of ftrace itself */
	if (!what->pattern) {
		ret = content(tracing, "available_events", &events, err);
		if (!ret)
			printf("%s%s", events, *events ? "\n" : "");
		return ret;
	}
	ret = match_init(&m, what->pattern, err);
	if (ret)
		return ret;
	ret = each_system(tracing, walk_system, &walk, err);
	match_release(&m);
	return ret;
}

static int print_system(const char *system, void *data, struct err *err)
{
	printf("%s\n", system);
	return 0;
}

int list_systems(const char *tracing, struct err *err)
{
	int ret = each_system(tracing, print_system, NULL, err);

	if (!ret)
		printf("\n");
	return ret;
}

/* --- the rest --------------------------------------------------------------- */

int list_tracers(const char *tracing, struct err *err)
{
	_cleanup_free_ char *text = NULL;
	int ret = content(tracing, "available_tracers", &text, err);

	if (!ret)
		printf("%s\n", text);
	return ret;
}

/* An option by its name alone, or by what is printed: "no" in front if it is off. */
static void print_option(const char *dir, const char *name, const regex_t *re)
{
	_cleanup_free_ char *path = tracefile_path(dir, "%s", name);
	_cleanup_free_ char *on = NULL, *line = NULL;

	if (!path || tracefile_read(path, &on) ||
	    asprintf(&line, "%s%s", on[0] == '0' ? "no" : "", name) < 0)
		return;
	if (!re || !regexec(re, name, 0, NULL, 0) || !regexec(re, line, 0, NULL, 0))
		printf("%s\n", line);
}

int list_options(const char *tracing, const char *pattern, struct err *err)
{
	_cleanup_free_ char *dir = tracefile_path(tracing, "options");
	struct dirent **names;
	regex_t re;
	int i, n, ret = pattern ? compile(&re, pattern, err) : 0;

	if (ret)
		return ret;
	n = dir ? scandir(dir, &names, NULL, NULL) : -1;
	if (n < 0)
		ret = err_set(err, -errno, "reading %s", dir ? dir : "options");
	for (i = 0; i < n; i++) {
		if (names[i]->d_name[0] != '.')
			print_option(dir, names[i]->d_name, pattern ? &re : NULL);
		free(names[i]);
	}
	if (n >= 0)
		free(names);
	if (pattern)
		regfree(&re);
	return ret;
}

/* A line "name [module]", with what the function is called with behind its name. 0; -ENOMEM. */
static int print_prototype(struct prototypes *p, const char *line)
{
	_cleanup_buf_ struct buf name = BUF_INIT, module = BUF_INIT, params = BUF_INIT;
	size_t len = strcspn(line, " \t");
	const char *open = strchr(line + len, '[');

	buf_add(&name, line, len);
	buf_add(&name, "", 1);
	if (open)
		buf_add(&module, open + 1, strcspn(open + 1, "]"));
	buf_add(&module, "", 1);
	if (name.error || module.error ||
	    prototypes_put(p, (char *)name.data, open ? (char *)module.data : NULL, &params))
		return -ENOMEM;
	printf("%s%s%s\n", (char *)name.data, params.len ? (char *)params.data : "", line + len);
	return 0;
}

/* The lines of @f that match. 0; -ENOMEM. */
static int print_functions(FILE *f, const regex_t *re, struct prototypes *p)
{
	_cleanup_free_ char *line = NULL;
	size_t size = 0;
	int ret = 0;

	while (!ret && getline(&line, &size, f) > 0) {
		line[strcspn(line, "\n")] = '\0';
		if (regexec(re, line, 0, NULL, 0))
			continue;
		if (p)
			ret = print_prototype(p, line);
		else
			printf("%s\n", line);
	}
	return ret;
}

int list_functions(const char *tracing, const char *pattern, bool proto, struct err *err)
{
	_cleanup_free_ char *path = tracefile_path(tracing, "available_filter_functions");
	_cleanup_(regex_release) regex_t re = { 0 };
	struct prototypes p;
	FILE *f;
	int ret = compile(&re, pattern ? pattern : "", err);

	if (ret)
		return ret;
	f = path ? fopen(path, "re") : NULL;
	if (!f)
		return err_set(err, -errno, "reading %s", path ? path : "available_filter_functions");
	if (proto)
		ret = prototypes_init(&p, err);
	if (!ret) {
		ret = print_functions(f, &re, proto ? &p : NULL);
		if (proto)
			prototypes_release(&p);
		ret = ret ? err_set(err, ret, "out of memory") :
		      ferror(f) ? err_set(err, -errno, "reading %s", path) : 0;
	}
	fclose(f);
	return ret;
}

int list_instances(const char *tracing, struct err *err)
{
	_cleanup_free_ char *dir = tracefile_path(tracing, "instances");
	struct dirent **names;
	int i, any = 0, n = dir ? scandir(dir, &names, NULL, NULL) : -1;

	if (n < 0)
		return err_set(err, -errno, "reading %s", dir ? dir : "instances");
	for (i = 0; i < n; i++) {
		if (names[i]->d_name[0] != '.')
			any = printf("%s\n", names[i]->d_name);
		free(names[i]);
	}
	free(names);
	if (!any)
		printf("No buffer instances defined\n");
	return 0;
}

int list_clocks(const char *tracing, struct err *err)
{
	_cleanup_free_ char *text = NULL;
	int ret = content(tracing, "trace_clock", &text, err);

	if (!ret)
		printf("%s\n", text);
	return ret;
}

int list_all(const char *tracing, struct err *err)
{
	struct list_events what = { 0 };
	int ret;

	printf("event systems:\n");
	ret = list_systems(tracing, err);
	if (!ret) {
		printf("events:\n");
		ret = list_events(tracing, &what, err);
	}
	if (!ret) {
		printf("\ntracers:\n");
		ret = list_tracers(tracing, err);
	}
	if (!ret) {
		printf("\noptions:\n");
		ret = list_options(tracing, NULL, err);
	}
	return ret;
}
