/*
 * out.h - writing a trace.dat, version 6 or 7.
 *
 * Layer 2. Order of calls: out_create(), out_metadata(), out_option()...,
 * out_options_end(), then out_buffer() for each buffer, out_finish(). A guest's
 * metadata that arrived from an agent is continued with out_append(), then
 * out_option()..., out_options_end(), out_buffer()..., out_finish().
 * The file must be seekable (spool streams in a memfd). The descriptor stays the caller's.
 *
 * Where the metadata is another file's, out_part()... take the place of out_metadata().
 */
#ifndef OUT_OUT_H
#define OUT_OUT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "out/meta.h"
#include "wire/cursor.h"
#include "zip/zip.h"

struct out_file;

struct out_conf {
	int version;			/* 6 or 7 */
	const struct zip_algo *zip;	/* NULL: none; ignored for version 6 */
	uint32_t page_size;		/* sub-buffer size of the top instance, bytes */
	int nr_cpus;			/* of the recording machine */
	/* what another machine recorded stays as it is */
	unsigned int long_size;		/* of its user space: 4 or 8; 0: all is this machine's */
	enum byte_order order;		/* only with long_size */
};

/* Bytes of a file that go into the trace.dat as they are. */
struct out_range {
	int fd;
	uint64_t offset;	/* in that file */
	uint64_t size;		/* bytes, 0: no range */
	/* 0: pages; else chunks as the trace.dat has them, each behind its two sizes */
	uint32_t nr_chunks;
	uint64_t raw_size;	/* bytes of all chunks before compression */
};

/* Pages of a CPU that come bit by bit; the first member of the caller's own struct. */
struct out_source {
	/*
	 * The next pages, in their order. Either put whole pages into @data, at most
	 * @size bytes (there is always room for one), and return how many bytes; or
	 * fill in *@ret_range, which is zeros, and return 0. 0 without a range is the
	 * end; -errno fails the buffer. Chunks may be given only if they are of
	 * out_zip() and the file's byte order.
	 */
	ssize_t (*next)(struct out_source *s, void *data, size_t size,
			struct out_range *ret_range);
};

/* One CPU's recorded pages. */
struct out_cpu {
	int cpu;
	int fd;			/* a file holding nothing else; -1: no data, or those of source */
	struct out_source *source;	/* instead of fd */
	/* results */
	uint64_t offset;	/* in the trace.dat */
	uint64_t size;		/* bytes written there */
	uint64_t raw_size;	/* bytes before compression */
	uint32_t nr_chunks;	/* of compressed data */
};

struct out_buffer {
	const char *name;	/* "" = top instance */
	const char *clock;	/* "local", ... without brackets */
	uint32_t page_size;	/* bytes */
	bool consume;		/* the disk is short: see out_buffer() */
	struct out_cpu *cpus;	/* ascending by cpu; CPUs without data may be left out */
	int nr_cpus;
};

int out_create(int fd, const struct out_conf *conf, struct out_file **ret, struct err *err);

/*
 * Continue the file in @fd, a complete metadata-only trace.dat (options ended,
 * no buffers), as an agent sends it: its version, byte order, compression and
 * CPU count are taken over. Options that are announced right behind its end are none. Every byte is untrusted: -EBADMSG with a message naming file
 * part and offset. Options added later are stored in the file's byte order by
 * the caller (out_order()).
 */
int out_append(int fd, struct out_file **ret, struct err *err);

/* Could it be continued? Changes nothing. 0; errors as of out_append(). */
int out_appendable(int fd, struct err *err);

/*
 * What protocol 1 of listeners carries is version 6 up to its command lines, which come
 * with the data. out_bare_len(): how much of the file in @fd that is. out_bare_complete(): put
 * behind such a file no command lines and the number of CPUs, so that out_append() takes it; a
 * file that is complete stays as it is. 0; errors as of out_append().
 */
int out_bare_len(int fd, uint64_t *ret, struct err *err);
int out_bare_complete(int fd, uint32_t nr_cpus, struct err *err);

/* After out_append(): the clock that the options name; "" if they name none. */
const char *out_clock(const struct out_file *o);

int out_version(const struct out_file *o);
int out_order(const struct out_file *o);	/* enum byte_order */
const struct zip_algo *out_zip(const struct out_file *o);	/* NULL: none */
uint32_t out_page_size(const struct out_file *o);	/* of the header, bytes */

/* Write all parts of @m. */
int out_metadata(struct out_file *o, const struct meta *m, struct err *err);

/*
 * Write one part, ids 16..21, in version 7 also 23 and 25. Version 6 needs all of
 * 16..21, in this order. @packed: @payload is already what a section of out_zip()
 * holds (version 7 only). The CPUCOUNT option, which out_metadata() adds in
 * version 7, is the caller's: out_option_cpus() or another.
 */
int out_part(struct out_file *o, unsigned int id, const struct buf *payload, bool packed,
	     struct err *err);

/* Append @payload to @ret as out_part() takes it with @packed, in this machine's byte order. 0; -errno. */
int out_pack_part(const struct zip_algo *zip, const struct buf *payload, struct buf *ret);

/* The same of a payload that comes in pieces, with what leads it known last. All zero: not begun. */
struct out_stream {
	const struct zip_algo *zip;
	void *tables;
	struct buf *ret;
	size_t at;
	uint64_t raw_len;
};

/* @ret stays, and stays alone, until the end. 0; -EOPNOTSUPP: not by @zip; -ENOMEM. Each further: 0; -ENOMEM; -EIO; -EFBIG. */
int out_stream_begin(struct out_stream *s, const struct zip_algo *zip, struct buf *ret);
int out_stream_add(struct out_stream *s, const void *data, size_t len);
int out_stream_end(struct out_stream *s, const void *lead, size_t len);
void out_stream_release(struct out_stream *s);

/* CPUCOUNT, in version 7 (version 6 has it behind its parts). 0; -errno. */
int out_option_cpus(struct out_file *o);

/* Add one option to the open list; the payload is copied. */
int out_option(struct out_file *o, unsigned int id, const void *data, size_t len);
/* The same with what is in @b, which is released, or its error; with a text and its NUL. */
int out_option_buf(struct out_file *o, unsigned int id, struct buf *b);
int out_option_text(struct out_file *o, unsigned int id, const char *text);

/* TRACECLOCK: the file trace_clock of @dir, or @clock if it can't be read. 0; -errno. */
int out_option_clock(struct out_file *o, const char *dir, const char *clock);
/* UNAME and VERSION: this machine and this program. 0; -errno. */
int out_option_machine(struct out_file *o);

/* Write the options added so far (v6: the option list; v7: an OPTIONS section). */
int out_options_end(struct out_file *o, struct err *err);

/*
 * Version 7, behind out_options_end(): have these options point to what comes next, which must be more of
 * them. *@ret_len: bytes of the file so far; a copy of them can be continued by what comes then. 0; -EINVAL;
 * -errno; described in @err.
 */
int out_announce_options(struct out_file *o, uint64_t *ret_len, struct err *err);

/*
 * Version 6 only, before out_options_end(): announce an instance whose data
 * comes later (v6 needs its BUFFER option in the list). Version 7: does nothing.
 */
int out_announce_buffer(struct out_file *o, const char *name);

/*
 * Write a buffer and what points to it: the whole pages of each CPU's file, from
 * its start on, or what its source gives. The top instance must come first in version 6. Fills in the
 * results of each CPU. After -ENOSPC and the like, which are errors naming the
 * CPU, the buffer holds what fitted (the results say how much of whom), or is
 * not there if not even that could be ended; the file can be finished.
 *
 * With b->consume a CPU's file is given back to the disk behind the copy: then
 * what the trace has is no longer there, what it lacks still is (unless the
 * buffer could not be ended).
 */
int out_buffer(struct out_file *o, struct out_buffer *b, struct err *err);

/*
 * Write the text of a latency tracer, which is all that a file of version 6 then
 * holds. @text gives bytes, no ranges and not only whole pages.
 */
int out_text(struct out_file *o, const char *name, const char *clock, struct out_source *text,
	     struct err *err);

/*
 * Write what comes last (options still open; v7: strings) and make the file end
 * there. After an error it ends behind what is complete, and is readable to there.
 */
int out_finish(struct out_file *o, struct err *err);

/* Free without writing. NULL is fine. */
void out_free(struct out_file *o);

/* For _cleanup_(). */
static inline void out_freep(struct out_file **o)
{
	out_free(*o);
}

#endif
