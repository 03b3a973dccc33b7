/*
 * file-options.h - the options about the shape of a file that is written: --file-version,
 * --compression.
 *
 * Layer 6.
 */
#ifndef FILE_OPTIONS_H
#define FILE_OPTIONS_H

#include "base/err.h"
#include "zip/zip.h"

/* 0; -EINVAL with a message (without a code: it is about words, not the system). */
int file_version(const char *text, int *ret, struct err *err);

/* "any", "none" or a name; NULL is none. 0; -EINVAL with a message. */
int file_compression(const char *name, const struct zip_algo **ret, struct err *err);

#endif
