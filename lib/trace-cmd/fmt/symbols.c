/*
 * symbols.c - see symbols.h. Layer 2.
 */
#include <errno.h>

#include "fmt/symbols.h"

#define SYMBOL_SLOTS	256	/* at first */
#define SYMBOL_SLOTS_MAX	4096

#define TEXT_MAX	48	/* bytes of most names with their offsets */

struct symbol {
	uint64_t address;
	uint64_t start;		/* of the function */
	const char *name;	/* libtraceevent's; NULL: slot not used */
	uint32_t len;
	uint16_t whole;		/* bytes of text; 0: it has no room for it */
	bool none;		/* there is no function */
	char text[TEXT_MAX];	/* "NAME+0x..." */
};

#define FRAME_SLOTS	4096

/* A line of a stack. */
struct frame {
	uint64_t address;
	uint32_t len;		/* 0: slot not used */
	char text[64];		/* "=> NAME (ADDRESS)\n"; longer ones are not kept */
};

int symbols_init(struct symbols *s, struct tep_handle *tep, pthread_mutex_t *lock)
{
	s->tep = tep;
	s->lock = lock;
	s->nr_slots = SYMBOL_SLOTS;
	s->slots = calloc(s->nr_slots, sizeof(*s->slots));
	return s->slots ? 0 : -ENOMEM;
}

void symbols_release(struct symbols *s)
{
	free(s->slots);
	free(s->frames);
	*s = (struct symbols){ 0 };
}

/* "+0x..." */
static char *put_offset(const struct symbol *slot, char *to)
{
	memcpy(to, "+0x", 3);
	return put_hex(to + 3, slot->address - slot->start, TEXT_HEX_LOWER);
}

/* Look @address up. False: its name is too long. */
static bool find(struct symbols *s, struct symbol *slot, uint64_t address)
{
	char text[TEXT_MAX + TEXT_DIGITS_MAX + 16];
	uint64_t start = 0;
	const char *name;

	pthread_mutex_lock(s->lock);
	name = tep_find_function(s->tep, address);
	if (name)
		start = tep_find_function_address(s->tep, address);
	pthread_mutex_unlock(s->lock);
	if (name && strlen(name) > SYMBOL_NAME_MAX)
		return false;
	*slot = (struct symbol){
		.address = address, .name = name ? name : "", .len = name ? strlen(name) : 0,
		.start = start, .none = !name,
	};
	if (slot->none || slot->len > TEXT_MAX)
		return true;
	memcpy(text, name, slot->len);
	slot->whole = put_offset(slot, text + slot->len) - text;
	if (slot->whole > TEXT_MAX)
		slot->whole = 0;
	memcpy(slot->text, text, slot->whole);
	return true;
}

/* More addresses were met than there are slots: have more, empty ones. */
static void grow(struct symbols *s)
{
	struct symbol *more = calloc(4 * (size_t)s->nr_slots, sizeof(*more));

	s->misses = 0;
	if (!more)
		return;
	free(s->slots);
	s->slots = more;
	s->nr_slots *= 4;
}

static struct symbol *slot_of(const struct symbols *s, uint64_t address)
{
	return &s->slots[(address * 0x9e3779b97f4a7c15ull >> 40) & (s->nr_slots - 1)];
}

/* The slot of an address that isn't in it. NULL: as find(). */
static struct symbol *add(struct symbols *s, uint64_t address)
{
	struct symbol *slot;

	if (++s->misses > s->nr_slots && s->nr_slots < SYMBOL_SLOTS_MAX)
		grow(s);
	slot = slot_of(s, address);
	return find(s, slot, address) ? slot : NULL;
}

/* What is known of @address; NULL: as find(). */
static inline struct symbol *lookup(struct symbols *s, uint64_t address)
{
	struct symbol *slot = slot_of(s, address);

	return slot->name && slot->address == address ? slot : add(s, address);
}

static inline char *put_symbol(const struct symbol *slot, char *to, bool offset)
{
	if (slot->whole) {
		/* all of it: a copy of known length needs no call */
		memcpy(to, slot->text, sizeof(slot->text));
		return to + (offset ? slot->whole : slot->len);
	}
	memcpy(to, slot->name, slot->len);
	to += slot->len;
	return offset ? put_offset(slot, to) : to;
}

char *symbols_put(struct symbols *s, char *to, uint64_t address, bool offset)
{
	const struct symbol *slot = lookup(s, address);

	return slot && !slot->none ? put_symbol(slot, to, offset) : NULL;
}

bool symbols_name(struct symbols *s, uint64_t address, struct symbol_name *ret)
{
	const struct symbol *slot = lookup(s, address);

	if (!slot || slot->none)
		return false;
	*ret = (struct symbol_name){ .text = slot->name, .len = slot->len };
	return true;
}

char *symbols_put_any(struct symbols *s, char *to, uint64_t address, bool offset)
{
	const struct symbol *slot = lookup(s, address);

	if (!slot)
		return NULL;
	if (!slot->none)
		return put_symbol(slot, to, offset);
	memcpy(to, "0x", 2);
	return put_hex(to + 2, address, TEXT_HEX_LOWER);
}

/* A line of a stack. In @ret_known: there is a function. */
static char *make_frame(struct symbols *s, char *to, uint64_t address, bool *ret_known)
{
	char *end;

	memcpy(to, "=> ", 3);
	end = symbols_put(s, to + 3, address, false);
	*ret_known = end;
	if (end) {
		memcpy(end, " (", 2);
		to = put_hex(end + 2, address, TEXT_HEX_LOWER);
		*to++ = ')';
	} else {
		to = put_hex(to + 3, address, TEXT_HEX_LOWER);
	}
	*to++ = '\n';
	return to;
}

char *symbols_put_frame(struct symbols *s, char *to, uint64_t address)
{
	uint64_t hash = address * 0x9e3779b97f4a7c15ull >> 40;
	struct frame *f = s->frames ? &s->frames[hash % FRAME_SLOTS] : NULL;
	bool known;
	char *end;

	if (f && f->address == address && f->len) {
		/* in halves, which take no call */
		memcpy(to, f->text, 32);
		memcpy(to + 32, f->text + 32, 32);
		return to + f->len;
	}
	end = make_frame(s, to, address, &known);
	if (!s->frames)
		s->frames = calloc(FRAME_SLOTS, sizeof(*s->frames));
	else if (known && (size_t)(end - to) <= sizeof(f->text)) {
		f->address = address;
		f->len = end - to;
		memcpy(f->text, to, f->len);
	}
	return end;
}
