/*
 * symbols.h - the kernel's symbols, compressed by one thread while another one reads them.
 *
 * Layer 5. Both take long, some 40 and 20 ms of a CPU, and a short run has nothing else to wait for.
 */
#ifndef SESSION_SYMBOLS_H
#define SESSION_SYMBOLS_H

#include "base/buf.h"
#include "zip/zip.h"

struct symbols;

/* For a file compressed by @zip. NULL: not by that, or no memory; they are to be read as a whole then. */
struct symbols *symbols_new(const struct zip_algo *zip);

/* NULL is fine. Both threads have ended. */
void symbols_free(struct symbols *s);

/* Read them. 0; -errno, and the other thread ends, too. */
int symbols_read(struct symbols *s);

/* Compress what is read, until its end, into @ret as a file has it. 0; -errno. */
int symbols_press(struct symbols *s, struct buf *ret);

#endif
