/*
 * types.h - the kernel's types that a file holds (BTF), read when first asked for.
 *
 * Layer 2.
 */
#ifndef IN_TYPES_H
#define IN_TYPES_H

#include "in/file.h"
#include "wire/btf.h"

/* All zeros: not asked for yet. */
struct in_types {
	bool tried, known;
	struct buf blob;
	struct btf btf;
};

/*
 * The types of @f. NULL: it has none, or they are damaged, which is noted in the file, or too many for
 * the memory there is.
 */
const struct btf *in_types_get(struct in_types *t, struct in_file *f);
void in_types_release(struct in_types *t);

#endif
