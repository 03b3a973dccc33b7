/*
 * pages.h - the pages of the CPUs of one buffer, unpacked when needed.
 *
 * Layer 2. Data is read in chunks of several pages: those of the compression, or
 * runs of plain pages. Few chunks are in memory at a time: one for each CPU
 * that is being walked, and a small cache for those who jump; who goes on from one chunk to the
 * next has no use for it, and leaves it alone.
 */
#ifndef IN_PAGES_H
#define IN_PAGES_H

#include <stddef.h>
#include <stdint.h>

#include "in/file.h"
#include "in/page.h"

#define IN_CHUNK_MAX	(64u << 20)	/* bytes of an unpacked chunk */
#define IN_LIVE_MAX	(1ull << 30)	/* bytes of all chunks in memory */
#define IN_CHUNK_ALIGN	64	/* bytes */
#define IN_CACHE_CHUNKS	16
#define IN_CACHE_BYTES	(8u << 20)
#define IN_PLAIN_CHUNK	(64u << 10)	/* bytes of a run of plain pages, if pages are smaller */
#define IN_PLAIN_CROWDED	(8u << 10)	/* the same where so many streams are walked at the same time */
#define IN_CROWD	32		/* that longer runs of all would not stay in the cache until they are walked */

struct in_data;

/* Some pages of a CPU in memory. */
struct in_chunk {
	unsigned int refs;
	const void *pinned_by;	/* the latest struct in_pins that has a reference */
	struct in_data *owner;
	unsigned int cpu;
	uint64_t start;		/* of its bytes in the CPU's unpacked data */
	uint32_t len;		/* bytes */
	/* what the kernel copies to a cache line's start, it copies a tenth faster */
	uint8_t data[] __attribute__((aligned(IN_CHUNK_ALIGN)));
};

/* Where a compressed chunk is. */
struct in_chunk_pos {
	uint64_t offset;	/* of the packed bytes in the file */
	uint64_t start;		/* of the unpacked bytes in the CPU's data */
	uint32_t packed, raw;	/* bytes */
};

/* The data of one CPU. */
struct in_cpu_data {
	uint64_t offset;	/* in the file */
	uint64_t size;		/* unpacked bytes that can be read */
	uint64_t nr_pages;	/* the last one may be cut off */
	uint64_t key;		/* of its first byte, see in_event */
	struct in_chunk_pos *chunks;	/* compressed data only */
	unsigned int nr_chunks;
};

/* What one thread unpacks chunks with; all zeroes to begin with. */
struct in_unpack {
	uint8_t *packed;	/* to read compressed bytes into */
	size_t alloc;		/* bytes of it */
	struct zip_unpacker unpacker;
};

struct in_ahead;
struct in_ahead_cpu;

/* All data of a buffer. */
struct in_data {
	struct in_file *file;	/* a reference */
	const struct in_buffer *buffer;
	struct in_page_format format;
	bool crowded;			/* IN_CROWD streams or more are walked with this one's */
	struct in_cpu_data *cpus;
	unsigned int nr_cpus;
	struct in_chunk *cache[IN_CACHE_CHUNKS];	/* latest first */
	uint64_t live;		/* bytes of all chunks */
	struct in_chunk *spare;	/* one without references, to use again */
	struct in_unpack unpack;
	struct in_ahead *ahead;		/* unpacks what comes next, or NULL */
	struct in_ahead_cpu **ahead_cpus;	/* nr_cpus, its */
};

/* One page in memory, keeping its chunk there. */
struct in_page_ref {
	struct in_chunk *chunk;
	const uint8_t *data;
	uint32_t size;		/* bytes, less than a page if that is cut off */
};

/*
 * Prepare reading @buffer, which must not be text: chunks are looked up, but no data is
 * read. What is cut off or damaged is noted in the file and left out. 0; -ENOMEM.
 */
int in_data_open(struct in_file *f, const struct in_buffer *buffer, struct in_data **ret_data);
/* All page refs must be released before. NULL is fine. */
void in_data_close(struct in_data *d);

/*
 * Page @number of a CPU into @ref, whose old page is released. 0; -EBADMSG, -ENODATA,
 * -E2BIG, -ENOMEM, -errno, noted as damage.
 */
int in_data_page(struct in_data *d, unsigned int cpu, uint64_t number, struct in_page_ref *ref);
void in_page_ref_release(struct in_page_ref *ref);

/* Another reference, and dropping one. */
void in_chunk_ref(struct in_chunk *c);
void in_chunk_unref(struct in_chunk *c);

/* The number of the first page of the chunk behind the one with page @number. */
uint64_t in_data_next_chunk(const struct in_data *d, unsigned int cpu, uint64_t number);

/* The first page at or behind @number that isn't in a hole of the file; nr_pages if there is none. */
uint64_t in_data_skip_hole(const struct in_data *d, unsigned int cpu, uint64_t number);

/* The CPU and page number that @key is in. 0; -ENOENT. */
int in_data_find(const struct in_data *d, uint64_t key, unsigned int *ret_cpu, uint64_t *ret_page);

#endif
