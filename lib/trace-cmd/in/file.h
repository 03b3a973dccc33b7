/*
 * file.h - a trace.dat file: header, options, sections and buffers, both versions.
 *
 * Layer 2. in_file_open() reads everything but the metadata texts and the data
 * of CPUs: those are loaded when asked for. All offsets are in bytes from the
 * start of the file. The structs are public to layer 2 and dump, and read only
 * to them.
 *
 * Two kinds of failure: what makes the file unusable fails the call with a
 * message; what only hides a part of it (truncation, a bad section) is noted as
 * damage and the rest goes on, see in_file_damage().
 */
#ifndef IN_FILE_H
#define IN_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "in/buffer.h"
#include "in/info.h"
#include "in/source.h"
#include "wire/dat.h"
#include "zip/zip.h"

#define IN_PART_COUNT		26		/* ids 0 .. DAT_MODULES_FILE */
#define IN_META_MAX		(256u << 20)	/* bytes of one uncompressed metadata part */
#define IN_OPTION_SECTIONS_MAX	4096
#define IN_OPTIONS_MAX		1000000
#define IN_OPTION_BYTES_MAX	(256u << 20)	/* of all payloads */
#define IN_SECTIONS_MAX		65536

/*
 * One metadata part, by the ids 16..21, 23 and 25. In v7 it is a section; in
 * v6 the bytes of the body that have the same layout as that section's payload.
 */
struct in_part {
	bool present;
	uint64_t offset;	/* v7: of the section header; v6: of the part's first byte */
	uint64_t size;		/* bytes in the file: v7 without the section header */
	unsigned int flags;	/* v7: DAT_SECTION_* */
	int32_t description;	/* v7: string id, -1 if none */
	unsigned int option;	/* v7: index in options[] of the option that points here */
};

/* One option, in the order of the chain. v7 includes every DONE (id 0, 8 bytes). */
struct in_option {
	uint16_t id;
	uint32_t size;			/* bytes of payload */
	const uint8_t *data;		/* the payload, owned by the file, followed by a NUL byte */
	uint64_t section;		/* v7: offset of its OPTIONS section header; v6: of the list */
};

/* A section of a v7 file, as in_file_sections() finds it. */
struct in_section {
	uint64_t offset;		/* of the section header */
	struct dat_section head;	/* id, flags, description, size in the file */
	/*
	 * Uncompressed bytes: head.size if not compressed; as told by the section if it
	 * is; 0 for a compressed section of CPU data (ask its in_buffer).
	 */
	uint64_t raw_size;
};

/* What only version 6 has. */
struct in_body6 {
	uint64_t options_offset;	/* of the option list, 0: the file has none */
	uint32_t cpus;			/* part 7, before any CPUCOUNT */
	uint64_t data_offset;		/* of the tag of part 9, 0: metadata only */
	bool latency;			/* the tag says text */
	char *clock_text;		/* the field behind the top table, NULL if there is none */
};

struct in_file {
	unsigned int refs;
	struct in_source src;
	struct dat_header head;
	size_t head_len;		/* bytes */
	const struct zip_algo *zip;	/* NULL: none */
	struct in_body6 v6;
	struct in_part part[IN_PART_COUNT];
	struct in_option *options;
	unsigned int nr_options;
	uint8_t **option_data;		/* payload blocks that options[] lead into */
	unsigned int nr_option_data;
	size_t option_bytes;		/* in all of them */
	struct in_info info;		/* what the options say */
	unsigned int long_size;		/* of the kernel: header_page's, else the header's */
	bool old_pages;			/* ring buffer format before Linux 2.6.31 */
	/* All buffers: the top one first if it exists, then instances in the file's order. */
	struct in_buffer *buffers;
	unsigned int nr_buffers;
	struct err damage;
};

/*
 * Open a file by path; by a seekable descriptor (owned on success only); or in
 * memory (which must outlive it). 0, with one reference in @ret_file; -errno
 * with a message: -EINVAL not a trace file; -ENOTSUP version or compression;
 * -EBADMSG damaged; -ENODATA cut off within the metadata; of open(); -ENOMEM.
 */
int in_file_open(const char *path, struct in_file **ret_file, struct err *err);
int in_file_open_fd(int fd, struct in_file **ret_file, struct err *err);
int in_file_open_memory(const void *data, size_t size, struct in_file **ret_file, struct err *err);

/* References may be taken and dropped in any thread. */
struct in_file *in_file_ref(struct in_file *f);
/* Drop a reference; NULL is fine. */
void in_file_unref(struct in_file *f);

/* For _cleanup_(). */
static inline void in_file_unrefp(struct in_file **f)
{
	in_file_unref(*f);
}

/*
 * What could not be read so far. 0, or the negative errno of the first
 * failure (-ENODATA: truncated) with f->damage.text.
 */
static inline int in_file_damage(const struct in_file *f)
{
	return f->damage.code;
}

/*
 * Append the uncompressed payload of metadata part @id to @out. 0; -ENOENT the
 * file has no such part; -EBADMSG; -ENODATA; -E2BIG; -ENOMEM; with a message.
 */
int in_file_load(struct in_file *f, unsigned int id, struct buf *out, struct err *err);

/*
 * Where the payload of metadata part @id (below IN_PART_COUNT) is, if it is in the file as it is. False: it
 * has to be loaded, or there is none, or not all of it.
 */
bool in_file_plain(const struct in_file *f, unsigned int id, uint64_t *ret_offset, uint64_t *ret_size);

/*
 * True if in_file_load() would give the same of metadata part @id of both files, as its bytes
 * in them are, or as it is in neither: they may be compressed, and need not be unpacked to know that.
 */
bool in_file_same_part(struct in_file *a, struct in_file *b, unsigned int id);

/*
 * All sections of a v7 file by walking their headers, into a heap array the
 * caller frees; none in v6. The walk ends at the end of the file or at the first
 * header that leads out of it (noted as damage). 0; -ENOMEM; -errno.
 */
int in_file_sections(struct in_file *f, struct in_section **ret_sections,
		     unsigned int *ret_count, struct err *err);

/* The header of the v7 section at @offset, checked to lie in the file. 0; -ENODATA; -errno. */
int in_file_section_at(struct in_file *f, uint64_t offset, struct in_section *ret, struct err *err);

/*
 * All STRINGS payloads of a v7 file joined in file order: string id = offset in
 * @out, each ends in a NUL (one is added behind the last). 0; -errno.
 */
int in_file_strings(struct in_file *f, struct buf *out, struct err *err);

/* Text of string @id in what in_file_strings() gave, "" if there is none. */
const char *in_strings_get(const struct buf *strings, int32_t id);

/* The buffer called @name ("" = top), NULL if there is none. */
struct in_buffer *in_file_buffer(struct in_file *f, const char *name);

#endif
