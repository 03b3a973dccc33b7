/*
 * ksyms.h - the kernel's symbols, read and compressed once for many sessions of an agent.
 *
 * Layer 5. Reading them is most of what a session costs before it begins (some 50 ms of a CPU, and again a quarter
 * of that to compress them), and they seldom change: with modules, with BPF programs, and with what
 * may be seen of addresses.
 */
#ifndef SESSION_KSYMS_H
#define SESSION_KSYMS_H

#include <stdbool.h>

#include "base/buf.h"
#include "zip/zip.h"

struct ksyms {
	const struct zip_algo *zip;
	struct buf stamp;	/* what tells whether they still hold */
	struct buf part;	/* as a file has them, compressed */
};

/* Read them, and compress them by @zip. 0; -errno: @s has none. */
int ksyms_read(struct ksyms *s, const struct zip_algo *zip);

/* Are these what would be read now, for a file compressed by @zip? NULL: no. */
bool ksyms_hold(const struct ksyms *s, const struct zip_algo *zip);

void ksyms_release(struct ksyms *s);

/* Names and addresses of the modules that are loaded, a line each. 0; -errno. */
int ksyms_modules(struct buf *ret);

#endif
