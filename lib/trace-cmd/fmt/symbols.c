/*
 * symbols.c - see symbols.h. Layer 2.
 */
#include <errno.h>

#include "fmt/symbols.h"

#define SYMBOL_SLOTS	4096	/* a power of two */

struct symbol {
	uint64_t address;
	uint64_t start;		/* of the function */
	const char *name;	/* libtraceevent's; NULL: slot not used */
	uint32_t len;
};

int symbols_init(struct symbols *s, struct tep_handle *tep)
{
	s->tep = tep;
	s->slots = calloc(SYMBOL_SLOTS, sizeof(*s->slots));
	return s->slots ? 0 : -ENOMEM;
}

void symbols_release(struct symbols *s)
{
	free(s->slots);
	*s = (struct symbols){ 0 };
}

char *symbols_put(struct symbols *s, char *to, uint64_t address, bool offset)
{
	struct symbol *slot = &s->slots[(address * 0x9e3779b97f4a7c15ull) >> 52];

	if (!slot->name || slot->address != address) {
		const char *name = tep_find_function(s->tep, address);

		if (!name || strlen(name) > SYMBOL_NAME_MAX)
			return NULL;
		*slot = (struct symbol){
			.address = address, .name = name, .len = strlen(name),
			.start = tep_find_function_address(s->tep, address),
		};
	}
	memcpy(to, slot->name, slot->len);
	to += slot->len;
	if (offset) {
		memcpy(to, "+0x", 3);
		to = put_hex(to + 3, address - slot->start, text_hex_lower);
	}
	return to;
}
