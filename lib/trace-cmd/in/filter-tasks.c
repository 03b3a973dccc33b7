/*
 * filter-tasks.c - see filter-tasks.h. Layer 2.
 */
#include <stdlib.h>

#include "in/filter-tasks.h"

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

struct in_tasks *in_tasks_new(const int *pids, unsigned int count)
{
	struct in_tasks *t = calloc(1, sizeof(*t) + count * sizeof(t->pid[0]));
	unsigned int i;

	if (!t)
		return NULL;
	for (i = 0; i < count; i++)
		t->pid[i] = (uint64_t)(int64_t)pids[i];
	qsort(t->pid, count, sizeof(t->pid[0]), compare);
	for (i = 0; i < count; i++) {
		if (!i || t->pid[i] != t->pid[i - 1])
			t->pid[t->count++] = t->pid[i];
	}
	return t;
}

bool in_tasks_has(const struct in_tasks *t, uint64_t pid)
{
	return bsearch(&pid, t->pid, t->count, sizeof(t->pid[0]), compare);
}

unsigned int in_tasks_fields(struct tep_event *event, const struct tep_format_field *ret[IN_TASK_FIELDS])
{
	static const char *const names[IN_TASK_FIELDS] = { "common_pid", "pid", "next_pid" };
	unsigned int i, n = 0;

	for (i = 0; i < IN_TASK_FIELDS; i++) {
		struct tep_format_field *f = tep_find_any_field(event, names[i]);

		/* one that is an array of 8 bytes is a number to libtraceevent */
		if (f)
			ret[n++] = f;
	}
	return n;
}

bool in_tasks_match(const struct in_tasks *t, struct tep_event *event, const struct tep_record *rec)
{
	const struct tep_format_field *field[IN_TASK_FIELDS];
	unsigned int i, n = event ? in_tasks_fields(event, field) : 0;

	for (i = 0; i < n; i++) {
		unsigned long long v;

		if (tep_read_number_field((struct tep_format_field *)field[i], rec->data, &v))
			continue;
		if (field[i]->flags & TEP_FIELD_IS_SIGNED && field[i]->size < 8)
			v = (uint64_t)((int64_t)(v << (64 - 8 * field[i]->size)) >> (64 - 8 * field[i]->size));
		if (in_tasks_has(t, v))
			return true;
	}
	return false;
}
