/*
 * ksyms.h - the kernel's functions by address, from the text of /proc/kallsyms.
 *
 * Layer 2. Reading 100,000 lines into libtraceevent takes longer than all else when a file is
 * opened, and of those that a trace asks for hardly any is another one's neighbour. So the text stays
 * where it is: it is walked once (ksyms-scan.h), which leaves where each few functions are, and
 * what is asked for is taken apart then. What is found is what libtraceevent would find.
 */
#ifndef IN_KSYMS_H
#define IN_KSYMS_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "in/file.h"

struct in_ksym {
	uint64_t addr;		/* of the function's start */
	const char *name;
	const char *module;	/* NULL: the kernel itself */
};

/* Functions in neighbouring lines. Those of one address are never in two. */
struct in_ksym_block {
	uint64_t addr;		/* of the first */
	uint32_t offset;	/* of its line in the text */
	uint32_t first;		/* how many are in the blocks before */
	struct in_ksym *sym;	/* by address, of several at one the last line first; NULL: not yet read */
};

/* A function whose line is not where its address would have it. */
struct in_ksym_stray {
	uint64_t addr;
	uint32_t offset, len;	/* of its line */
	struct in_ksym *sym;	/* NULL: not yet read */
	uint16_t hash;		/* in_ksym_hash() of its name */
};

struct in_ksyms {
	unsigned int refs;		/* the user's */
	pthread_mutex_t lock;		/* around what is read later: all may ask at any time */
	struct in_file *file;		/* a reference; NULL: it is in memory */
	struct buf text;
	uint64_t offset;		/* where in either it begins */
	size_t bytes;			/* of the text */
	struct in_ksym_block *blocks;	/* by address, and one more that says where the last ends */
	unsigned int nr_blocks;
	uint16_t *hashes;		/* of their functions' names, as they are in the text */
	struct in_ksym_stray *strays;	/* by address, likewise; they come before those of blocks */
	unsigned int nr_strays;
	unsigned int count;		/* of all */
	bool damaged;			/* the text has lines that are none, or a NUL */
};

/*
 * Lines "ffffffff81000000 T name [module]"; others, and what is no function, are left out.
 * Of @text, which is owned from now on, the @len bytes from @from on. 0; -ENOMEM.
 */
int in_ksyms_parse(struct in_ksyms *k, struct buf *text, size_t from, size_t len);

/* The same of @len bytes at @offset in @f, which are read when needed. 0; -ENOMEM; -errno of reading. */
int in_ksyms_open(struct in_ksyms *k, struct in_file *f, uint64_t offset, uint32_t len);

void in_ksyms_release(struct in_ksyms *k);

/* The function that @addr is in; NULL: none, or it is behind the start of the last one. */
const struct in_ksym *in_ksyms_find(struct in_ksyms *k, uint64_t addr);

/* The first of that name; NULL: there is none. */
const struct in_ksym *in_ksyms_named(struct in_ksyms *k, const char *name);

/* Where in_ksyms_next() goes on; zeroed: at the first. */
struct in_ksyms_pos {
	unsigned int block, in_block, stray;
};

/* All, by address. NULL: there are no more, or they cannot be read. */
const struct in_ksym *in_ksyms_next(struct in_ksyms *k, struct in_ksyms_pos *pos);

#endif
