/*
 * zstd.c - one zstd frame a block, without the content size. Layer 1.
 *
 * Stock writers leave the size out of the frame, because the file has it beside
 * the frame; so do we, and a reader always takes it from there.
 */
#ifdef HAVE_ZSTD
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "zip/algos.h"

#define ZSTD_LEVEL	3
/*
 * Blocks that are large need the effort less. The kernel's symbols take half of the time at level 1 and become
 * smaller even. Chunks of events, which are 128 KB, still take less room at -1 than those of 40 KB at 3 that stock
 * writes, and two thirds of the time, to pack as to unpack.
 */
#define ZSTD_LARGE_LEVEL	1
#define ZSTD_CHUNK_LEVEL	(-1)
#define ZSTD_LARGE_BYTES	(64 << 10)
#define ZSTD_CHUNK_BYTES	(256 << 10)	/* at most; what is longer is text */
/* Longer matches are fewer: of most traces 2 % less room, and 3 % less time to unpack. */
#define ZSTD_LARGE_MATCH	7

static size_t zstd_bound(size_t len)
{
	return ZSTD_compressBound(len);
}

static void *zstd_tables_new(void)
{
	ZSTD_CCtx *ctx = ZSTD_createCCtx();

	if (!ctx)
		return NULL;
	ZSTD_CCtx_setParameter(ctx, ZSTD_c_contentSizeFlag, 0);
	return ctx;
}

static void zstd_tables_free(void *tables)
{
	ZSTD_freeCCtx(tables);
}

/* For a block of @len bytes. */
static void set_effort(ZSTD_CCtx *ctx, size_t len)
{
	bool large = len > ZSTD_LARGE_BYTES;
	int level = !large ? ZSTD_LEVEL : len > ZSTD_CHUNK_BYTES ? ZSTD_LARGE_LEVEL : ZSTD_CHUNK_LEVEL;

	ZSTD_CCtx_setParameter(ctx, ZSTD_c_compressionLevel, level);
	/* 0: what the level says */
	ZSTD_CCtx_setParameter(ctx, ZSTD_c_minMatch, large ? ZSTD_LARGE_MATCH : 0);
}

static int zstd_compress_with(void *tables, const void *in, size_t in_len, void *out,
			      size_t out_size, size_t *ret_len)
{
	ZSTD_CCtx *ctx = tables;
	size_t n;

	set_effort(ctx, in_len);
	n = ZSTD_compress2(ctx, out, out_size, in, in_len);
	if (!ZSTD_isError(n)) {
		*ret_len = n;
		return 0;
	}
	switch (ZSTD_getErrorCode(n)) {
	case ZSTD_error_dstSize_tooSmall:
		return -ENOSPC;
	case ZSTD_error_memory_allocation:
		return -ENOMEM;
	default:
		return -EIO;
	}
}


static int zstd_compress(const void *in, size_t in_len, void *out, size_t out_size, size_t *ret_len)
{
	void *tables = zstd_tables_new();
	int ret;

	if (!tables)
		return -ENOMEM;
	ret = zstd_compress_with(tables, in, in_len, out, out_size, ret_len);
	zstd_tables_free(tables);
	return ret;
}

/* What a decompressor's result for @out_len bytes means. */
static int unpacked(size_t n, size_t out_len)
{
	if (ZSTD_isError(n) && ZSTD_getErrorCode(n) == ZSTD_error_memory_allocation)
		return -ENOMEM;
	return n == out_len ? 0 : -EBADMSG;
}

static int zstd_decompress(const void *in, size_t in_len, void *out, size_t out_len)
{
	return unpacked(ZSTD_decompress(out, out_len, in, in_len), out_len);
}

static void *zstd_untables_new(void)
{
	return ZSTD_createDCtx();
}

static void zstd_untables_free(void *tables)
{
	ZSTD_freeDCtx(tables);
}

static int zstd_decompress_with(void *tables, const void *in, size_t in_len, void *out,
				size_t out_len)
{
	return unpacked(ZSTD_decompressDCtx(tables, out, out_len, in, in_len), out_len);
}

/* Streams are for what is large. */
static int zstd_stream_add(void *tables, const void *in, size_t len, bool last, struct buf *out)
{
	ZSTD_inBuffer from = { in, len, 0 };
	size_t left;

	/* within a frame it changes nothing */
	set_effort(tables, SIZE_MAX);
	do {
		size_t at = out->len, room = ZSTD_CStreamOutSize();
		ZSTD_outBuffer to = { buf_extend_raw(out, room), room, 0 };

		if (!to.dst)
			return out->error;
		left = ZSTD_compressStream2(tables, &to, &from, last ? ZSTD_e_end : ZSTD_e_continue);
		out->len = at + to.pos;
		if (ZSTD_isError(left))
			return -EIO;
	} while (last ? left : from.pos < from.size);
	return 0;
}

/*
 * A frame (RFC 8878) begins with its magic number, a byte that says what follows, and, if that is 0, just a byte about the window.
 * Then come blocks, each behind three bytes: 1 for the last, its kind times 2 (0: as it is), its size times 8.
 * What is further back is found by its distance, so one more block at the start changes nothing.
 */
static int zstd_stream_lead(struct buf *out, size_t at, const void *lead, size_t len)
{
	static const size_t head = 6;
	size_t size = 3 + len;
	uint8_t *frame;

	if (len >= 1 << 17 || out->len < at + head || out->data[at + 4])
		return -EIO;
	if (!buf_extend_raw(out, size))
		return out->error;
	frame = out->data + at;
	memmove(frame + head + size, frame + head, out->len - size - at - head);
	frame[head] = len << 3;
	frame[head + 1] = len >> 5;
	frame[head + 2] = len >> 13;
	memcpy(frame + head + 3, lead, len);
	return 0;
}

const struct zip_algo zip_zstd = {
	.name = "zstd",
	.version = ZSTD_versionString,
	.bound = zstd_bound,
	.compress = zstd_compress,
	.decompress = zstd_decompress,
	.untables_new = zstd_untables_new,
	.decompress_with = zstd_decompress_with,
	.untables_free = zstd_untables_free,
	.tables_new = zstd_tables_new,
	.compress_with = zstd_compress_with,
	.tables_free = zstd_tables_free,
	.stream_add = zstd_stream_add,
	.stream_lead = zstd_stream_lead,
};
#endif
