/*
 * copy.h - a new trace.dat made from another one.
 *
 * Layer 2, the only folder that sees both in/ and out/. copy_begin() starts the
 * new file with all of the old one's metadata and options. What follows are the
 * calls of out.h: out_option() and out_announce_buffer(), out_options_end(),
 * out_buffer(), out_finish(). A CPU's pages come from a struct copy_pages, or
 * from an out_source of the caller's own; either way memory stays the same for
 * files of any size.
 *
 *	copy_begin(fd, f, &conf, &o, err);		options of the old file are in
 *	out_option(o, ...);				more of them
 *	out_announce_buffer(o, "inst");			version 6: each instance that will come
 *	out_options_end(o, err);
 *	copy_buffer(f, &f->buffers[i], o, &b, err);	or out_buffer() with own sources
 *	out_finish(o, err); out_free(o);
 *
 * Byte order and long size stay the source's. What is damaged in the source
 * is left out and noted there (in_file_damage()); it fails nothing.
 */
#ifndef COPY_COPY_H
#define COPY_COPY_H

#include "in/file.h"
#include "in/pages.h"
#include "out/out.h"

/*
 * What becomes of option @opt of the old file: 1 it is copied; 0 it is left out,
 * perhaps after an out_option() that takes its place; -errno fails copy_begin().
 */
typedef int (*copy_option_fn)(void *arg, struct out_file *o, const struct in_option *opt);

struct copy_conf {
	int version;			/* of the new file: 6 or 7 */
	const struct zip_algo *zip;	/* NULL: none; version 6 has none */
	uint32_t page_size;		/* bytes, 0: see copy_page_size() */
	uint32_t nr_cpus;		/* at least; 0: as the old file has */
	copy_option_fn option;		/* NULL: all are copied */
	void *arg;			/* option's */
};

/*
 * Start a new file in @fd with the metadata and options of @f. Options that say
 * where something is are never copied, and CPUCOUNT is as the new file needs it:
 * neither is asked about. 0; -errno with a message.
 */
int copy_begin(int fd, struct in_file *f, const struct copy_conf *conf, struct out_file **ret,
	       struct err *err);

/*
 * The page size that the header of a new file needs to hold the buffers of @f:
 * that of the top one; in version 6, where all have the same, the largest. 0
 * if such a file cannot hold them.
 */
uint32_t copy_page_size(const struct in_file *f, int version);

/* True if @f has metadata that version 6 has no place for; it is left out then. */
bool copy_loses(const struct in_file *f, int version);

/*
 * The pages of a CPU as a source: as they are in the old file if they can be,
 * ready-made chunks as well. Pages smaller than the new file's are filled up. The
 * last one, if it is cut off, keeps its whole events. Behind what cannot be
 * read the next page says that events were lost.
 */
struct copy_pages {
	struct out_source source;
	struct in_data *data;		/* the caller's */
	const struct in_cpu_data *c;	/* of the CPU */
	unsigned int cpu;
	const struct zip_algo *zip;	/* of the new file */
	uint32_t page_size;		/* of the new file's buffer, bytes */
	uint64_t next;			/* number of the page that comes next */
	uint64_t end;			/* of the first one that doesn't come */
	unsigned int chunk;		/* compressed: of c->chunks, with page next or behind */
	bool lost;			/* events are lost in front of the next page */
	uint8_t *packed;		/* to read compressed bytes into */
	size_t packed_alloc;
	struct in_page_ref ref;		/* a page that had to be unpacked by itself */
};

/*
 * Start at page @from of @cpu, in front of page @to (UINT64_MAX: all). The new
 * file's @page_size is that of data->format, or a larger one.
 */
void copy_pages_init(struct copy_pages *p, struct in_data *data, unsigned int cpu,
		     const struct out_file *o, uint32_t page_size, uint64_t from, uint64_t to);
void copy_pages_release(struct copy_pages *p);

/*
 * Write buffer @b of @f, CPU data or text. @done, if not NULL, is told what was
 * written. Options must have ended; the top buffer goes first in version 6. 0;
 * -errno with a message.
 */
typedef void (*copy_done_fn)(void *arg, const struct out_buffer *b);

int copy_buffer(struct in_file *f, const struct in_buffer *b, struct out_file *o,
		copy_done_fn done, void *arg, struct err *err);

/* Announce, end the options, write all buffers of @f: what follows copy_begin(). */
int copy_buffers(struct in_file *f, struct out_file *o, copy_done_fn done, void *arg,
		 struct err *err);

#endif
