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

/* What goes with the first filter. 0; -ENOMEM. */
static int filters_start(struct in_filters *fs, struct tep_handle *tep, unsigned int nr_cpus)
{
	if (fs->shown)
		return 0;
	fs->shown = calloc(nr_cpus + 1, sizeof(*fs->shown));
	if (!fs->shown)
		return -ENOMEM;
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
	free(fs->scratch);
	*fs = (struct in_filters){ 0 };
}

static bool is_stack(const struct in_filters *fs, struct tep_handle *tep, struct tep_record *rec)
{
	int id;

	if (fs->kernel_stack < 0 && fs->user_stack < 0)
		return false;
	id = tep_data_type(tep, rec);
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
	if (!scratch_copy(fs, &copy))
		return false;
	shown = (unsigned int)rec->cpu < fs->nr_cpus ? &fs->shown[rec->cpu] : &fs->shown[fs->nr_cpus];
	show = matches(fs, &copy);
	if (!show && *shown && is_stack(fs, tep, rec))
		show = true;
	*shown = show;
	return show;
}
