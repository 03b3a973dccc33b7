/*
 * prototypes.h - what the kernel's functions are called with, as its own types (BTF) tell.
 *
 * Layer 5.
 */
#ifndef STATE_PROTOTYPES_H
#define STATE_PROTOTYPES_H

#include "base/err.h"
#include "wire/btf.h"

#define BTF_DIR "/sys/kernel/btf"

/* The fields are for the functions below. */
struct prototypes {
	struct buf blob, module_blob;
	struct btf kernel, module;
	char name[64];			/* of the module whose types were asked for last, "" none */
	bool has_module;
};

/* 0; -errno, described: of a kernel that doesn't tell, -ENOENT. */
int prototypes_init(struct prototypes *p, struct err *err);
void prototypes_release(struct prototypes *p);

/*
 * Append the parameters of the function that a line of available_filter_functions names, "(struct file
 * *file, ...)", at @out; nothing if its types are not known. @module: NULL: it is the kernel's. 0; -ENOMEM.
 */
int prototypes_put(struct prototypes *p, const char *function, const char *module, struct buf *out);

#endif
