/*
 * packer.h - compresses chunk after chunk, on all CPUs that there are.
 *
 * Layer 2, private to out/. Chunks go in and come out in the same order; few of
 * them are in memory at a time. Threads start only when there is enough to do,
 * and the caller helps them when it would have to wait.
 */
#ifndef OUT_PACKER_H
#define OUT_PACKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/cursor.h"
#include "zip/zip.h"

#define PACKER_HEAD	8	/* u32 packed size, u32 size, in front of the packed bytes */

struct packer;

/* For chunks of at most @chunk bytes. 0; -ENOMEM. */
int packer_new(const struct zip_algo *zip, enum byte_order order, size_t chunk,
	       struct packer **ret);

/* What is still inside is dropped. NULL is fine. */
void packer_free(struct packer *p);

/* Bytes of a chunk. */
size_t packer_chunk(const struct packer *p);

/* True if a chunk must be taken out before another one can go in. */
bool packer_full(const struct packer *p);

/* True if nothing is inside. */
bool packer_empty(const struct packer *p);

/* Room for the next chunk's bytes. 0; -ENOMEM. The packer must not be full. */
int packer_room(struct packer *p, uint8_t **ret_data);

/* The @len bytes that were put there are the next chunk. */
void packer_put(struct packer *p, size_t len);

/*
 * The oldest chunk: its head and packed bytes, until something is put in. The
 * packer must not be empty. 0; -ENOMEM, -EIO.
 */
int packer_take(struct packer *p, const uint8_t **ret_data, size_t *ret_len, size_t *ret_raw_len);

/* Forget all that is inside. */
void packer_drop(struct packer *p);

#endif
