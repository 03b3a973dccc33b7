/*
 * zip.c - see zip.h. Layer 1.
 */
#include <errno.h>
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

int zip_packer_init(struct zip_packer *p, const struct zip_algo *algo)
{
	*p = (struct zip_packer){ .algo = algo };
	if (!algo->tables_new)
		return 0;
	p->tables = algo->tables_new();
	return p->tables ? 0 : -ENOMEM;
}

void zip_packer_release(struct zip_packer *p)
{
	if (p->tables)
		p->algo->tables_free(p->tables);
	p->tables = NULL;
}

int zip_pack(struct zip_packer *p, const void *in, size_t in_len, void *out, size_t out_size,
	     size_t *ret_len)
{
	if (p->tables)
		return p->algo->compress_with(p->tables, in, in_len, out, out_size, ret_len);
	return p->algo->compress(in, in_len, out, out_size, ret_len);
}

void zip_unpacker_release(struct zip_unpacker *u)
{
	if (u->tables)
		u->algo->untables_free(u->tables);
	*u = (struct zip_unpacker){ 0 };
}

int zip_unpack(struct zip_unpacker *u, const struct zip_algo *algo, const void *in, size_t in_len,
	       void *out, size_t out_len)
{
	u->algo = algo;
	if (!u->tables && algo->untables_new)
		u->tables = algo->untables_new();
	if (u->tables)
		return algo->decompress_with(u->tables, in, in_len, out, out_len);
	return algo->decompress(in, in_len, out, out_len);
}
