/*
 * filter.c - see filter.h. Layer 2.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "in/filter-try.h"
#include "in/filter.h"

/* Where a record may say that a field, or a string and its end, are: two 16-bit numbers. */
#define TAIL	(2 * 65536 + 64)

static int event_id(struct tep_handle *tep, const char *name)
{
	struct tep_event *event = tep_find_event_by_name(tep, "ftrace", name);

	return event ? event->id : -1;
}

#define IDS	65536		/* an id has 16 bits */

#define PLANS_MAX	(UINT8_MAX - IN_FILTER_PLAN)

/* What goes with the first filter. 0; -ENOMEM. */
static int filters_start(struct in_filters *fs, struct tep_handle *tep, unsigned int nr_cpus)
{
	if (fs->shown)
		return 0;
	fs->shown = calloc(nr_cpus + 1, sizeof(*fs->shown));
	fs->ids = calloc(IDS, 1);
	fs->plans = calloc(PLANS_MAX, sizeof(*fs->plans));
	if (!fs->shown || !fs->ids || !fs->plans) {
		free(fs->shown);
		free(fs->ids);
		free(fs->plans);
		fs->shown = NULL;
		fs->ids = NULL;
		fs->plans = NULL;
		return -ENOMEM;
	}
	fs->native = tep_is_file_bigendian(tep) == tep_is_local_bigendian(tep);
	fs->tep = tep;
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
	free(f->tasks);
	free(f);
}

static void filter_cleanup(struct tracecmd_filter **f)
{
	filter_free(*f);
}

/* Know nothing of any id. */
static void forget_ids(struct in_filters *fs)
{
	while (fs->nr_plans)
		in_filter_plan_free(fs->plans[--fs->nr_plans]);
	if (fs->ids)
		memset(fs->ids, 0, IDS);
}

/* Add @f, which is the list's from now on. */
static void filters_append(struct in_filters *fs, struct tracecmd_filter *f)
{
	struct tracecmd_filter **end;

	for (end = &fs->list; *end; end = &(*end)->next)
		;
	*end = f;
	if (f->neg)
		fs->negative = true;
	else
		fs->positive = true;
	/* a stack that is a CPU's first record has no event that is known */
	memset(fs->shown, !fs->positive, (fs->nr_cpus + 1) * sizeof(*fs->shown));
	forget_ids(fs);
}

int in_filters_add(struct in_filters *fs, struct tep_handle *tep, unsigned int nr_cpus,
		   const char *text, bool neg, struct tracecmd_filter **ret_filter)
{
	_cleanup_(filter_cleanup) struct tracecmd_filter *f = calloc(1, sizeof(*f));
	enum tep_errno ret;

	if (!f || filters_start(fs, tep, nr_cpus))
		return -ENOMEM;
	if (filter_try(tep, text))
		return -EINVAL;
	f->neg = neg;
	f->filter = tep_filter_alloc(tep);
	if (!f->filter)
		return -ENOMEM;
	ret = tep_filter_add_filter_str(f->filter, text);
	if (ret == TEP_ERRNO__MEM_ALLOC_FAILED)
		return -ENOMEM;
	if (ret || !filter_is_sane(f->filter))
		return -EINVAL;
	*ret_filter = f;
	filters_append(fs, take_ptr(f));
	return 0;
}

int in_filters_add_tasks(struct in_filters *fs, struct tep_handle *tep, unsigned int nr_cpus,
			 const int *pids, unsigned int nr_pids, bool neg, struct tracecmd_filter **ret_filter)
{
	_cleanup_(filter_cleanup) struct tracecmd_filter *f = calloc(1, sizeof(*f));

	if (!f || filters_start(fs, tep, nr_cpus))
		return -ENOMEM;
	f->neg = neg;
	f->tasks = in_tasks_new(pids, nr_pids);
	if (!f->tasks)
		return -ENOMEM;
	fs->of_tasks = true;
	*ret_filter = f;
	filters_append(fs, take_ptr(f));
	return 0;
}

void in_filters_release(struct in_filters *fs)
{
	struct tracecmd_filter *f;

	while ((f = fs->list)) {
		fs->list = f->next;
		filter_free(f);
	}
	forget_ids(fs);
	free(fs->shown);
	free(fs->ids);
	free(fs->plans);
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

/* The filters of @id, compiled; NULL: they can't be. */
static struct in_filter_plan *plan_make(const struct in_filters *fs, int id)
{
	struct in_filter_plan *p = in_filter_plan_new(!fs->positive);
	const struct tracecmd_filter *f;

	for (f = fs->list; p && f; f = f->next) {
		if (f->tasks ? in_filter_plan_add_tasks(p, f->tasks, tep_find_event(fs->tep, id), f->neg) :
			       in_filter_plan_add(p, f->filter, id, f->neg)) {
			in_filter_plan_free(p);
			p = NULL;
		}
	}
	return p;
}

/* What filters there are for events of this id: IN_FILTER_*. */
static uint8_t filters_of(struct in_filters *fs, int id)
{
	const struct tracecmd_filter *f;
	struct in_filter_plan *p = NULL;

	if (id < 0 || id >= IDS)
		return IN_FILTER_SOME;
	if (fs->ids[id])
		return fs->ids[id];
	fs->ids[id] = IN_FILTER_NONE;
	for (f = fs->list; f; f = f->next) {
		if (f->tasks ? !!tep_find_event(fs->tep, id) : tep_event_filtered(f->filter, id))
			fs->ids[id] = IN_FILTER_SOME;
	}
	if (fs->ids[id] == IN_FILTER_SOME && fs->native && fs->nr_plans < PLANS_MAX)
		p = plan_make(fs, id);
	if (p) {
		fs->ids[id] = IN_FILTER_PLAN + fs->nr_plans;
		fs->plans[fs->nr_plans++] = p;
	}
	return fs->ids[id];
}

static bool is_stack(const struct in_filters *fs, int id)
{
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

static bool filter_matches(const struct in_filters *fs, const struct tracecmd_filter *f, struct tep_record *rec)
{
	if (f->tasks)
		return in_tasks_match(f->tasks, tep_find_event_by_record(fs->tep, rec), rec);
	return tep_filter_match(f->filter, rec) == TEP_ERRNO__FILTER_MATCH;
}

static bool matches(const struct in_filters *fs, struct tep_record *rec)
{
	bool show = !fs->positive;
	struct tracecmd_filter *f;

	for (f = fs->list; f; f = f->next) {
		if (!f->neg && show)
			continue;
		if (!filter_matches(fs, f, rec))
			continue;
		if (f->neg)
			return false;
		show = true;
	}
	return show;
}

/* The verdict on a record of id @id, which some filter is about. */
static bool judge(struct in_filters *fs, struct tep_record *rec, int id, uint8_t what)
{
	struct in_filter_plan *p = what >= IN_FILTER_PLAN ? fs->plans[what - IN_FILTER_PLAN] : NULL;
	struct tep_record copy = *rec;
	bool show;

	if (p && in_filter_plan_ready(p, rec->size))
		return in_filter_plan_shows(p, rec->data);
	if (!scratch_copy(fs, &copy))
		return false;
	show = matches(fs, &copy);
	if (!p || (uint32_t)rec->size < p->min_size)
		return show;
	/* a plan that is wrong is not asked again; its place stays */
	p->checks--;
	if (in_filter_plan_shows(p, rec->data) != show)
		fs->ids[id] = IN_FILTER_SOME;
	return show;
}

/* Is the record matched by one of the filters that hide (@neg), or show? */
static bool any_matches(struct in_filters *fs, struct tep_record *rec, bool neg)
{
	struct tep_record copy = *rec;
	const struct tracecmd_filter *f;

	if (!scratch_copy(fs, &copy))
		return neg;
	for (f = fs->list; f; f = f->next) {
		if (f->neg == neg && filter_matches(fs, f, &copy))
			return true;
	}
	return false;
}

/*
 * A stack that no filter is about goes with its event, which is the one before it on its CPU. @verdict: of the
 * filters, where there are some for it.
 */
static bool stack_shows(struct in_filters *fs, struct tep_record *rec, bool shown, bool judged, bool verdict)
{
	/* what a positive filter wants is shown, and what a negative one matches is not */
	if (judged && verdict == fs->positive)
		return verdict;
	return shown && !(judged && fs->positive && fs->negative && any_matches(fs, rec, true));
}

/*
 * The same as in libtracecmd 1.3, for all records: a stack goes with any earlier one that was shown, until what would
 * be shown is hidden.
 */
static bool stays_shown(struct in_filters *fs, struct tep_record *rec, bool *shown, bool stack, bool verdict)
{
	if (verdict)
		*shown = true;
	else if (fs->negative && ((stack && *shown) || any_matches(fs, rec, false)) && any_matches(fs, rec, true))
		*shown = false;
	return verdict || (stack && *shown);
}

int in_filters_needs(const struct in_filters *fs, struct tep_handle *tep, struct tep_record *rec)
{
	int id = fs->of_tasks ? record_id(fs, tep, rec) : -1;

	return id >= 0 && id < IDS && !fs->ids[id] ? id : -1;
}

bool in_filters_show(struct in_filters *fs, struct tep_handle *tep, struct tep_record *rec)
{
	bool *shown, show;
	uint8_t what;
	int id;

	if (!fs->list)
		return true;
	shown = (unsigned int)rec->cpu < fs->nr_cpus ? &fs->shown[rec->cpu] : &fs->shown[fs->nr_cpus];
	show = !fs->positive;
	/* most records are of events that no filter is about: these need not be looked at */
	id = record_id(fs, tep, rec);
	what = filters_of(fs, id);
	if (what != IN_FILTER_NONE)
		show = judge(fs, rec, id, what);
	if (fs->stacks_stay)
		return stays_shown(fs, rec, shown, is_stack(fs, id), show);
	if (rec->missed_events)
		*shown = !fs->positive;		/* nobody knows of a stack's event that is lost */
	if (is_stack(fs, id))
		return stack_shows(fs, rec, *shown, what != IN_FILTER_NONE, show);
	*shown = show;
	return show;
}
