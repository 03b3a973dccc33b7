/*
 * summary.c - see summary.h. Layer 5.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "report/events.h"
#include "report/summary.h"
#include "report/tally.h"
#include "report/value.h"

#define TASKS_SHOWN	20	/* of the text; JSON has all */

/* What is counted. Groups are the numbers of streams, or of files for events and tasks. */
enum tally_of { OF_EVENTS, OF_CPUS, OF_TASKS, OF_STREAMS, OF_LOST, OF_LOST_SOME, NR_TALLIES };

struct summary {
	const struct inputs *in;
	struct tally tally[NR_TALLIES];
	unsigned long long events, first, last;	/* times: of the first stream's kind */
};

struct summary *summary_new(const struct inputs *in)
{
	struct summary *s = calloc(1, sizeof(*s));

	if (s)
		s->in = in;
	return s;
}

void summary_free(struct summary *s)
{
	unsigned int i;

	if (!s)
		return;
	for (i = 0; i < NR_TALLIES; i++)
		tally_release(&s->tally[i]);
	free(s);
}

static unsigned int stream_number(const struct summary *s, const struct stream *stream)
{
	return stream - s->in->streams;
}

/* The first stream of the same file: who shares its events and tasks. */
static unsigned int file_number(const struct summary *s, const struct stream *stream)
{
	unsigned int i;

	for (i = 0; s->in->streams[i].events != stream->events; i++)
		;
	return i;
}

int summary_event(struct summary *s, const struct stream *stream, struct tep_record *record)
{
	unsigned int number = stream_number(s, stream), file = file_number(s, stream);
	int pid = -1, id = -1, ret = 0;

	if (record->size >= EVENT_COMMON_SIZE) {
		pid = events_pid(stream->events, record);
		id = tep_data_type(stream->tep, record);
	}
	if (!s->events || record->ts < s->first)
		s->first = record->ts;
	if (!s->events || record->ts > s->last)
		s->last = record->ts;
	s->events++;
	ret |= tally_add(&s->tally[OF_EVENTS], file, id, 1);
	ret |= tally_add(&s->tally[OF_CPUS], number, record->cpu, 1);
	ret |= tally_add(&s->tally[OF_TASKS], file, pid, 1);
	ret |= tally_add(&s->tally[OF_STREAMS], number, 0, 1);
	return ret ? -ENOMEM : 0;
}

int summary_lost(struct summary *s, const struct stream *stream, int cpu, long long count)
{
	unsigned int number = stream_number(s, stream);

	if (count < 0)
		return tally_add(&s->tally[OF_LOST_SOME], number, cpu, 1);
	return tally_add(&s->tally[OF_LOST], number, cpu, count);
}

/* --- names of what was counted */

/* "SYSTEM:EVENT" */
static void event_name(const struct stream *stream, uint32_t id, char *name, size_t size)
{
	struct tep_event *e = tep_find_event(stream->tep, id);

	if (e)
		snprintf(name, size, "%s:%s", e->system, e->name);
	else
		snprintf(name, size, "unknown event %d", (int)id);
}

/* "COMM-PID" */
static void task_name(const struct stream *stream, uint32_t pid, char *name, size_t size)
{
	if ((int)pid < 0)
		snprintf(name, size, "unknown task");
	else
		snprintf(name, size, "%s-%d", tep_data_comm_from_pid(stream->tep, pid), (int)pid);
}

static void item_name(enum tally_of of, const struct stream *stream, uint32_t key, char *name,
		      size_t size)
{
	if (of == OF_EVENTS)
		event_name(stream, key, name, size);
	else if (of == OF_TASKS)
		task_name(stream, key, name, size);
	else if (of == OF_STREAMS)
		snprintf(name, size, "%s%s%s", stream->file, stream->instance ? ":" : "",
			 stream->instance ? stream->name : "");
	else
		snprintf(name, size, "CPU %d", (int)key);
}

/* --- text */

/* The name that sets streams apart, where there are several. */
static const char *stream_label(const struct summary *s, const struct stream *stream)
{
	if (!s->in->labels)
		return "";
	return stream->label ? stream->label : stream->file;
}

static void print_tally(const struct summary *s, enum tally_of of, const char *title,
			unsigned int limit, struct textout *out)
{
	const struct tally *t = &s->tally[of];
	unsigned long long rest = 0;
	unsigned int i;

	if (!t->used)
		return;
	textout_printf(out, "\n%s:\n", title);
	for (i = 0; i < t->used; i++) {
		const struct tally_item *item = &t->slot[i];
		const struct stream *stream = &s->in->streams[item->group];
		const char *label = of == OF_STREAMS ? "" : stream_label(s, stream);
		char name[512];

		if (i >= limit) {
			rest += item->count;
			continue;
		}
		item_name(of, stream, item->key, name, sizeof(name));
		textout_printf(out, "%12llu ", item->count);
		if (of == OF_LOST || of == OF_LOST_SOME)
			textout_str(out, "       ");
		else
			textout_printf(out, "%5.1f%% ", 100.0 * item->count / s->events);
		textout_printf(out, " %s%s", label, *label ? ": " : "");
		/* names of the file's may hold what plays tricks on a terminal */
		value_text(out, FORMAT_TEXT, name, strlen(name));
		textout_str(out, "\n");
	}
	if (rest)
		textout_printf(out, "%12llu %5.1f%%  %u others\n", rest, 100.0 * rest / s->events,
			       t->used - limit);
}

static void print_time(struct textout *out, unsigned long long ts, bool ns)
{
	if (ns)
		textout_printf(out, "%llu.%09llu", ts / 1000000000, ts % 1000000000);
	else
		textout_printf(out, "%llu", ts);
}

static void print_text(const struct summary *s, struct textout *out)
{
	bool ns = s->in->nr_streams && s->in->streams[0].time_in_ns;

	textout_printf(out, "%llu events", s->events);
	if (s->events) {
		textout_str(out, " from ");
		print_time(out, s->first, ns);
		textout_str(out, " to ");
		print_time(out, s->last, ns);
	}
	textout_str(out, "\n");
	print_tally(s, OF_EVENTS, "Events", UINT32_MAX, out);
	print_tally(s, OF_CPUS, "CPUs", UINT32_MAX, out);
	print_tally(s, OF_TASKS, "Tasks", TASKS_SHOWN, out);
	if (s->in->labels)
		print_tally(s, OF_STREAMS, "Buffers", UINT32_MAX, out);
	print_tally(s, OF_LOST, "Lost events", UINT32_MAX, out);
	print_tally(s, OF_LOST_SOME, "Times that events were lost, nobody knows how many",
		    UINT32_MAX, out);
	if (!s->tally[OF_LOST].used && !s->tally[OF_LOST_SOME].used)
		textout_str(out, "\nNo events were lost.\n");
}

/* --- JSON */

static void json_key(struct textout *out, const char *key)
{
	textout_printf(out, "\"%s\":", key);
}

/* "file":...[,"instance":...] */
static void json_stream(const struct stream *stream, bool instance, struct textout *out)
{
	json_key(out, "file");
	value_text(out, FORMAT_JSON, stream->file, strlen(stream->file));
	if (instance && stream->instance) {
		textout_str(out, ",\"instance\":");
		value_text(out, FORMAT_JSON, stream->name, strlen(stream->name));
	}
}

static void json_item(enum tally_of of, const struct stream *stream,
		      const struct tally_item *item, struct textout *out)
{
	char name[512];

	textout_str(out, "{");
	json_stream(stream, of != OF_EVENTS && of != OF_TASKS, out);
	if (of == OF_EVENTS) {
		event_name(stream, item->key, name, sizeof(name));
		textout_str(out, ",\"event\":");
		value_text(out, FORMAT_JSON, name, strlen(name));
	} else if (of == OF_TASKS) {
		const char *comm = (int)item->key < 0 ? NULL :
				   tep_data_comm_from_pid(stream->tep, item->key);

		textout_printf(out, ",\"pid\":%d,\"comm\":", (int)item->key);
		if (comm && strcmp(comm, "<...>"))
			value_text(out, FORMAT_JSON, comm, strlen(comm));
		else
			value_none(out, FORMAT_JSON);
	} else if (of != OF_STREAMS) {
		textout_printf(out, ",\"cpu\":%d", (int)item->key);
	}
	textout_printf(out, ",\"count\":%llu}", item->count);
}

static void print_json(const struct summary *s, struct textout *out)
{
	static const char *const keys[NR_TALLIES] = {
		"by_event", "by_cpu", "by_task", "by_buffer", "lost", "lost_unknown",
	};
	bool ns = s->in->nr_streams && s->in->streams[0].time_in_ns;
	unsigned int of, i;

	textout_printf(out, "{\"events\":%llu", s->events);
	if (s->events)
		textout_printf(out, ",\"first_%s\":%llu,\"last_%s\":%llu", ns ? "ns" : "raw",
			       s->first, ns ? "ns" : "raw", s->last);
	for (of = 0; of < NR_TALLIES; of++) {
		const struct tally *t = &s->tally[of];

		textout_printf(out, ",\"%s\":[", keys[of]);
		for (i = 0; i < t->used; i++) {
			if (i)
				textout_add(out, ",", 1);
			json_item(of, &s->in->streams[t->slot[i].group], &t->slot[i], out);
		}
		textout_add(out, "]", 1);
	}
	textout_str(out, "}\n");
}

int summary_print(struct summary *s, struct textout *out)
{
	unsigned int i;

	for (i = 0; i < NR_TALLIES; i++)
		tally_sort(&s->tally[i]);
	if (s->in->plan->format == FORMAT_JSON)
		print_json(s, out);
	else
		print_text(s, out);
	return out->error;
}
