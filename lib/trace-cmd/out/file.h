/*
 * file.h - what the parts of out/ share: the state of a file being written.
 *
 * Layer 2, private to out/. A part first writes what it has at the end of the
 * file, and only then moves the end and patches pointers to it, so that at every
 * moment the file up to its end is complete.
 */
#ifndef OUT_FILE_H
#define OUT_FILE_H

#include "out/out.h"
#include "wire/dat.h"

/* Version 6: an instance whose BUFFER option waits for the place of its data. */
struct out_announced {
	char *name;
	uint64_t pos;		/* of the offset: in the open list, then (placed) in the file */
	bool placed;
	bool written;
};

struct out_file {
	int fd;
	int version;
	enum byte_order order;
	unsigned int long_size;
	const struct zip_algo *zip;	/* NULL: store as it is */
	struct packer *packer;		/* NULL: nothing was packed yet */
	uint32_t page_size;		/* bytes, in the header */
	uint32_t nr_cpus;		/* 0 = not known (version 7 only) */
	uint64_t end;			/* what comes next goes here */
	bool finished;
	char clock[32];			/* of appended metadata, "" not known */

	struct buf options;		/* the open list */
	bool options_written;		/* a list is in the file */
	uint64_t link_pos;		/* version 7: of the pointer to the next OPTIONS section */

	struct buf strings;		/* version 7: descriptions not yet written */
	uint32_t strings_base;		/* bytes of those that already are */

	bool top_written;		/* version 6: the top instance is in the file */
	struct out_announced *announced;
	unsigned int nr_announced;
};

/* --- file.c --- */

/* Write all bytes of @b at @pos; b->error counts. 0; -errno. */
int out_pwrite(struct out_file *o, const struct buf *b, uint64_t pos);

/* Write all bytes of @b at the end and move the end. A failure cuts the file at the old end. */
int out_append_bytes(struct out_file *o, const struct buf *b);

/* Store one integer at @pos. */
int out_patch_u64(struct out_file *o, uint64_t pos, uint64_t v);
int out_patch_u32(struct out_file *o, uint64_t pos, uint32_t v);

/* Forget what lies behind o->end. */
int out_truncate(struct out_file *o);

/* --- section.c, version 7 --- */

/* Note a description (@text and @more joined) and return its id. Errors are o->strings.error. */
int32_t out_describe(struct out_file *o, const char *text, const char *more);

/*
 * Write a section (never OPTIONS or BUFFER) at the end, compressed if the file is;
 * @packed: the payload is so already.
 */
int out_section(struct out_file *o, unsigned int id, const struct buf *payload, bool packed,
		uint64_t *ret_offset);

/* --- data.c --- */

/*
 * Copy all CPUs, the first one to the first multiple of the page size at or
 * behind *@pos. Stops at the first failure, after which the remaining CPUs are
 * empty. *@pos ends up behind the last byte kept.
 */
int out_cpus_data(struct out_file *o, struct out_buffer *b, uint64_t *pos, struct err *err);

/*
 * Write what @cpu's fd or source gives at @pos, and fill in its size and raw_size.
 * On failure the sizes say what is complete and worth keeping: at least a chunk
 * less than what fitted, so that a full disk has room for what must follow.
 */
int out_cpu_data(struct out_file *o, const struct out_buffer *b, struct out_cpu *cpu,
		 uint64_t pos);

/*
 * Drop a last chunk of pages, which out_buffer.consume has left in the CPU's
 * file, to make room. The CPU that lost it, -1 if there is none; *@pos is the new end.
 */
int out_cpus_trim(struct out_file *o, struct out_buffer *b, uint64_t *pos);

/* --- v6.c --- */

int out_v6_part(struct out_file *o, unsigned int id, const struct buf *payload);
int out_v6_options_end(struct out_file *o, struct err *err);
int out_v6_announce(struct out_file *o, const char *name);
int out_v6_buffer(struct out_file *o, struct out_buffer *b, struct err *err);
int out_v6_text(struct out_file *o, struct out_source *text, struct err *err);

/* --- text.c, version 7 --- */

int out_v7_text(struct out_file *o, const char *name, const char *clock,
		struct out_source *text);

#endif
