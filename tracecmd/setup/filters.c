/*
 * filters.c - filters of events and of whole systems. See apply.h. Layer 3.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "setup/apply.h"
#include "setup/tracefile.h"

/*
 * Take away the filters that the events of @t have. With @by_system a filter will be written to
 * the whole system: then also events without one are noted if the system's own restore would
 * give them one.
 */
static int clear_filters(struct setup_instance *s, const struct event_list *list,
			 const struct event_target *t, bool by_system)
{
	bool note_all = false;
	int ret = 0;

	if (by_system) {
		_cleanup_free_ char *path = tracefile_path(s->dir, "events/%s/filter", t->system);
		_cleanup_free_ char *text = NULL;

		if (path && tracefile_read(path, &text) == 0)
			note_all = text[0] != '#' && strcmp(text, "none") != 0;
	}
	for (size_t i = t->first; i < t->first + t->count && !ret; i++) {
		_cleanup_free_ char *path = tracefile_path(s->dir, "events/%s/%s/filter",
							   list->id[i].system, list->id[i].name);
		_cleanup_free_ char *text = NULL;

		if (!path)
			return -ENOMEM;
		if (tracefile_read(path, &text))
			continue;
		if (strcmp(text, "none") != 0)
			ret = journal_write(s->journal, path, "0", NULL);
		else if (note_all)
			ret = journal_note(s->journal, path, "0");
	}
	return ret == -ENOMEM ? ret : 0;
}

/*
 * Has any event of the system @t got a filter? Kernels may say that they took a system's filter
 * when no event had use for it.
 */
static bool filter_suits_any(struct setup_instance *s, const struct event_list *list,
			     const struct event_target *t)
{
	for (size_t i = t->first; i < t->first + t->count; i++) {
		_cleanup_free_ char *path = tracefile_path(s->dir, "events/%s/%s/filter",
							   list->id[i].system, list->id[i].name);
		_cleanup_free_ char *text = NULL;

		/* what can't be read has to be believed */
		if (!path || tracefile_read(path, &text))
			return true;
		if (strcmp(text, "none") != 0 && !strstr(text, "parse_error:"))
			return true;
	}
	return false;
}

static int write_filter(struct setup_instance *s, const struct event_list *list,
			const struct event_target *t, const char *filter, struct err *err)
{
	_cleanup_free_ char *dir = NULL;
	_cleanup_free_ char *path = NULL;
	_cleanup_free_ char *said = NULL;
	int ret;

	dir = t->name ? tracefile_path(s->dir, "events/%s/%s", t->system, t->name) :
			tracefile_path(s->dir, "events/%s", t->system);
	path = dir ? tracefile_path(dir, "filter") : NULL;
	if (!path)
		return err_set(err, -ENOMEM, "no memory");
	ret = journal_write(s->journal, path, filter, NULL);
	if (!ret && !t->name && !filter_suits_any(s, list, t))
		ret = -EINVAL;
	if (!ret)
		return 0;
	said = tracefile_complaint(path, filter);
	return err_set(err, ret, "Failed filter of %s%s: %s\n%s",
		       s->shown_dir ? s->shown_dir : s->dir, dir + strlen(s->dir),
		       strerror(-ret), said ? said : filter);
}

/*
 * Where a name means several events the filter need not suit all of them, as it is in the kernel
 * when it is given for a system; then those it doesn't suit have none.
 */
int filters_apply(struct setup_instance *s, const struct event_list *list,
		  const struct event_targets *targets, const char *filter, struct err *err)
{
	struct err first = { 0 };
	size_t suited = 0;

	for (size_t i = 0; i < targets->count && !(s->trial && suited); i++) {
		const struct event_target *t = &targets->target[i];
		int ret;

		/* a new instance has no filters */
		if (!s->created || filter) {
			ret = clear_filters(s, list, t, filter && !t->name);
			if (ret)
				return err_set(err, ret, "no memory");
		}
		if (!filter)
			continue;
		ret = write_filter(s, list, t, filter, &first);
		if (ret == -ENOMEM)
			return err_set(err, ret, "no memory");
		suited += ret == 0;
	}
	if (filter && targets->count && !suited)
		return err_set(err, first.code, "%s", first.text);
	return 0;
}
