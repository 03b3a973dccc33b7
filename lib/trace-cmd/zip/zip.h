/*
 * zip.h - the compression algorithms a trace.dat may use.
 *
 * Layer 1. A fixed table: zstd (when built in), zlib. "none" is no algorithm: NULL.
 */
#ifndef ZIP_ZIP_H
#define ZIP_ZIP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

struct zip_algo {
	const char *name;		/* as stored in the file */
	const char *(*version)(void);	/* the library's version text */
	/* Most bytes that compressing @len bytes can need. */
	size_t (*bound)(size_t len);
	/* 0, with the length in @ret_len; -ENOSPC; -ENOMEM; -EIO. */
	int (*compress)(const void *in, size_t in_len, void *out, size_t out_size, size_t *ret_len);
	/* Must produce exactly @out_len bytes. 0; -EBADMSG; -ENOMEM. */
	int (*decompress)(const void *in, size_t in_len, void *out, size_t out_len);
	/* For struct zip_unpacker, may be NULL: tables to keep from block to block. */
	void *(*untables_new)(void);
	int (*decompress_with)(void *tables, const void *in, size_t in_len, void *out,
			       size_t out_len);
	void (*untables_free)(void *tables);
	/* The same for struct zip_packer. */
	void *(*tables_new)(void);
	int (*compress_with)(void *tables, const void *in, size_t in_len, void *out,
			     size_t out_size, size_t *ret_len);
	void (*tables_free)(void *tables);
	/*
	 * One block made of pieces as they come, with tables_new() for the beginning. NULL: not with this algorithm.
	 * stream_add() appends to @out what it has compressed of them; at the @last that is all. 0; -ENOMEM; -EIO.
	 */
	int (*stream_add)(void *tables, const void *in, size_t len, bool last, struct buf *out);
	/*
	 * Put the @len bytes (less than 128 KB) of @lead before all others of the block that begins at @at of @out: they may be
	 * known last. 0; -ENOMEM; -EIO.
	 */
	int (*stream_lead)(struct buf *out, size_t at, const void *lead, size_t len);
};

/* The algorithm called @name, NULL if it isn't built in. */
const struct zip_algo *zip_find(const char *name);

/* The best one built in (zstd, then zlib). */
const struct zip_algo *zip_best(void);

/* The @i-th, NULL at the end of the list. */
const struct zip_algo *zip_at(unsigned int i);

/*
 * For many small blocks: compress() with the algorithm's tables kept in between,
 * which can be several times as fast. One thread at a time.
 */
struct zip_packer {
	const struct zip_algo *algo;
	void *tables;
};

/* 0; -ENOMEM. A zeroed packer may be released, too. */
int zip_packer_init(struct zip_packer *p, const struct zip_algo *algo);
void zip_packer_release(struct zip_packer *p);

/*
 * The other way round. It needs no start: all zeroes is an unpacker. One thread at a
 * time, one algorithm until it is released.
 */
struct zip_unpacker {
	const struct zip_algo *algo;
	void *tables;
};

void zip_unpacker_release(struct zip_unpacker *u);

/* As algo->decompress(). */
int zip_unpack(struct zip_unpacker *u, const struct zip_algo *algo, const void *in, size_t in_len,
	       void *out, size_t out_len);

/* As algo->compress(). */
int zip_pack(struct zip_packer *p, const void *in, size_t in_len, void *out, size_t out_size,
	     size_t *ret_len);

#endif
