/*
 * parse.h - what file.c, body6.c, options.c and section.c share while opening.
 *
 * Layer 2, private to in/.
 */
#ifndef IN_PARSE_H
#define IN_PARSE_H

#include "in/file.h"

/* Note that something could not be read; the first note stays. Returns @code. */
int in_file_note(struct in_file *f, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Note that the file ends before offset @need. Returns -ENODATA. */
int in_file_note_truncated(struct in_file *f, uint64_t need);

/* The same as the message of a failing call. */
int in_file_err_truncated(struct in_file *f, uint64_t need, struct err *err);

/* Read @len bytes at @offset, naming @what in the message. 0; -ENODATA; -errno. */
int in_file_read(struct in_file *f, void *data, size_t len, uint64_t offset, const char *what,
		 struct err *err);

/* v6: everything behind the header up to the data. */
int in_body6_read(struct in_file *f, struct err *err);

/* v6: the option list at @offset; in @ret_end where it ended. */
int in_options_read6(struct in_file *f, uint64_t offset, uint64_t *ret_end, struct err *err);

/* v7: the chain of OPTIONS sections. */
int in_options_read7(struct in_file *f, struct err *err);

/* v7: fill f->part[] from the options that point to sections. */
int in_parts_read7(struct in_file *f, struct err *err);

/*
 * The uncompressed payload of section @s appended to @out, whatever its
 * compression. 0; -EBADMSG; -ENODATA; -E2BIG; -ENOMEM.
 */
int in_section_load(struct in_file *f, const struct in_section *s, struct buf *out, struct err *err);

/* Page size and long size of header_page's text; 0 where it doesn't say. */
struct in_header_page {
	bool empty;		/* there is no text */
	uint32_t page_size;	/* data offset + data size */
	uint32_t data_offset;
	uint32_t commit_size;
	uint32_t timestamp_size;
};

/*
 * Take a HEADER_INFO payload apart: the two texts in place, and what the
 * first says. 0; -EBADMSG.
 */
int in_header_info_parse(const void *data, size_t len, enum byte_order order,
			 const char **ret_page_text, size_t *ret_page_len,
			 const char **ret_event_text, size_t *ret_event_len,
			 struct in_header_page *ret);

#endif
