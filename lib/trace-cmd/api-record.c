/*
 * api-record.c - public functions: single records, and the parser.
 */
#include <errno.h>

#include "in/place.h"

struct tep_record *tracecmd_read_data(struct tracecmd_input *handle, int cpu)
{
	struct in_position *p = handle ? in_handle_position(handle, cpu) : NULL;
	const struct in_event *ev = p ? in_stream_next(&p->stream) : NULL;

	return ev ? in_handle_record(handle, (unsigned int)cpu, ev) : NULL;
}

struct tep_record *tracecmd_read_cpu_first(struct tracecmd_input *handle, int cpu)
{
	struct in_position *p = handle ? in_handle_position(handle, cpu) : NULL;

	if (!p)
		return NULL;
	in_stream_rewind(&p->stream);
	return tracecmd_read_data(handle, cpu);
}

struct tep_record *tracecmd_read_cpu_last(struct tracecmd_input *handle, int cpu)
{
	struct in_position *p = handle ? in_handle_position(handle, cpu) : NULL;

	if (!p)
		return NULL;
	in_stream_to_end(&p->stream);
	if (!in_stream_prev(&p->stream))
		return NULL;
	return tracecmd_read_data(handle, cpu);
}

struct tep_record *tracecmd_read_at(struct tracecmd_input *handle, unsigned long long offset,
				    int *cpu)
{
	return handle ? in_handle_record_at(handle, offset, cpu) : NULL;
}

void tracecmd_free_record(struct tep_record *record)
{
	in_record_unref(record);
}

struct tep_handle *tracecmd_get_tep(struct tracecmd_input *handle)
{
	return handle ? in_handle_tep(handle) : NULL;
}

static int placed(int ret)
{
	if (!ret)
		return 0;
	errno = -ret;
	return -1;
}

int tracecmd_get_place(struct tracecmd_input *handle, const struct tep_record *record,
		       struct tracecmd_place *place)
{
	bool given = handle && record && place;

	return placed(given ? in_place_find(handle, record->offset, place) : -EINVAL);
}

int tracecmd_each_gap(struct tracecmd_input *handle, const struct tep_record *record,
		      tracecmd_gap_fn callback, void *data)
{
	bool given = handle && record && callback;

	return placed(given ? in_place_gaps(handle, record->offset, callback, data) : -EINVAL);
}
