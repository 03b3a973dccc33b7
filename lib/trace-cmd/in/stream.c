/*
 * stream.c - see stream.h. Layer 2.
 */
#include <errno.h>
#include <stdlib.h>

#include "in/parse.h"
#include "in/stream.h"

#define NO_PAGE UINT64_MAX

void in_stream_init(struct in_stream *s, struct in_data *data, unsigned int cpu)
{
	*s = (struct in_stream){ .data = data, .cpu = cpu, .marked_page = NO_PAGE };
}

void in_stream_release(struct in_stream *s)
{
	in_page_ref_release(&s->ref);
	free(s->marks);
	*s = (struct in_stream){ .marked_page = NO_PAGE };
}

static const struct in_cpu_data *stream_cpu(const struct in_stream *s)
{
	return s->cpu < s->data->nr_cpus ? &s->data->cpus[s->cpu] : NULL;
}

static uint64_t stream_pages(const struct in_stream *s)
{
	const struct in_cpu_data *c = stream_cpu(s);

	return c ? c->nr_pages : 0;
}

/* Have no current page. */
static void drop_page(struct in_stream *s)
{
	s->pair = NULL;
	in_page_ref_release(&s->ref);
	s->page = (struct in_page){ .data = NULL };
}

/* Be before page @number. */
static void to_page(struct in_stream *s, uint64_t number)
{
	drop_page(s);
	s->next_page = number;
	s->missed = 0;
	s->ahead = false;
}

void in_stream_rewind(struct in_stream *s)
{
	to_page(s, 0);
}

void in_stream_to_end(struct in_stream *s)
{
	to_page(s, stream_pages(s));
}

void in_stream_to_page(struct in_stream *s, uint64_t number)
{
	to_page(s, number < stream_pages(s) ? number : stream_pages(s));
}

/* Counts of lost events add up; once unknown they stay so. */
static int64_t missed_sum(int64_t a, int64_t b)
{
	int64_t sum;

	if (a < 0 || b < 0 || __builtin_add_overflow(a, b, &sum))
		return -1;
	return sum;
}

static void note_page(struct in_stream *s)
{
	in_file_note(s->data->file, -EBADMSG, "damaged page of CPU %u at offset %llu: %s", s->cpu,
		     (unsigned long long)s->page_key, s->page.error);
}

/* Behind page @number, or at the end. */
static void set_next_page(struct in_stream *s, uint64_t number)
{
	s->next_page = number < stream_pages(s) ? number : stream_pages(s);
}

/*
 * Make page @number the current one. 0; -errno, noted: no page is current, and the
 * next one is behind what could not be read.
 */
static int page_load(struct in_stream *s, uint64_t number)
{
	const struct in_cpu_data *c = stream_cpu(s);
	int ret = in_data_page(s->data, s->cpu, number, &s->ref);

	if (ret) {
		drop_page(s);
		/* a chunk that cannot be unpacked need not be tried for each of its pages */
		set_next_page(s, in_data_next_chunk(s->data, s->cpu, number));
		return ret;
	}
	s->page_key = c->key + number * s->data->format.page_size;
	set_next_page(s, number + 1);
	ret = in_page_init(&s->page, &s->data->format, s->ref.data, s->ref.size);
	if (ret) {
		note_page(s);
		drop_page(s);
	}
	return ret;
}

/* Go on to the next page that can be walked. False at the end. */
static bool page_next(struct in_stream *s)
{
	/* what the page lost came after its last event, or it has none */
	if (s->ref.data) {
		s->missed = missed_sum(s->missed, s->page.lost);
		/* it may be the first one of many */
		if (in_page_blank(&s->page))
			s->next_page = in_data_skip_hole(s->data, s->cpu, s->next_page);
	}
	while (s->next_page < stream_pages(s)) {
		if (!page_load(s, s->next_page)) {
			s->page.lost = missed_sum(s->page.lost, s->missed);
			s->missed = 0;
			return true;
		}
		s->missed = -1;
	}
	drop_page(s);
	return false;
}

void in_stream_turn_page(struct in_stream *s)
{
	if (!s->ahead && s->ref.data && s->page.pos == s->page.end)
		page_next(s);
}

bool in_stream_fill(struct in_stream *s)
{
	s->pair = NULL;
	for (;;) {
		int ret = s->ref.data ? in_page_next(&s->page, &s->ev) : 0;

		if (ret > 0) {
			s->ev.key = s->page_key + s->ev.pos;
			s->ahead = true;
			return true;
		}
		if (ret < 0) {
			note_page(s);
			s->missed = -1;
		}
		if (!page_next(s))
			return false;
	}
}

/* Remember all events of the current page, which is at its start. 0; -ENOMEM. */
static int marks_make(struct in_stream *s)
{
	struct in_page p = s->page;
	struct in_event ev;

	s->nr_marks = 0;
	s->marked_page = NO_PAGE;
	s->marked_lost = p.lost;
	for (;;) {
		struct in_stream_mark mark = { .walk_pos = p.pos, .walk_time = p.time };

		if (in_page_next(&p, &ev) <= 0)
			break;
		mark.pos = ev.pos;
		if (s->nr_marks == s->alloc_marks) {
			unsigned int alloc = s->alloc_marks ? 2 * s->alloc_marks : 256;
			struct in_stream_mark *more = reallocarray(s->marks, alloc, sizeof(*more));

			if (!more)
				return in_file_note(s->data->file, -ENOMEM, "out of memory");
			s->marks = more;
			s->alloc_marks = alloc;
		}
		s->marks[s->nr_marks++] = mark;
	}
	if (p.error) {
		s->page.error = p.error;
		note_page(s);
	}
	s->marked_page = s->next_page - 1;
	return 0;
}

/* Have the marks of page @number, which becomes the current one. 0; -errno. */
static int marks_of(struct in_stream *s, uint64_t number)
{
	int ret;

	if (s->ref.data && s->marked_page == number && s->next_page == number + 1)
		return 0;
	ret = page_load(s, number);
	return ret ? ret : marks_make(s);
}

/* Go before event @i of the marked page, which is then ahead. */
static const struct in_event *mark_event(struct in_stream *s, unsigned int i)
{
	s->page.pos = s->marks[i].walk_pos;
	s->page.time = s->marks[i].walk_time;
	s->page.lost = i ? 0 : s->marked_lost;
	s->ahead = false;
	s->missed = 0;
	return in_stream_peek(s);
}

/* How many events of the marked page are before byte @pos. */
static unsigned int marks_before(const struct in_stream *s, uint32_t pos)
{
	unsigned int low = 0, high = s->nr_marks;

	while (low < high) {
		unsigned int mid = low + (high - low) / 2;

		if (s->marks[mid].pos < pos)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

const struct in_event *in_stream_prev(struct in_stream *s)
{
	bool inside = s->ref.data;
	uint32_t pos = s->ahead ? s->ev.pos : s->page.pos;
	uint64_t number = s->next_page;

	if (inside) {
		number--;
		if (!marks_of(s, number) && marks_before(s, pos))
			return mark_event(s, marks_before(s, pos) - 1);
	}
	while (number--)
		if (!marks_of(s, number) && s->nr_marks)
			return mark_event(s, s->nr_marks - 1);
	to_page(s, 0);
	return NULL;
}

/* True if the walk is on page @number and not behind byte @pos of it. */
static bool can_walk_on(const struct in_stream *s, uint64_t number, uint32_t pos)
{
	return s->ref.data && s->next_page == number + 1 &&
	       (s->ahead ? s->ev.pos : s->page.pos) <= pos;
}

const struct in_event *in_stream_seek(struct in_stream *s, uint64_t key)
{
	const struct in_cpu_data *c = stream_cpu(s);
	const struct in_event *ev;
	uint64_t number, at;

	if (!c || key < c->key || key - c->key >= c->size)
		return NULL;
	at = key - c->key;
	number = at / s->data->format.page_size;
	if (!can_walk_on(s, number, (uint32_t)(at % s->data->format.page_size))) {
		to_page(s, number);
		if (page_load(s, number))
			return NULL;
	}
	for (ev = in_stream_peek(s); ev && ev->key < key; ev = in_stream_peek(s))
		s->ahead = false;
	return ev && ev->key == key ? ev : NULL;
}
