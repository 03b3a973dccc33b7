/*
 * api-iterate.c - public functions: iterators, followers, filters.
 */
#include <errno.h>

#include "in/iterate.h"
#include "in/pins.h"

static int failed(int ret)
{
	errno = -ret;
	return -1;
}

static int iterate(const struct in_iterate *it)
{
	int stop = 0;
	int ret = in_iterate(it, &stop);

	return ret ? failed(ret) : stop;
}

int tracecmd_iterate_events(struct tracecmd_input *handle, cpu_set_t *cpus, int cpu_size,
			    int (*callback)(struct tracecmd_input *handle,
					    struct tep_record *record, int cpu, void *data),
			    void *callback_data)
{
	struct in_iterate it = {
		.handles = &handle, .nr_handles = 1, .cpus = cpus,
		.cpu_size = cpu_size > 0 ? (size_t)cpu_size : 0,
		.fn = callback, .data = callback_data,
	};

	return handle ? iterate(&it) : failed(-EINVAL);
}

static int iterate_multi(struct tracecmd_input **handles, int nr_handles, in_record_fn callback,
			 void *callback_data, bool in_place)
{
	struct in_iterate it = {
		.handles = handles, .nr_handles = nr_handles > 0 ? (unsigned int)nr_handles : 0,
		.fn = callback, .data = callback_data, .in_place = in_place,
	};
	int i;

	if (!handles || nr_handles < 0)
		return failed(-EINVAL);
	for (i = 0; i < nr_handles; i++)
		if (!handles[i])
			return failed(-EINVAL);
	return iterate(&it);
}

int tracecmd_iterate_events_multi(struct tracecmd_input **handles, int nr_handles,
				  int (*callback)(struct tracecmd_input *handle,
						  struct tep_record *record, int cpu, void *data),
				  void *callback_data)
{
	return iterate_multi(handles, nr_handles, callback, callback_data, false);
}

int tracecmd_iterate_in_place(struct tracecmd_input **handles, int nr_handles,
			      int (*callback)(struct tracecmd_input *handle,
					      struct tep_record *record, int cpu, void *data),
			      void *callback_data)
{
	return iterate_multi(handles, nr_handles, callback, callback_data, true);
}

struct tracecmd_pins *tracecmd_pins_alloc(void)
{
	return (struct tracecmd_pins *)in_pins_new();
}

int tracecmd_pins_add(struct tracecmd_pins *pins, const struct tep_record *record)
{
	int ret = pins && record ? in_pins_add((struct in_pins *)pins, record) : -EINVAL;

	return ret ? failed(ret) : 0;
}

unsigned long long tracecmd_pins_bytes(const struct tracecmd_pins *pins)
{
	return pins ? ((const struct in_pins *)pins)->bytes : 0;
}

void tracecmd_pins_clear(struct tracecmd_pins *pins)
{
	if (pins)
		in_pins_clear((struct in_pins *)pins);
}

void tracecmd_pins_free(struct tracecmd_pins *pins)
{
	in_pins_free((struct in_pins *)pins);
}

int tracecmd_iterate_events_reverse(struct tracecmd_input *handle, cpu_set_t *cpus, int cpu_size,
				    int (*callback)(struct tracecmd_input *handle,
						    struct tep_record *record, int cpu, void *data),
				    void *callback_data, bool cont)
{
	struct in_iterate it = {
		.handles = &handle, .nr_handles = 1, .cpus = cpus, .reverse = true,
		.cpu_size = cpu_size > 0 ? (size_t)cpu_size : 0,
		.fn = callback, .data = callback_data,
	};

	if (!handle)
		return failed(-EINVAL);
	if (!cont)
		in_iterate_rewind(&it, true);
	return iterate(&it);
}

int tracecmd_iterate_reset(struct tracecmd_input *handle)
{
	struct in_iterate it = { .handles = &handle, .nr_handles = 1 };

	if (!handle)
		return failed(-EINVAL);
	in_iterate_rewind(&it, false);
	return 0;
}

int tracecmd_follow_event(struct tracecmd_input *handle, const char *system,
			  const char *event_name,
			  int (*callback)(struct tracecmd_input *handle, struct tep_event *event,
					  struct tep_record *record, int cpu, void *data),
			  void *callback_data)
{
	struct tep_event *event;
	struct tep_handle *tep;
	int ret;

	if (!handle || !event_name || !callback)
		return failed(-EINVAL);
	tep = in_handle_tep(handle);
	if (!tep || in_handle_formats(handle, -1))
		return failed(-ENOMEM);
	event = tep_find_event_by_name(tep, system, event_name);
	if (!event)
		return failed(-ENOENT);
	ret = in_handle_follow(handle, event, callback, callback_data);
	return ret ? failed(ret) : 0;
}

int tracecmd_follow_missed_events(struct tracecmd_input *handle,
				  int (*callback)(struct tracecmd_input *handle,
						  struct tep_event *event,
						  struct tep_record *record, int cpu, void *data),
				  void *callback_data)
{
	int ret = handle && callback ? in_handle_follow(handle, NULL, callback, callback_data) :
				       -EINVAL;

	return ret ? failed(ret) : 0;
}

/* What an attempt to add @filter has come to. */
static struct tracecmd_filter *filter_added(struct tracecmd_input *handle, struct tracecmd_filter *filter, int ret)
{
	if (ret) {
		errno = -ret;
		return NULL;
	}
	handle->filters.stacks_stay = handle->flags & TRACECMD_FL_STACKS_STAY;
	handle->watched = true;
	return filter;
}

struct tracecmd_filter *tracecmd_filter_add(struct tracecmd_input *handle, const char *filter_str,
					    bool neg)
{
	struct tracecmd_filter *filter = NULL;
	bool given = handle && filter_str;
	struct tep_handle *tep = given && !in_handle_formats_named(handle, filter_str) ? in_handle_tep(handle) : NULL;
	int ret = given ? -ENOMEM : -EINVAL;

	if (tep)
		ret = in_filters_add(&handle->filters, tep, handle->nr_cpus, filter_str, neg, &filter);
	return filter_added(handle, filter, ret);
}

struct tracecmd_filter *tracecmd_filter_add_tasks(struct tracecmd_input *handle, const int *pids,
						  unsigned int nr_pids, bool neg)
{
	struct tracecmd_filter *filter = NULL;
	bool given = handle && pids && nr_pids;
	struct tep_handle *tep = given ? in_handle_tep(handle) : NULL;
	int ret = given ? -ENOMEM : -EINVAL;

	if (tep)
		ret = in_filters_add_tasks(&handle->filters, tep, handle->nr_cpus, pids, nr_pids, neg, &filter);
	return filter_added(handle, filter, ret);
}
