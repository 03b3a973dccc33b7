/*
 * ksyms.h - the kernel's functions by address, from the text of /proc/kallsyms.
 *
 * Layer 2, pure. Reading 100,000 lines into libtraceevent takes longer than all else when
 * a file is opened, and many traces have no address to look up: so the text is kept, and
 * taken apart in place when first asked. What is found is what libtraceevent would find.
 */
#ifndef IN_KSYMS_H
#define IN_KSYMS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

struct in_ksym {
	uint64_t addr;		/* of the function's start */
	const char *name;
	const char *module;	/* NULL: the kernel itself */
};

struct in_ksyms {
	unsigned int refs;	/* the user's */
	size_t bytes;		/* of the text that was parsed */
	struct buf text;	/* what the others point into */
	struct in_ksym *sym;	/* sorted by address, and one more, all zeros, at the end */
	unsigned int count;
	bool damaged;		/* the text has lines that are none, or a NUL */
};

/*
 * Lines "ffffffff81000000 T name [module]"; others, and what is no function, are left out.
 * @text is owned from now on. 0; -ENOMEM.
 */
int in_ksyms_parse(struct in_ksyms *k, struct buf *text);
void in_ksyms_release(struct in_ksyms *k);

/* The function that @addr is in; NULL: none, or it is behind the start of the last one. */
const struct in_ksym *in_ksyms_find(const struct in_ksyms *k, uint64_t addr);

/* The first of that name; NULL: there is none. All are looked at. */
const struct in_ksym *in_ksyms_named(const struct in_ksyms *k, const char *name);

#endif
