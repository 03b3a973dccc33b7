/*
 * check-pages.c - the data of CPUs: chunks, pages, and each event in them.
 *
 * Layer 5. One page is in memory at a time. What is wrong with a page ends the walk
 * through it; the next one is looked at again.
 */
#include <errno.h>
#include <inttypes.h>

#include "dump/check.h"
#include "in/pages.h"

#define COUNT_LEN 4	/* u32 number of chunks in front of them */

/* The CPU that is being walked. */
struct walk {
	struct check *c;
	struct in_data *d;
	unsigned int cpu;
	uint64_t page;		/* number */
	uint64_t time;		/* of the last event */
	char name[128];
};

/* The chunk that page @page begins in. */
static const struct in_chunk_pos *chunk_of(const struct walk *w, uint64_t page)
{
	const struct in_cpu_data *cpu = &w->d->cpus[w->cpu];
	uint64_t at = page * w->d->format.page_size;
	unsigned int low = 0, high = cpu->nr_chunks;

	/* the answer stays in [low, high) */
	while (high - low > 1) {
		unsigned int mid = low + (high - low) / 2;

		if (cpu->chunks[mid].start <= at)
			low = mid;
		else
			high = mid;
	}
	return &cpu->chunks[low];
}

/* A finding at byte @pos of the page. */
static void page_wrong(const struct walk *w, uint32_t pos, const char *what)
{
	const struct in_cpu_data *cpu = &w->d->cpus[w->cpu];
	uint64_t at = cpu->offset + w->page * w->d->format.page_size + pos;

	if (cpu->chunks)
		check_found(w->c, -EBADMSG, chunk_of(w, w->page)->offset, w->name,
			    "%s, at byte %" PRIu32 " of page %" PRIu64 " when unpacked", what, pos,
			    w->page);
	else
		check_found(w->c, -EBADMSG, at, w->name, "%s, at byte %" PRIu32 " of page %" PRIu64,
			    what, pos, w->page);
}

/* Do the strings and arrays that the event has lie within it? */
static bool locs_ok(const struct check *c, const struct check_event *e, const struct in_event *ev)
{
	uint32_t i;

	for (i = 0; i < e->nr_locs; i++) {
		const struct check_loc *loc = &c->locs[e->loc + i];
		struct cursor w = cursor_over(ev->data, ev->size, c->file->head.order);
		uint32_t word, end;

		w.pos = loc->pos;
		word = cursor_u32(&w);
		end = (word & 0xffff) + (word >> 16);
		if (loc->relative)
			end += loc->pos + 4;
		if (w.failed || end > ev->size)
			return false;
	}
	return true;
}

/* NULL, or what is wrong with the payload. */
static const char *event_wrong(const struct check *c, const struct in_event *ev)
{
	struct cursor w = cursor_over(ev->data, ev->size, c->file->head.order);
	unsigned int id = cursor_u16(&w);
	const struct check_event *e;

	if (w.failed)
		return "an event too short for its id";
	if (!c->events)
		return NULL;
	e = &c->events[id];
	if (!e->known)
		return "an event of an id without a format";
	if (ev->size < e->size)
		return "an event shorter than its format says";
	return locs_ok(c, e, ev) ? NULL : "an event with a string or array outside of it";
}

static void check_page(struct walk *w, const struct in_page_ref *ref)
{
	const char *wrong = NULL;
	struct in_event ev;
	struct in_page p;
	uint32_t pos;
	int ret;

	if (in_page_init(&p, &w->d->format, ref->data, ref->size)) {
		page_wrong(w, 8, p.error);
		return;
	}
	if (p.time < w->time)
		page_wrong(w, 0, "the page is from before the one in front of it");
	w->time = p.time;
	for (pos = p.pos; (ret = in_page_next(&p, &ev)) > 0 && !wrong; pos = p.pos) {
		wrong = event_wrong(w->c, &ev);
		if (!wrong && ev.time.count < w->time)
			wrong = "time goes back";
		w->time = ev.time.count;
		if (wrong)
			page_wrong(w, ev.pos, wrong);
	}
	/* a failed step has gone to the end of the page: it began here */
	if (ret < 0 && !wrong)
		page_wrong(w, pos, p.error);
}

/* The list of chunks: all can be found, and they fill the place they have. */
static void check_chunks(struct walk *w, const struct in_buffer_cpu *pos)
{
	const struct in_file *f = w->c->file;
	const struct in_cpu_data *cpu = &w->d->cpus[w->cpu];
	const struct in_chunk_pos *last = cpu->nr_chunks ? &cpu->chunks[cpu->nr_chunks - 1] : NULL;
	uint64_t end = last ? last->offset + last->packed : pos->offset + COUNT_LEN;
	uint8_t word[COUNT_LEN];
	struct cursor at = cursor_over(word, sizeof(word), f->head.order);
	uint32_t count;

	if (in_source_read(&f->src, word, sizeof(word), pos->offset))
		return;		/* cut off, which is told */
	count = cursor_u32(&at);
	if (count != cpu->nr_chunks)
		check_found(w->c, -EBADMSG, end, w->name, "chunk %u of %" PRIu32
			    " has impossible sizes", cpu->nr_chunks, count);
	else if (end != pos->offset + pos->size && end != pos->offset + pos->size + COUNT_LEN)
		check_found(w->c, -EBADMSG, pos->offset, w->name, "the chunks have %" PRIu64
			    " bytes, but %" PRIu64 " are announced", end - pos->offset, pos->size);
	if (cpu->size % w->d->format.page_size)
		check_found(w->c, -EBADMSG, end, w->name, "the last page is cut off");
}

static int check_cpu(struct walk *w)
{
	const struct in_cpu_data *cpu = &w->d->cpus[w->cpu];
	struct in_page_ref ref = { 0 };
	int ret = 0;

	for (w->page = 0; w->page < cpu->nr_pages; w->page++) {
		ret = in_data_page(w->d, w->cpu, w->page, &ref);
		if (ret == -ENOMEM)
			break;
		if (!ret) {
			check_page(w, &ref);
			continue;
		}
		page_wrong(w, 0, cpu->chunks ? "the chunk cannot be unpacked" : "cannot be read");
		/* the loop's step is one more */
		w->page = in_data_next_chunk(w->d, w->cpu, w->page) - 1;
		ret = 0;
	}
	in_page_ref_release(&ref);
	return ret;
}

int check_pages(struct check *c, const struct in_buffer *b)
{
	struct walk w = { .c = c };
	int ret = in_data_open(c->file, b, &w.d);

	for (w.cpu = 0; !ret && w.cpu < w.d->nr_cpus; w.cpu++) {
		const struct in_buffer_cpu *pos = in_buffer_cpu(b, w.cpu);

		if (!pos)
			continue;
		snprintf(w.name, sizeof(w.name), "buffer '%.80s', CPU %u", b->name, w.cpu);
		if (b->compressed)
			check_chunks(&w, pos);
		w.time = 0;
		ret = check_cpu(&w);
	}
	in_data_close(w.d);
	return ret;
}
