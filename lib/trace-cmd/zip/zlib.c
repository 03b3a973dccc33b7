/*
 * zlib.c - one RFC 1950 stream a block. Layer 1.
 *
 * Level 6: level 9 takes ten times as long on kernel symbols for a percent or
 * two of size.
 */
#include <errno.h>
#include <zlib.h>

#include "zip/algos.h"

#define ZLIB_LEVEL 6

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

const struct zip_algo zip_zlib = {
	.name = "zlib",
	.version = zlibVersion,
	.bound = zlib_bound,
	.compress = zlib_compress,
	.decompress = zlib_decompress,
};
