/*
 * out.h - writing a trace.dat, version 6 or 7.
 *
 * Layer 2. Order of calls: out_create(), out_metadata(), out_option()...,
 * out_options_end(), then out_buffer() for each buffer, out_finish(). A guest's
 * metadata that arrived from an agent is continued with out_append(), then
 * out_option()..., out_options_end(), out_buffer()..., out_finish().
 * The file must be seekable (spool streams in a memfd). The descriptor stays the caller's.
 */
#ifndef OUT_OUT_H
#define OUT_OUT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "out/meta.h"
#include "zip/zip.h"

struct out_file;

struct out_conf {
	int version;			/* 6 or 7 */
	const struct zip_algo *zip;	/* NULL: none; ignored for version 6 */
	uint32_t page_size;		/* sub-buffer size of the top instance, bytes */
	int nr_cpus;			/* of the recording machine */
};

/* One CPU's recorded pages. */
struct out_cpu {
	int cpu;
	int fd;			/* a file holding nothing else; -1: no data */
	/* results */
	uint64_t offset;	/* in the trace.dat */
	uint64_t size;		/* bytes written there */
	uint64_t raw_size;	/* bytes before compression */
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
 * CPU count are taken over. Every byte is untrusted: -EBADMSG with a message naming file
 * part and offset. Options added later are stored in the file's byte order by
 * the caller (out_order()).
 */
int out_append(int fd, struct out_file **ret, struct err *err);

int out_version(const struct out_file *o);
int out_order(const struct out_file *o);	/* enum byte_order */

/* Write all parts of @m. */
int out_metadata(struct out_file *o, const struct meta *m, struct err *err);

/* Add one option to the open list; the payload is copied. */
int out_option(struct out_file *o, unsigned int id, const void *data, size_t len);

/* Write the options added so far (v6: the option list; v7: an OPTIONS section). */
int out_options_end(struct out_file *o, struct err *err);

/*
 * Version 6 only, before out_options_end(): announce an instance whose data
 * comes later (v6 needs its BUFFER option in the list). Version 7: does nothing.
 */
int out_announce_buffer(struct out_file *o, const char *name);

/*
 * Write a buffer and what points to it: the whole pages of each CPU's file, from
 * its start on. The top instance must come first in version 6. Fills in the
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
 * Write what comes last (options still open; v7: strings) and make the file end
 * there. After an error it ends behind what is complete, and is readable to there.
 */
int out_finish(struct out_file *o, struct err *err);

/* Free without writing. NULL is fine. */
void out_free(struct out_file *o);

#endif
