/*
 * algos.h - the algorithms that zip.c makes its table of.
 *
 * Layer 1.
 */
#ifndef ZIP_ALGOS_H
#define ZIP_ALGOS_H

#include "zip/zip.h"

extern const struct zip_algo zip_zlib;
extern const struct zip_algo zip_zstd;	/* only if HAVE_ZSTD */

#endif
