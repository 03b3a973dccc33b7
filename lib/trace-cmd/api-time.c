/*
 * api-time.c - public functions: timestamps and their conversion.
 */
#include <errno.h>
#include <string.h>

#include "in/handle.h"
#include "in/seek.h"

unsigned long long tracecmd_get_first_ts(struct tracecmd_input *handle)
{
	return handle ? in_handle_first_time(handle) : 0;
}

/* An iteration that goes on must not use times that it has converted ahead. */
static void timeline_changed(struct tracecmd_input *handle)
{
	unsigned int cpu;

	for (cpu = 0; handle->cpus && cpu < handle->nr_cpus; cpu++)
		handle->cpus[cpu].stream.pair = NULL;
}

void tracecmd_add_ts_offset(struct tracecmd_input *handle, long long offset)
{
	if (!handle)
		return;
	in_timeline_add(&handle->timeline, offset);
	timeline_changed(handle);
}

int tracecmd_get_tsc2nsec(struct tracecmd_input *handle, int *mult, int *shift,
			  unsigned long long *offset)
{
	const struct opt_tsc2nsec *t;
	const struct in_buffer *top;
	const char *clock;

	if (!handle) {
		errno = EINVAL;
		return -1;
	}
	t = &handle->file->info.tsc2nsec;
	if (mult)
		*mult = (int)t->mult;
	if (shift)
		*shift = (int)t->shift;
	if (offset)
		*offset = t->offset;
	top = in_file_buffer(handle->file, "");
	clock = top && top->clock ? top->clock : handle->file->info.clock;
	return clock && (!strcmp(clock, "x86-tsc") || !strcmp(clock, "tsc2nsec")) ? 0 : -1;
}

int tracecmd_set_cpu_to_timestamp(struct tracecmd_input *handle, int cpu, unsigned long long ts)
{
	struct in_position *p = handle ? in_handle_position(handle, cpu) : NULL;
	int ret = p ? in_seek_time(&p->stream, &handle->timeline, ts) : -EINVAL;

	if (!ret) {
		in_filters_moved(&handle->filters, (unsigned int)cpu);
		return 0;
	}
	errno = -ret;
	return -1;
}

int tracecmd_set_all_cpus_to_timestamp(struct tracecmd_input *handle, unsigned long long ts)
{
	unsigned int cpu;

	if (!handle) {
		errno = EINVAL;
		return -1;
	}
	for (cpu = 0; handle->cpus && cpu < handle->nr_cpus; cpu++) {
		if (tracecmd_set_cpu_to_timestamp(handle, (int)cpu, ts))
			return -1;
	}
	return 0;
}

bool tracecmd_time_in_ns(struct tracecmd_input *handle)
{
	return handle && in_handle_time_is_ns(handle);
}

void tracecmd_set_ts2secs(struct tracecmd_input *handle, unsigned long long hz)
{
	if (!handle)
		return;
	in_timeline_set_hz(&handle->timeline, hz);
	timeline_changed(handle);
}

bool tracecmd_has_timeshift(struct tracecmd_input *handle)
{
	return handle && handle->timeline.shift && handle->timeline.shift->nr_cpus;
}

unsigned long long tracecmd_get_peer_traceid(struct tracecmd_input *handle)
{
	return handle && handle->file->info.has_timeshift ? handle->file->info.timeshift.peer_id : 0;
}
