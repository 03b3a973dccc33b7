/*
 * dat.h - names, numbers and fixed structures of trace.dat.
 *
 * Layer 1, pure. The format is described in Documentation/formats/.
 */
#ifndef WIRE_DAT_H
#define WIRE_DAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/cursor.h"

#define DAT_VERSION_MIN		6
#define DAT_VERSION_MAX		7
#define DAT_MAGIC		"\x17\x08\x44" "tracing"
#define DAT_MAGIC_LEN		10
#define DAT_TAG_LEN		10		/* the v6 tags below, NUL included */
#define DAT_TAG_OPTIONS		"options  "
#define DAT_TAG_LATENCY		"latency  "
#define DAT_TAG_FLYRECORD	"flyrecord"
#define DAT_SECTION_HEADER_LEN	16
#define DAT_CHUNK_PAGES		10		/* pages in a compression chunk, at least */
#define DAT_PAGE_SIZE_MIN	512		/* bytes */
#define DAT_PAGE_SIZE_MAX	(16 << 20)
#define DAT_CPU_LIMIT		65536		/* CPU numbers are below it */

/* Ids of options; those of 3 and 16..25 are ids of sections, too. */
enum dat_id {
	DAT_DONE		= 0,	/* as a section: OPTIONS */
	DAT_DATE		= 1,
	DAT_CPUSTAT		= 2,
	DAT_BUFFER		= 3,
	DAT_TRACECLOCK		= 4,
	DAT_UNAME		= 5,
	DAT_HOOK		= 6,
	DAT_OFFSET		= 7,
	DAT_CPUCOUNT		= 8,
	DAT_VERSION		= 9,
	DAT_PROCMAPS		= 10,
	DAT_TRACEID		= 11,
	DAT_TIME_SHIFT		= 12,
	DAT_GUEST		= 13,
	DAT_TSC2NSEC		= 14,
	DAT_STRINGS		= 15,
	DAT_HEADER_INFO		= 16,
	DAT_FTRACE_EVENTS	= 17,
	DAT_EVENT_FORMATS	= 18,
	DAT_KALLSYMS		= 19,
	DAT_PRINTK		= 20,
	DAT_CMDLINES		= 21,
	DAT_BUFFER_TEXT		= 22,
	DAT_BTF_FILE		= 23,
	DAT_LAST_BOOT_INFO	= 24,
	DAT_MODULES_FILE	= 25,
	DAT_TSYNC		= 0xc10c,	/* our own; others skip it */
};
#define DAT_OPTIONS		DAT_DONE	/* the section of options */

/* How the payload of an option is built, for printing and checking. */
enum dat_kind {
	DAT_KIND_NONE, DAT_KIND_STRING, DAT_KIND_NUMBER, DAT_KIND_SECTION, DAT_KIND_STRUCT,
};

struct dat_id_info {
	uint16_t id;
	const char *option;	/* name that dump prints, e.g. "TimeShift" */
	const char *section;	/* description text of the section, NULL if none */
	enum dat_kind kind;
	size_t min_size;	/* of the option's payload */
};

/* The row of @id, NULL if unknown. */
const struct dat_id_info *dat_id_find(unsigned int id);

/* A power of two within the limits above: safe to divide and mask by. */
bool dat_page_size_ok(uint32_t page_size);

/* The initial header. Strings are owned by the struct. */
struct dat_header {
	int version;			/* 6 or 7 */
	enum byte_order order;
	unsigned int long_size;		/* 4 or 8 */
	uint32_t page_size;		/* bytes */
	char compression[32];		/* v7: "none", "zlib", "zstd"; v6: "none" */
	char compression_version[32];
	uint64_t options_offset;	/* v7: of the first OPTIONS section */
};

#define DAT_HEADER_MAX 128	/* bytes that dat_header_parse() may need */

/*
 * Parse the first bytes of a file. 0, with the header's length in @ret_len;
 * -EINVAL not a trace file; -ENOTSUP another version; -ENODATA too short;
 * -EBADMSG impossible values.
 */
int dat_header_parse(const void *data, size_t len, struct dat_header *ret, size_t *ret_len);

/* Append the header to @b; in @ret_options_pos (v7, may be NULL) where in @b options_offset is. */
int dat_header_put(struct buf *b, const struct dat_header *h, size_t *ret_options_pos);

/* v7 section header. */
struct dat_section {
	uint16_t id;
	uint16_t flags;
	int32_t description;	/* string id, -1 if none */
	uint64_t size;		/* payload bytes in the file */
};
#define DAT_SECTION_COMPRESSED 1

void dat_section_parse(const uint8_t data[DAT_SECTION_HEADER_LEN], enum byte_order order,
		       struct dat_section *ret);
void dat_section_put(struct buf *b, enum byte_order order, const struct dat_section *s);

#endif
