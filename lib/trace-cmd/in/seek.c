/*
 * seek.c - see seek.h. Layer 2.
 */
#include <errno.h>

#include "in/seek.h"

/* The time of the first page from @page on, before @end, that can be read. 0; -ENOENT; -ENOMEM. */
static int page_time(struct in_data *d, unsigned int cpu, const struct in_timeline *timeline,
		     uint64_t page, uint64_t end, uint64_t *ret_ns)
{
	struct in_page_ref ref = { 0 };
	struct in_page p;
	int ret = -ENOENT;

	while (page < end) {
		ret = in_data_page(d, cpu, page, &ref);
		if (ret == -ENOMEM)
			break;
		/* what can't be unpacked isn't tried for each of its pages */
		page = ret ? in_data_next_chunk(d, cpu, page) : page + 1;
		if (!ret && !in_page_init(&p, &d->format, ref.data, ref.size)) {
			/* one that nobody has written tells no time */
			if (in_page_blank(&p)) {
				page = in_data_skip_hole(d, cpu, page);
				ret = -ENOENT;
				continue;
			}
			*ret_ns = in_time_convert(timeline, in_timeline_cpu(timeline, cpu),
						  (struct raw_time){ p.time }).ns;
			break;
		}
		ret = -ENOENT;
	}
	in_page_ref_release(&ref);
	return ret;
}

int in_seek_page(struct in_data *d, unsigned int cpu, const struct in_timeline *timeline,
		 uint64_t from, uint64_t ns, uint64_t *ret_page)
{
	uint64_t low = from, high = cpu < d->nr_cpus ? d->cpus[cpu].nr_pages : 0;

	while (low + 1 < high) {
		uint64_t middle = low + (high - low) / 2, time = 0;
		int error = page_time(d, cpu, timeline, middle, high, &time);

		if (error == -ENOMEM)
			return error;
		if (error || time >= ns)
			high = middle;
		else
			low = middle;
	}
	*ret_page = low;
	return 0;
}

int in_seek_time(struct in_stream *s, const struct in_timeline *timeline, uint64_t ns)
{
	const struct timeshift_cpu *shift = in_timeline_cpu(timeline, s->cpu);
	const struct in_event *ev;
	uint64_t page;
	int error = in_seek_page(s->data, s->cpu, timeline, 0, ns, &page);

	if (error)
		return error;
	in_stream_to_page(s, page);
	while ((ev = in_stream_peek(s)) && in_time_convert(timeline, shift, ev->time).ns < ns)
		in_stream_next(s);
	return 0;
}
