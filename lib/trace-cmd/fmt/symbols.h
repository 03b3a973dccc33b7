/*
 * symbols.h - function names of addresses, remembered.
 *
 * Layer 2. libtraceevent searches all of kallsyms for each address; traces have few
 * of them, again and again.
 */
#ifndef FMT_SYMBOLS_H
#define FMT_SYMBOLS_H

#include <stdbool.h>

#include "event-parse.h"
#include "fmt/text.h"

struct symbols {
	struct tep_handle *tep;
	struct symbol *slots;
};

/* 0; -ENOMEM. */
int symbols_init(struct symbols *s, struct tep_handle *tep);
void symbols_release(struct symbols *s);

/*
 * Append the function that @address is in, with "+0x..." if @offset is set. False, and
 * nothing appended: none is known.
 */
bool symbols_put(struct symbols *s, struct text *out, uint64_t address, bool offset);

#endif
