/*
 * zlib.c - one RFC 1950 stream a block. Layer 1.
 *
 * Level 6: level 9 takes ten times as long on kernel symbols for a percent or
 * two of size. Where libdeflate is built in it writes and reads the same streams, in half the
 * time.
 */
#include <errno.h>
#include <zlib.h>
#ifdef HAVE_LIBDEFLATE
#include <libdeflate.h>
#endif

#include "zip/algos.h"

#define ZLIB_LEVEL 6
/* libdeflate's 6 is for those in more of a hurry: 5 % larger than zlib's best, 7 is 2 %. */
#define DEFLATE_LEVEL 7

#ifdef HAVE_LIBDEFLATE

static size_t zlib_bound(size_t len)
{
	return libdeflate_zlib_compress_bound(NULL, len);
}

static void *zlib_tables_new(void)
{
	return libdeflate_alloc_compressor(DEFLATE_LEVEL);
}

static void zlib_tables_free(void *tables)
{
	libdeflate_free_compressor(tables);
}

static int zlib_compress_with(void *tables, const void *in, size_t in_len, void *out,
			      size_t out_size, size_t *ret_len)
{
	size_t len = libdeflate_zlib_compress(tables, in, in_len, out, out_size);

	if (!len)
		return -ENOSPC;
	*ret_len = len;
	return 0;
}

static int zlib_compress(const void *in, size_t in_len, void *out, size_t out_size, size_t *ret_len)
{
	void *tables = zlib_tables_new();
	int ret = tables ? zlib_compress_with(tables, in, in_len, out, out_size, ret_len) : -ENOMEM;

	libdeflate_free_compressor(tables);
	return ret;
}

static int zlib_decompress(const void *in, size_t in_len, void *out, size_t out_len)
{
	struct libdeflate_decompressor *d = libdeflate_alloc_decompressor();
	enum libdeflate_result ret;
	uint8_t spare;

	if (!d)
		return -ENOMEM;
	/* without a place for the length it must be just that */
	ret = libdeflate_zlib_decompress(d, in, in_len, out_len ? out : &spare, out_len, NULL);
	libdeflate_free_decompressor(d);
	return ret == LIBDEFLATE_SUCCESS ? 0 : -EBADMSG;
}

#else

static size_t zlib_bound(size_t len)
{
	return compressBound(len);
}

static int zlib_compress(const void *in, size_t in_len, void *out, size_t out_size, size_t *ret_len)
{
	uLongf len = out_size;
	int ret = compress2(out, &len, in, in_len, ZLIB_LEVEL);

	if (ret == Z_BUF_ERROR)
		return -ENOSPC;
	if (ret == Z_MEM_ERROR)
		return -ENOMEM;
	if (ret != Z_OK)
		return -EIO;
	*ret_len = len;
	return 0;
}

static int zlib_decompress(const void *in, size_t in_len, void *out, size_t out_len)
{
	/* for a length of 0 zlib would not tell whether there was more */
	uint8_t spare;
	uLongf len = out_len ? out_len : sizeof(spare);
	uLong used = in_len;
	int ret = uncompress2(out_len ? out : &spare, &len, in, &used);

	if (ret == Z_MEM_ERROR)
		return -ENOMEM;
	return ret == Z_OK && len == out_len ? 0 : -EBADMSG;
}

#define zlib_tables_new		NULL
#define zlib_compress_with	NULL
#define zlib_tables_free	NULL

#endif

const struct zip_algo zip_zlib = {
	.name = "zlib",
	.version = zlibVersion,
	.bound = zlib_bound,
	.compress = zlib_compress,
	.decompress = zlib_decompress,
	.tables_new = zlib_tables_new,
	.compress_with = zlib_compress_with,
	.tables_free = zlib_tables_free,
};
