/*
 * apply-triggers.c - triggers of events. See apply.h. Layer 3.
 *
 * The kernel has them for each event only, so those of a name that means many go to each.
 */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "setup/apply.h"
#include "setup/tracefile.h"
#include "setup/triggers.h"

static char *trigger_path(const char *dir, const struct event_id *id)
{
	return tracefile_path(dir, "events/%s/%s/trigger", id->system, id->name);
}

/* Take away what the events of @targets have. 0; 1: some stay for now; -ENOMEM. */
static int clear(struct setup_instance *s, const struct event_list *list,
		 const struct event_targets *targets)
{
	int left = 0;

	for (size_t i = 0; i < targets->count; i++) {
		const struct event_target *t = &targets->target[i];

		for (size_t k = t->first; k < t->first + t->count; k++) {
			_cleanup_free_ char *path = trigger_path(s->dir, &list->id[k]);
			int ret;

			if (!path)
				return -ENOMEM;
			ret = journal_triggers(s->journal, path);
			if (!ret)
				ret = triggers_set(path, "");
			if (ret == -ENOMEM)
				return ret;
			if (ret && ret != -ENOENT)
				left = 1;
		}
	}
	return left;
}

int apply_triggers_reset(struct setup_instance *s, const struct event_list *list,
			 const struct setup_conf *c)
{
	int left = 1;

	if (s->created)
		return 0;
	/* a histogram can go only after those of other events that use its variables */
	for (int round = 0; round < 2 && left; round++) {
		left = 0;
		for (int i = 0; i < c->nr_events; i++) {
			_cleanup_event_targets_ struct event_targets targets = { 0 };
			int ret;

			if (!c->events[i].trigger)
				continue;
			ret = event_list_match(list, c->events[i].name, &targets);
			if (!ret)
				ret = clear(s, list, &targets);
			if (ret < 0)
				return ret;
			left |= ret;
		}
	}
	if (left)
		log_debug("%s: some triggers stay as they are", s->dir);
	return 0;
}

/* What the kernel says of a trigger: of a histogram as a whole, else of its condition. */
static char *complaint(const char *path, const char *trigger)
{
	const char *cond = strstr(trigger, " if ");
	char *said = tracefile_complaint(path, trigger);

	return said || !cond ? said : tracefile_complaint(path, cond + strlen(" if "));
}

/* "traceon traceoff ...": what an event without triggers shows that it could have. */
static char *kinds(const char *path)
{
	static const char heading[] = "# Available triggers:\n# ";
	_cleanup_free_ char *text = NULL;

	if (tracefile_read(path, &text) || strncmp(text, heading, strlen(heading)) != 0)
		return NULL;
	return strdup(text + strlen(heading));
}

/* All of @triggers, for one event. What it takes it has, even if it doesn't take all. */
static int add_to(struct setup_instance *s, const struct event_id *id, const char *triggers,
		  struct err *err)
{
	_cleanup_free_ char *path = trigger_path(s->dir, id);
	_cleanup_free_ char *lines = strdup(triggers);
	char *rest = lines, *line;
	int ret = path && lines ? 0 : err_set(err, -ENOMEM, "no memory");

	while (!ret && (line = strsep(&rest, "\n"))) {
		_cleanup_free_ char *said = NULL;
		_cleanup_free_ char *offer = NULL;

		ret = line[0] ? triggers_add(path, line) : 0;
		if (!ret)
			continue;
		said = complaint(path, line);
		offer = said ? NULL : kinds(path);
		err_set(err, ret, "Failed trigger of %s/events/%s/%s: %s\n%s%s%s",
			s->shown_dir ? s->shown_dir : s->dir, id->system, id->name,
			ret == -EEXIST ? "it has one of that kind already" : strerror(-ret),
			said ? said : line, offer ? "\nThis kernel has: " : "",
			offer ? offer : "");
	}
	return ret;
}

int apply_triggers(struct setup_instance *s, const struct event_list *list,
		   const struct event_targets *targets, const char *triggers, struct err *err)
{
	struct err first = { 0 };
	size_t asked = 0, suited = 0;

	for (size_t i = 0; i < targets->count && !(s->trial && suited); i++) {
		const struct event_target *t = &targets->target[i];

		for (size_t k = t->first; k < t->first + t->count && !(s->trial && suited); k++) {
			int ret = add_to(s, &list->id[k], triggers, &first);

			if (ret == -ENOMEM)
				return err_set(err, ret, "no memory");
			asked++;
			suited += ret == 0;
		}
	}
	/* as with filters, not all of many need to have use for it */
	if (asked && !suited)
		return err_set(err, first.code, "%s", first.text);
	return 0;
}
