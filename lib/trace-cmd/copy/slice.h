/*
 * slice.h - a run of a CPU's events as pages of their own.
 *
 * Layer 2. Whole pages go into the new file as they are (struct copy_pages); only the
 * two at the ends are cut. Times in them stay what they were.
 */
#ifndef COPY_SLICE_H
#define COPY_SLICE_H

#include "copy/copy.h"
#include "in/stream.h"
#include "in/time.h"

/* A place between two events of a CPU: in front of the event at @pos of page @page. */
struct slice_edge {
	uint64_t page;		/* number; that of the CPU's pages: the end */
	uint32_t pos;		/* of the event's header, bytes; 0: the page's start */
};

#define SLICE_START ((struct slice_edge){ 0 })

/* The end of @cpu. */
static inline struct slice_edge slice_end(const struct in_data *d, unsigned int cpu)
{
	return (struct slice_edge){ .page = d->cpus[cpu].nr_pages };
}

static inline bool slice_before(struct slice_edge a, struct slice_edge b)
{
	return a.page < b.page || (a.page == b.page && a.pos < b.pos);
}

/*
 * The place behind @from in front of the first event of @cpu that isn't earlier than @ns, by
 * @timeline, or the end. Page times lead there, so no more than some pages are read. 0; -ENOMEM.
 */
int slice_find(struct in_data *d, unsigned int cpu, const struct in_timeline *timeline,
	       struct slice_edge from, uint64_t ns, struct slice_edge *ret);

/* The place in front of the event at the position of stream @s, or the end. */
struct slice_edge slice_at(struct in_stream *s);

/* Move stream @s of the same CPU to @edge. */
void slice_seek(struct in_stream *s, struct slice_edge edge);

/* The events from one edge to the other as a source. */
struct copy_slice {
	struct out_source source;
	struct copy_pages pages;	/* the whole ones, and the ends' before they are cut */
	struct slice_edge from, to;
	struct in_page_ref ref;
};

/* As copy_pages_init(). The pages keep their size, so @page_size must be that of the data. */
void copy_slice_init(struct copy_slice *s, struct in_data *data, unsigned int cpu,
		     const struct out_file *o, uint32_t page_size, struct slice_edge from,
		     struct slice_edge to);
void copy_slice_release(struct copy_slice *s);

#endif
