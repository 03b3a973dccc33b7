/*
 * source.c - see source.h. Layer 5.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "live/source.h"

#define KEEP_BYTES	(1u << 20)	/* read and not printed, of a CPU */
#define LOOK_BYTES	(256u << 10)	/* read at one look, so that each CPU gets its turn */

struct live_page {
	struct live_page *next;
	struct in_page start;		/* before its first event */
	uint8_t data[];			/* IN_EVENT_SLACK bytes more than a page */
};

void live_source_init(struct live_source *s, unsigned int buffer, unsigned int cpu, int fd,
		      uint32_t page_size, const struct in_timeline *timeline)
{
	*s = (struct live_source){
		.buffer = buffer, .cpu = cpu, .fd = fd, .timeline = timeline,
		.format = {
			.order = ORDER_NATIVE, .long_size = sizeof(long), .page_size = page_size,
		},
		.max_pages = KEEP_BYTES / page_size > 4 ? KEEP_BYTES / page_size : 4,
	};
}

/* The first page has been walked: it is the next one to read into. */
static void drop_first(struct live_source *s)
{
	struct live_page *page = s->first;

	s->first = page->next;
	if (!s->first)
		s->last = NULL;
	else
		s->walk = s->first->start;
	s->nr_pages--;
	if (s->spare)
		free(page);
	else
		s->spare = page;
}

void live_source_release(struct live_source *s)
{
	while (s->first)
		drop_first(s);
	free(s->spare);
	fd_close(&s->fd);
}

/* Counts of lost events add up; once unknown they stay so. */
static int64_t missed_sum(int64_t a, int64_t b)
{
	return a < 0 || b < 0 ? -1 : a + b;
}

/* Look at the times of the page that was read into the spare one, and append it. */
static void take_spare(struct live_source *s, size_t size)
{
	struct live_page *page = take_ptr(s->spare);
	struct in_event ev = { 0 };
	struct in_page walk;
	bool any = false;

	page->next = NULL;
	if (in_page_init(&page->start, &s->format, page->data, size)) {
		log_debug("CPU %u: %s", s->cpu, page->start.error);
		page->start.lost = -1;
	}
	walk = page->start;
	while (!walk.error && in_page_next(&walk, &ev) > 0)
		any = true;
	if (any) {
		uint64_t ns = in_time_convert(s->timeline, NULL, ev.time).ns;

		s->newest_ns = ns > s->newest_ns ? ns : s->newest_ns;
	}
	if (s->last)
		s->last->next = page;
	else
		s->first = page;
	s->last = page;
	if (s->first == page)
		s->walk = page->start;
	s->nr_pages++;
}

int live_source_read(struct live_source *s, int64_t now_ns)
{
	unsigned int left = LOOK_BYTES / s->format.page_size + 1;

	s->drained = false;
	for (; left && !live_source_full(s); left--) {
		ssize_t n;

		if (!s->spare)
			s->spare = calloc(1, sizeof(*s->spare) + s->format.page_size + IN_EVENT_SLACK);
		if (!s->spare)
			return -ENOMEM;
		n = read(s->fd, s->spare->data, s->format.page_size);
		if (n > 0) {
			take_spare(s, n);
			s->read_ns = now_ns;
			continue;
		}
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno != EAGAIN)
			return -errno;
		s->drained = true;
		break;
	}
	return 0;
}

bool live_source_peek(struct live_source *s)
{
	while (!s->ahead && s->first) {
		int ret = s->walk.error ? -EBADMSG : in_page_next(&s->walk, &s->ev);

		if (ret > 0) {
			s->ev.missed = missed_sum(s->ev.missed, s->missed);
			s->missed = 0;
			s->time = in_time_convert(s->timeline, NULL, s->ev.time);
			s->ahead = true;
			break;
		}
		s->missed = ret < 0 ? -1 : missed_sum(s->missed, s->walk.lost);
		drop_first(s);
	}
	return s->ahead;
}

bool live_source_behind(const struct live_source *s, struct in_event *ret)
{
	const struct live_page *page = s->first;
	struct in_page walk = s->walk;

	while (page) {
		if (!walk.error && in_page_next(&walk, ret) > 0)
			return true;
		page = page->next;
		if (page)
			walk = page->start;
	}
	return false;
}
