/*
 * events.c - see events.h. Layer 3.
 */
#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "setup/events.h"
#include "setup/setup.h"
#include "setup/tracefile.h"

static size_t count_lines(const char *text)
{
	size_t count = 1;

	for (; *text; text++)
		count += *text == '\n';
	return count;
}

/* Cut the text into its "SYSTEM:EVENT" lines; others are left out. */
static void split_lines(struct event_list *l)
{
	char *rest = l->text, *line;

	while ((line = strsep(&rest, "\n"))) {
		char *colon = strchr(line, ':');

		if (!colon || colon == line)
			continue;
		*colon = '\0';
		l->id[l->count++] = (struct event_id){ .system = line, .name = colon + 1 };
	}
}

static int compare_ids(const void *a, const void *b)
{
	const struct event_id *x = a, *y = b;
	int order = strcmp(x->system, y->system);

	return order ? order : strcmp(x->name, y->name);
}

/* Make a list of @text, which it takes over. 0; -ENOMEM. */
static int list_text(char *text, struct event_list *ret)
{
	struct event_list l = { .text = text };

	l.id = calloc(count_lines(l.text), sizeof(*l.id));
	if (!l.id) {
		event_list_release(&l);
		return -ENOMEM;
	}
	split_lines(&l);
	/* a system whose events come from several modules is scattered otherwise */
	qsort(l.id, l.count, sizeof(*l.id), compare_ids);
	*ret = l;
	return 0;
}

int event_list_read(const char *dir, struct event_list *ret)
{
	_cleanup_free_ char *path = tracefile_path(dir, "available_events");
	char *text;
	int error;

	if (!path)
		return -ENOMEM;
	error = tracefile_read(path, &text);
	return error ? error : list_text(text, ret);
}

/* Is @name "SYSTEM:EVENT", no pattern, and the kernel has it, to be switched on and off? */
static bool is_there(const char *dir, const char *name)
{
	size_t len = strcspn(name, ":");
	_cleanup_free_ char *path = NULL;

	if (!len || !name[len] || !name[len + 1] || name[0] == '.' || name[len + 1] == '.' ||
	    strpbrk(name, "*?[\\/\n") || strchr(name + len + 1, ':'))
		return false;
	path = tracefile_path(dir, "events/%.*s/%s/enable", (int)len, name, name + len + 1);
	return path && access(path, F_OK) == 0;
}

static void drop_doubles(struct event_list *l)
{
	size_t kept = 0;

	for (size_t i = 0; i < l->count; i++)
		if (!i || compare_ids(&l->id[kept - 1], &l->id[i]))
			l->id[kept++] = l->id[i];
	l->count = kept;
}

int event_list_read_for(const char *dir, const struct setup_event *events, int nr,
			struct event_list *ret)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	int error;

	for (int i = 0; i < nr; i++) {
		if (!is_there(dir, events[i].name))
			return event_list_read(dir, ret);
		buf_printf(&text, "%s\n", events[i].name);
	}
	if (buf_add(&text, "", 1))
		return -ENOMEM;
	error = list_text(buf_take_str(&text), ret);
	if (!error)
		drop_doubles(ret);
	return error;
}

void event_list_release(struct event_list *l)
{
	free(l->text);
	free(l->id);
	*l = (struct event_list){ 0 };
}

void event_targets_release(struct event_targets *t)
{
	free(t->target);
	*t = (struct event_targets){ 0 };
}

static int add_target(struct event_targets *t, struct event_target target)
{
	if (t->count == t->alloc) {
		size_t alloc = t->alloc ? t->alloc * 2 : 16;
		struct event_target *grown = reallocarray(t->target, alloc, sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		t->target = grown;
		t->alloc = alloc;
	}
	t->target[t->count++] = target;
	return 0;
}

static bool matches(const char *pattern, const char *name)
{
	return fnmatch(pattern, name, 0) == 0;
}

/* A name taken apart: a NULL pattern matches nothing, event pattern NULL asks for whole systems. */
struct pattern {
	const char *system;
	const char *event;
	bool either;		/* "NAME": systems that match as a whole, events of all others */
};

/* Add what of the system [first, first + count) is meant. */
static int match_system(const struct event_list *l, size_t first, size_t count,
			const struct pattern *p, struct event_targets *t)
{
	const char *system = l->id[first].system;
	bool in = matches(p->system, system);
	int ret = 0;

	if (in && !p->event)
		return add_target(t, (struct event_target){ system, NULL, first, count });
	if (p->either ? in : !in)
		return 0;
	for (size_t i = first; i < first + count && !ret; i++)
		if (matches(p->either ? p->system : p->event, l->id[i].name))
			ret = add_target(t, (struct event_target){ system, l->id[i].name, i, 1 });
	return ret;
}

int event_list_match(const struct event_list *l, const char *name, struct event_targets *ret)
{
	_cleanup_event_targets_ struct event_targets t = { 0 };
	_cleanup_free_ char *system = strdup(name);
	struct pattern p = { .system = system };
	char *colon;
	size_t count;

	if (!system)
		return -ENOMEM;
	t.all = strcmp(name, "all") == 0;
	colon = strchr(system, ':');
	if (t.all) {
		p.system = "*";
	} else if (colon) {
		*colon = '\0';
		p.event = colon[1] && strcmp(colon + 1, "*") ? colon + 1 : NULL;
	} else {
		p.either = true;
	}
	for (size_t first = 0; first < l->count; first += count) {
		count = 1;
		while (first + count < l->count &&
		       strcmp(l->id[first + count].system, l->id[first].system) == 0)
			count++;
		if (match_system(l, first, count, &p, &t))
			return -ENOMEM;
	}
	*ret = t;
	t = (struct event_targets){ 0 };
	return 0;
}
