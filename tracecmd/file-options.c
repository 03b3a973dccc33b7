/*
 * file-options.c - see file-options.h. Layer 6.
 */
#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "file-options.h"

int file_version(const char *text, int *ret, struct err *err)
{
	if (strcmp(text, "6") && strcmp(text, "7")) {
		err_set(err, 0, "Unsupported file version %s, supported versions are from 6 to 7",
			text);
		return -EINVAL;
	}
	*ret = text[0] - '0';
	return 0;
}

int file_compression(const char *name, const struct zip_algo **ret, struct err *err)
{
	_cleanup_buf_ struct buf names = BUF_INIT;
	const struct zip_algo *zip;
	unsigned int i;

	*ret = NULL;
	if (!strcmp(name, "none"))
		return 0;
	*ret = strcmp(name, "any") ? zip_find(name) : zip_best();
	if (*ret || !strcmp(name, "any"))
		return 0;
	for (i = 0; (zip = zip_at(i)); i++)
		buf_printf(&names, ", %s", zip->name);
	err_set(err, 0, "Compression algorithm  %s is not supported; there are none%.*s", name,
		(int)names.len, names.len ? (const char *)names.data : "");
	return -EINVAL;
}
