/*
 * filter.c - see filter.h. Layer 2.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "in/filter.h"

/* Where a record may say that a field, or a string and its end, are: two 16-bit numbers. */
#define TAIL	(2 * 65536 + 64)

static int event_id(struct tep_handle *tep, const char *name)
{
	struct tep_event *event = tep_find_event_by_name(tep, "ftrace", name);

	return event ? event->id : -1;
}

#define IDS	65536		/* an id has 16 bits */

/* What goes with the first filter. 0; -ENOMEM. */
static int filters_start(struct in_filters *fs, struct tep_handle *tep, unsigned int nr_cpus)
{
	if (fs->shown)
		return 0;
	fs->shown = calloc(nr_cpus + 1, sizeof(*fs->shown));
	fs->ids = calloc(IDS, 1);
	if (!fs->shown || !fs->ids) {
		free(fs->shown);
		free(fs->ids);
		fs->shown = NULL;
		fs->ids = NULL;
		return -ENOMEM;
	}
	fs->native = tep_is_file_bigendian(tep) == tep_is_local_bigendian(tep);
	fs->nr_cpus = nr_cpus;
	fs->kernel_stack = event_id(tep, "kernel_stack");
	fs->user_stack = event_id(tep, "user_stack");
	return 0;
}

static void filter_free(struct tracecmd_filter *f)
{
	if (!f)
		return;
	if (f->filter)
		tep_filter_free(f->filter);
	free(f);
}

static void filter_cleanup(struct tracecmd_filter **f)
{
	filter_free(*f);
}

int in_filters_add(struct in_filters *fs, struct tep_handle *tep, unsigned int nr_cpus,
		   const char *text, bool neg, struct tracecmd_filter **ret_filter)
{
	_cleanup_(filter_cleanup) struct tracecmd_filter *f = calloc(1, sizeof(*f));
	struct tracecmd_filter **end;
	enum tep_errno ret;

	if (!f || filters_start(fs, tep, nr_cpus))
		return -ENOMEM;
	f->neg = neg;
	f->filter = tep_filter_alloc(tep);
	if (!f->filter)
		return -ENOMEM;
	ret = tep_filter_add_filter_str(f->filter, text);
	if (ret == TEP_ERRNO__MEM_ALLOC_FAILED)
		return -ENOMEM;
	if (ret)
		return -EINVAL;
	for (end = &fs->list; *end; end = &(*end)->next)
		;
	if (!neg)
		fs->positive = true;
	memset(fs->ids, 0, IDS);
	*ret_filter = f;
	*end = take_ptr(f);
	return 0;
}

void in_filters_release(struct in_filters *fs)
{
	struct tracecmd_filter *f;

	while ((f = fs->list)) {
		fs->list = f->next;
		filter_free(f);
	}
	free(fs->shown);
	free(fs->ids);
	free(fs->scratch);
	*fs = (struct in_filters){ 0 };
}

/* The event's id, -1 if the record is too short for one. */
static int record_id(const struct in_filters *fs, struct tep_handle *tep, struct tep_record *rec)
{
	uint16_t id;

	if (rec->size < (int)sizeof(id))
		return -1;
	if (!fs->native)
		return tep_data_type(tep, rec);
	memcpy(&id, rec->data, sizeof(id));
	return id;
}

/* Is there a filter for events of this id? */
static bool is_filtered(struct in_filters *fs, int id)
{
	const struct tracecmd_filter *f;

	if (id < 0 || id >= IDS)
		return true;
	if (!fs->ids[id]) {
		fs->ids[id] = IN_FILTER_NONE;
		for (f = fs->list; f; f = f->next) {
			if (tep_event_filtered(f->filter, id))
				fs->ids[id] = IN_FILTER_SOME;
		}
	}
	return fs->ids[id] == IN_FILTER_SOME;
}

static bool is_stack(const struct in_filters *fs, struct tep_handle *tep, struct tep_record *rec)
{
	int id;

	if (fs->kernel_stack < 0 && fs->user_stack < 0)
		return false;
	id = record_id(fs, tep, rec);
	return id >= 0 && (id == fs->kernel_stack || id == fs->user_stack);
}

/* libtraceevent does not ask whether a field is in the record. False: out of memory. */
static bool scratch_copy(struct in_filters *fs, struct tep_record *rec)
{
	size_t len = rec->size;

	if (len > fs->room || !fs->scratch) {
		free(fs->scratch);
		fs->room = fs->used = 0;
		fs->scratch = calloc(1, 2 * len + TAIL);
		if (!fs->scratch)
			return false;
		fs->room = 2 * len;
	}
	memcpy(fs->scratch, rec->data, len);
	if (fs->used > len)
		memset(fs->scratch + len, 0, fs->used - len);
	fs->used = len;
	rec->data = fs->scratch;
	return true;
}

static bool matches(const struct in_filters *fs, struct tep_record *rec)
{
	bool show = !fs->positive;
	struct tracecmd_filter *f;

	for (f = fs->list; f; f = f->next) {
		if (!f->neg && show)
			continue;
		if (tep_filter_match(f->filter, rec) != TEP_ERRNO__FILTER_MATCH)
			continue;
		if (f->neg)
			return false;
		show = true;
	}
	return show;
}

bool in_filters_show(struct in_filters *fs, struct tep_handle *tep, struct tep_record *rec)
{
	struct tep_record copy = *rec;
	bool *shown, show;

	if (!fs->list)
		return true;
	shown = (unsigned int)rec->cpu < fs->nr_cpus ? &fs->shown[rec->cpu] : &fs->shown[fs->nr_cpus];
	show = !fs->positive;
	/* most records are of events that no filter is about: these need not be looked at */
	if (is_filtered(fs, record_id(fs, tep, rec))) {
		if (!scratch_copy(fs, &copy))
			return false;
		show = matches(fs, &copy);
	}
	if (!show && *shown && is_stack(fs, tep, rec))
		show = true;
	*shown = show;
	return show;
}
