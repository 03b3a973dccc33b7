/*
 * restore.c - a journal's entries put back. See journal.h. Layer 3.
 */
#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/log.h"
#include "setup/functions.h"
#include "setup/journal-entry.h"
#include "setup/list.h"
#include "setup/setting.h"
#include "setup/tracefile.h"
#include "setup/triggers.h"

#define BUSY_MS	1000	/* how long an instance may stay busy after its last user ended */

/* Is @path a list of tasks that are not to be traced? */
static bool is_exclusion(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash && strcmp(slash, "/set_event_notrace_pid") == 0;
}

static int remove_entry_words(const struct entry *e)
{
	return is_exclusion(e->path) ? list_remove_tasks(e->path, e->value, NULL) :
				       list_remove(e->path, e->value);
}

static int restore_value(const struct entry *e)
{
	_cleanup_free_ char *now = NULL;
	bool clean = false;

	if (e->kind == KIND_WORDS)
		return remove_entry_words(e);
	if (e->kind == KIND_TRIGGERS)
		return triggers_set(e->path, e->value);
	if (e->kind == KIND_FUNCTIONS)
		return functions_set(e->path, e->value);
	/* most writes cost the kernel a grace period; what is right already needs none */
	if (setting_read(e->path, &now, &clean) == 0 && clean && strcmp(now, e->value) == 0)
		return 0;
	return tracefile_write(e->path, e->value, false);
}

/* Remove an instance; those that had its files open may still be ending. */
static int remove_dir(const char *path, struct deadline d)
{
	static const struct timespec pause = { .tv_nsec = 5000000 };

	while (rmdir(path)) {
		if (errno == ENOENT)
			return 0;
		if (errno != EBUSY || deadline_passed(d))
			return -errno;
		nanosleep(&pause, NULL);
	}
	return 0;
}

static bool is_beneath(const char *path, const char *dir)
{
	size_t len = strlen(dir);

	return strncmp(path, dir, len) == 0 && path[len] == '/';
}

/* Directories first: what is in them goes with them. */
static void remove_dirs(struct journal *j)
{
	struct deadline d = deadline_in_ms(BUSY_MS);

	for (size_t i = j->count; i-- > 0;) {
		struct entry *dir = &j->entry[i];

		if (dir->kind != KIND_DIR || dir->held || remove_dir(dir->path, d))
			continue;
		dir->done = true;
		for (size_t k = 0; k < j->count; k++)
			if (is_beneath(j->entry[k].path, dir->path))
				j->entry[k].done = true;
	}
}

/* Nothing is left to do for the guardian either. */
static void finish(struct journal *j)
{
	j->finished = true;
	journal_mirror(j, KIND_FINISHED, "", "");
}

/*
 * Leave a tracer of ours before its filters go: it would trace all functions then. The tracer
 * that was there follows with its own entry.
 */
static void leave_tracers(struct journal *j)
{
	static const char name[] = "/current_tracer";

	for (size_t i = 0; i < j->count; i++) {
		const struct entry *e = &j->entry[i];
		size_t len = strlen(e->path);
		_cleanup_free_ char *now = NULL;

		if (e->done || e->held || e->kind != KIND_VALUE || len < sizeof(name) ||
		    strcmp(e->path + len - strlen(name), name) != 0)
			continue;
		if (tracefile_read(e->path, &now) == 0 && strcmp(now, "nop") != 0 &&
		    strcmp(now, e->value) != 0)
			tracefile_write(e->path, "nop", false);
	}
}

/*
 * Restore the entries that are left, last change first. Triggers may need those of another
 * event: with @patient such failures are not final. 0 or the first -errno.
 */
static int restore_entries(struct journal *j, bool patient)
{
	int ret = 0;

	for (size_t i = j->count; i-- > 0;) {
		struct entry *e = &j->entry[i];
		int error;

		if (e->done || e->held)
			continue;
		error = e->kind == KIND_DIR ? remove_dir(e->path, deadline_in_ms(0)) :
					      restore_value(e);
		e->done = !error || !patient || e->kind != KIND_TRIGGERS;
		if (error && e->done) {
			log_debug("cannot restore %s: %s", e->path, strerror(-error));
			ret = ret ? ret : error;
		}
	}
	return ret;
}

/* Does it lie in a directory that will be removed? */
static bool goes_with_dir(const struct journal *j, const char *path)
{
	for (size_t i = 0; i < j->count; i++)
		if (j->entry[i].kind == KIND_DIR && is_beneath(path, j->entry[i].path))
			return true;
	return false;
}

/* Is @path about which events are on, for whom? */
static bool is_of_events(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash && (!strcmp(slash, "/set_event") || !strcmp(slash, "/set_event_pid") ||
			 strstr(path, "/events/"));
}

/* Not if triggers are, too: one may keep an event on for another. */
void journal_restore_events(struct journal *j)
{
	if (j->finished)
		return;
	for (size_t i = 0; i < j->count; i++)
		if (j->entry[i].kind == KIND_TRIGGERS)
			return;
	for (size_t i = j->count; i-- > 0;) {
		struct entry *e = &j->entry[i];

		if (e->kind == KIND_VALUE && !e->done && is_of_events(e->path) &&
		    !goes_with_dir(j, e->path))
			e->done = !restore_value(e);
	}
}

/* Of what is in an instance, nothing may be open when its user wants to remove that. */
static bool may_part(const struct entry *e)
{
	return is_exclusion(e->path) && !strstr(e->path, "/instances/");
}

void journal_restore_early(struct journal *j, struct parting *p)
{
	struct entry *last = NULL;
	int failed = 0;

	if (j->finished)
		return;
	for (size_t i = j->count; i-- > 0;) {
		struct entry *e = &j->entry[i];

		if (e->kind != KIND_WORDS || e->done || goes_with_dir(j, e->path))
			continue;
		if (p && !last && may_part(e)) {
			last = e;
			continue;
		}
		e->done = !remove_entry_words(e);
		failed += !e->done;
	}
	if (!last || failed)
		return;
	/* whatever becomes of it: others may use the journal when this is over */
	j->parting = last;
	list_remove_tasks(last->path, last->value, p);
}

void journal_parted(struct journal *j)
{
	if (j->parting)
		j->parting->done = true;
}

int journal_restore(struct journal *j)
{
	int ret, error;

	if (j->finished)
		return 0;
	remove_dirs(j);
	leave_tracers(j);
	ret = restore_entries(j, true);
	error = restore_entries(j, false);
	finish(j);
	return ret ? ret : error;
}

void journal_forget(struct journal *j)
{
	if (j->finished)
		return;
	/* those were our threads: others that get their pids should be seen */
	for (size_t i = 0; i < j->count; i++) {
		if (j->entry[i].kind == KIND_WORDS && is_exclusion(j->entry[i].path))
			restore_value(&j->entry[i]);
	}
	finish(j);
}
