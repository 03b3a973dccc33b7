/*
 * zstd.c - one zstd frame a block, without the content size. Layer 1.
 *
 * Stock writers leave the size out of the frame, because the file has it beside
 * the frame; so do we, and a reader always takes it from there.
 */
#ifdef HAVE_ZSTD
#include <errno.h>
#include <stdbool.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "zip/algos.h"

#define ZSTD_LEVEL	3
/*
 * Blocks that are large need the effort less: chunks of 128 KB at level 1 take three quarters of
 * the time and 4 % less room than those of 40 KB, which stock writes, at 3; the kernel's symbols
 * take half of the time and become smaller even.
 */
#define ZSTD_LARGE_LEVEL	1
#define ZSTD_LARGE_BYTES	(64 << 10)
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

static int zstd_compress_with(void *tables, const void *in, size_t in_len, void *out,
			      size_t out_size, size_t *ret_len)
{
	bool large = in_len > ZSTD_LARGE_BYTES;
	ZSTD_CCtx *ctx = tables;
	size_t n;

	ZSTD_CCtx_setParameter(ctx, ZSTD_c_compressionLevel, large ? ZSTD_LARGE_LEVEL : ZSTD_LEVEL);
	/* 0: what the level says */
	ZSTD_CCtx_setParameter(ctx, ZSTD_c_minMatch, large ? ZSTD_LARGE_MATCH : 0);
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
};
#endif
