/*
 * zip.c - see zip.h. Layer 1.
 */
#include <string.h>

#include "base/cleanup.h"
#include "zip/algos.h"

/* The best one first. */
static const struct zip_algo *const zip_algos[] = {
#ifdef HAVE_ZSTD
	&zip_zstd,
#endif
	&zip_zlib,
};

const struct zip_algo *zip_at(unsigned int i)
{
	return i < ARRAY_SIZE(zip_algos) ? zip_algos[i] : NULL;
}

const struct zip_algo *zip_best(void)
{
	return zip_at(0);
}

const struct zip_algo *zip_find(const char *name)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(zip_algos); i++)
		if (!strcmp(zip_algos[i]->name, name))
			return zip_algos[i];
	return NULL;
}
