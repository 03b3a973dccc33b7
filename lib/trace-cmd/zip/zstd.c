/*
 * zstd.c - one zstd frame a block, without the content size. Layer 1.
 *
 * Stock writers leave the size out of the frame, because the file has it beside
 * the frame; so do we, and a reader always takes it from there.
 */
#ifdef HAVE_ZSTD
#include <errno.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "base/cleanup.h"
#include "zip/algos.h"

#define ZSTD_LEVEL 3

static size_t zstd_bound(size_t len)
{
	return ZSTD_compressBound(len);
}

static void zstd_ctx_release(ZSTD_CCtx **ctx)
{
	ZSTD_freeCCtx(*ctx);
}

static int zstd_compress(const void *in, size_t in_len, void *out, size_t out_size, size_t *ret_len)
{
	_cleanup_(zstd_ctx_release) ZSTD_CCtx *ctx = ZSTD_createCCtx();
	size_t n;

	if (!ctx)
		return -ENOMEM;
	ZSTD_CCtx_setParameter(ctx, ZSTD_c_compressionLevel, ZSTD_LEVEL);
	ZSTD_CCtx_setParameter(ctx, ZSTD_c_contentSizeFlag, 0);
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

static int zstd_decompress(const void *in, size_t in_len, void *out, size_t out_len)
{
	size_t n = ZSTD_decompress(out, out_len, in, in_len);

	if (ZSTD_isError(n) && ZSTD_getErrorCode(n) == ZSTD_error_memory_allocation)
		return -ENOMEM;
	return n == out_len ? 0 : -EBADMSG;
}

const struct zip_algo zip_zstd = {
	.name = "zstd",
	.version = ZSTD_versionString,
	.bound = zstd_bound,
	.compress = zstd_compress,
	.decompress = zstd_decompress,
};
#endif
