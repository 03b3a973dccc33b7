/*
 * symbols.h - function names of addresses, remembered.
 *
 * Layer 2. libtraceevent searches all of kallsyms for each address; traces have few
 * of them, again and again.
 */
#ifndef FMT_SYMBOLS_H
#define FMT_SYMBOLS_H

#include <pthread.h>
#include <stdbool.h>

#include "event-parse.h"
#include "fmt/text.h"

struct symbols {
	struct tep_handle *tep;
	pthread_mutex_t *lock;		/* held while libtraceevent is asked */
	struct symbol *slots;
	unsigned int nr_slots;		/* a power of two */
	unsigned int misses;		/* since there are so many slots */
	struct frame *frames;		/* NULL: no stack yet */
};

/* @lock: of all that use @tep. 0; -ENOMEM. */
int symbols_init(struct symbols *s, struct tep_handle *tep, pthread_mutex_t *lock);
void symbols_release(struct symbols *s);

#define SYMBOL_NAME_MAX	512	/* bytes of a name; the kernel's are shorter */
#define SYMBOL_TEXT_MAX	(SYMBOL_NAME_MAX + 3 + TEXT_DIGITS_MAX)

/* libtraceevent's, which stays as long as the tep handle does. */
struct symbol_name {
	const char *text;
	uint32_t len;
};

/* The function that @address is in. False: none is known, or its name is too long. */
bool symbols_name(struct symbols *s, uint64_t address, struct symbol_name *ret);

/*
 * Put the function that @address is in at @to, where SYMBOL_TEXT_MAX bytes are free, with
 * "+0x..." if @offset is set. Returns the end; NULL: none is known, or its name is too long.
 */
char *symbols_put(struct symbols *s, char *to, uint64_t address, bool offset);

/* The same, but "0x..." if none is known. NULL: its name is too long. */
char *symbols_put_any(struct symbols *s, char *to, uint64_t address, bool offset);

#define SYMBOL_FRAME_MAX	(SYMBOL_TEXT_MAX + TEXT_DIGITS_MAX + 8 + TEXT_SLACK)

/*
 * Put a line of a stack, "=> NAME (ADDRESS)\n", or without what isn't known, where SYMBOL_FRAME_MAX bytes
 * are free. Returns the end.
 */
char *symbols_put_frame(struct symbols *s, char *to, uint64_t address);

#endif
