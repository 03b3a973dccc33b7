/*
 * wakeup.c - see wakeup.h. Layer 5.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "report/events.h"
#include "report/wakeup.h"

#define RT_PRIO 100		/* smaller priorities are real-time */

/* A task that was woken and did not run since. */
struct waiter {
	int pid;
	bool used;
	bool rt;
	unsigned long long since;	/* ns */
};

struct latencies {
	unsigned long long count, total;
	unsigned long long max, max_at;
	unsigned long long min, min_at;
};

struct wakeup {
	struct waiter *waiter;		/* open addressing by pid; pids stay once seen */
	size_t size, used;		/* size: a power of two */
	struct tep_event *wakeup, *wakeup_new, *sched_switch;
	struct tep_format_field *pid, *prio, *success, *new_pid, *new_prio, *next_pid;
	struct latencies all, rt;
	char text[64];
};

struct wakeup *wakeup_new(struct tep_handle *tep)
{
	struct wakeup *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	w->size = 1024;
	w->waiter = calloc(w->size, sizeof(*w->waiter));
	if (!w->waiter) {
		free(w);
		return NULL;
	}
	w->wakeup = tep_find_event_by_name(tep, "sched", "sched_wakeup");
	w->wakeup_new = tep_find_event_by_name(tep, "sched", "sched_wakeup_new");
	w->sched_switch = tep_find_event_by_name(tep, "sched", "sched_switch");
	if (w->wakeup) {
		w->pid = tep_find_field(w->wakeup, "pid");
		w->prio = tep_find_field(w->wakeup, "prio");
		w->success = tep_find_field(w->wakeup, "success");
	}
	if (w->wakeup_new) {
		w->new_pid = tep_find_field(w->wakeup_new, "pid");
		w->new_prio = tep_find_field(w->wakeup_new, "prio");
	}
	if (w->sched_switch)
		w->next_pid = tep_find_field(w->sched_switch, "next_pid");
	return w;
}

void wakeup_free(struct wakeup *w)
{
	if (!w)
		return;
	free(w->waiter);
	free(w);
}

/* The value of @field in @record; false if it has none. */
static bool field_value(struct tep_format_field *field, struct tep_record *record,
			unsigned long long *ret)
{
	if (!field || field->offset < 0 || field->offset + field->size > record->size)
		return false;
	return !tep_read_number_field(field, record->data, ret);
}

/* The slot of @pid, or the free one where it belongs. */
static struct waiter *slot(struct waiter *table, size_t size, int pid)
{
	size_t i = (uint32_t)pid * 2654435761u & (size - 1);

	while (table[i].used && table[i].pid != pid)
		i = (i + 1) & (size - 1);
	return &table[i];
}

static int table_grow(struct wakeup *w)
{
	struct waiter *table = calloc(w->size * 2, sizeof(*table));
	size_t i;

	if (!table)
		return -ENOMEM;
	for (i = 0; i < w->size; i++) {
		if (w->waiter[i].used)
			*slot(table, w->size * 2, w->waiter[i].pid) = w->waiter[i];
	}
	free(w->waiter);
	w->waiter = table;
	w->size *= 2;
	return 0;
}

static void woken(struct wakeup *w, struct tep_record *record, struct tep_format_field *pid_field,
		  struct tep_format_field *prio_field)
{
	unsigned long long pid, prio = RT_PRIO;
	struct waiter *t;

	if (!field_value(pid_field, record, &pid))
		return;
	field_value(prio_field, record, &prio);
	t = slot(w->waiter, w->size, pid);
	if (!t->used) {
		if (w->used * 2 >= w->size && table_grow(w))
			return;		/* without memory its latency is left out */
		t = slot(w->waiter, w->size, pid);
		w->used++;
	}
	*t = (struct waiter){ .pid = pid, .used = true, .rt = prio < RT_PRIO, .since = record->ts };
}

static void latency_add(struct latencies *l, unsigned long long ns, unsigned long long at)
{
	if (!l->count || ns > l->max) {
		l->max = ns;
		l->max_at = at;
	}
	if (!l->count || ns < l->min) {
		l->min = ns;
		l->min_at = at;
	}
	l->count++;
	l->total += ns;
}

/* The task that runs from now on has waited until now, if it was woken. */
static const char *runs(struct wakeup *w, struct tep_record *record)
{
	unsigned long long pid, ns;
	struct waiter *t;

	if (!field_value(w->next_pid, record, &pid))
		return NULL;
	t = slot(w->waiter, w->size, pid);
	if (!t->used || !t->since)
		return NULL;
	ns = record->ts > t->since ? record->ts - t->since : 0;
	t->since = 0;
	latency_add(&w->all, ns, record->ts);
	if (t->rt)
		latency_add(&w->rt, ns, record->ts);
	snprintf(w->text, sizeof(w->text), " Latency: %llu.%03llu usecs", ns / 1000, ns % 1000);
	return w->text;
}

const char *wakeup_record(struct wakeup *w, struct events *events, struct tep_record *record)
{
	unsigned long long success;
	const struct event *known;
	struct tep_event *event;

	if (record->size < EVENT_COMMON_SIZE)
		return NULL;
	/* not libtraceevent's search, which remembers the last one: threads are using it */
	known = events_find(events, record);
	if (!known)
		return NULL;
	event = known->tep;
	if (event == w->sched_switch)
		return runs(w, record);
	/* old kernels also tell of wakeups that found the task running */
	if (event == w->wakeup && (!field_value(w->success, record, &success) || success))
		woken(w, record, w->pid, w->prio);
	else if (event == w->wakeup_new)
		woken(w, record, w->new_pid, w->new_prio);
	return NULL;
}

/* "Maximum Latency: 2266.490 usecs at timestamp: 1578.017123" */
static void extreme_print(struct textout *out, const char *which, unsigned long long ns,
			  unsigned long long at)
{
	unsigned long long us = at / 1000 + (at % 1000 >= 500);

	textout_printf(out, "%s Latency: %llu.%03llu usecs at timestamp: %llu.%06llu\n", which,
		       ns / 1000, ns % 1000, us / 1000000, us % 1000000);
}

static void latencies_print(const struct latencies *l, struct textout *out)
{
	unsigned long long avg = l->count ? l->total / l->count : 0;

	textout_printf(out, "\nAverage wakeup latency: %llu.%03llu usecs\n", avg / 1000,
		       avg % 1000);
	extreme_print(out, "Maximum", l->max, l->max_at);
	extreme_print(out, "Minimum", l->min, l->min_at);
	textout_str(out, "\n");
}

void wakeup_print(const struct wakeup *w, struct textout *out)
{
	if (w->all.count)
		latencies_print(&w->all, out);
	if (!w->rt.count)
		return;
	textout_str(out, "RT task timings:\n");
	latencies_print(&w->rt, out);
}
