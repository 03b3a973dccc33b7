/*
 * chunks.h - where the chunks of a CPU's data are in the file.
 *
 * Layer 2, private to in/.
 */
#ifndef IN_CHUNKS_H
#define IN_CHUNKS_H

#include "in/pages.h"
#include "in/parse.h"

/*
 * Fill in the offset, size and chunks of a CPU whose data is at @pos. What is
 * damaged or cut off is noted and left out. 0; -ENOMEM.
 */
int in_chunks_index(struct in_data *d, unsigned int cpu, const struct in_buffer_cpu *pos);

/*
 * The chunks of a list at @offset which takes @size bytes, give or take the 4
 * that 3.0 and 3.1 forget. All of a chunk's sizes have been checked. @page_size 0: any
 * size of an unpacked chunk will do. 0, the list being shorter if it is damaged; -ENOMEM.
 */
int in_chunks_read(struct in_file *f, uint64_t offset, uint64_t size, uint32_t page_size,
		   struct in_chunk_pos **ret_chunks, unsigned int *ret_count);

/* The chunk with byte @at, which must be inside. */
const struct in_chunk_pos *in_chunk_find(const struct in_cpu_data *c, uint64_t at);

/* A new chunk with one reference. NULL: out of memory, or the bound of that is reached. */
struct in_chunk *in_chunk_new(struct in_data *d, unsigned int cpu, uint64_t start, uint32_t len);

/* Unpack what is at @pos into @chunk, in any thread. 0; -ENODATA, -EBADMSG, -errno; -ENOBUFS no room for it. */
int in_chunk_unpack(const struct in_data *d, const struct in_chunk_pos *pos, struct in_unpack *u,
		    struct in_chunk *chunk);

void in_unpack_release(struct in_unpack *u);

/* Bytes of a run of plain pages. */
static inline uint32_t in_chunk_run(const struct in_data *d)
{
	uint32_t run = d->crowded ? IN_PLAIN_CROWDED : IN_PLAIN_CHUNK;

	return d->format.page_size > run ? d->format.page_size : run;
}

#endif
