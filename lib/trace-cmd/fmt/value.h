/*
 * value.h - the number that an expression of a print format stands for.
 *
 * Layer 2. libtraceevent parses the expression; here its tree is compiled once, with
 * offsets and constants in place, and evaluated for each record. The rules, for
 * instance which casts cut and that fields are read unsigned, are libtraceevent's.
 */
#ifndef FMT_VALUE_H
#define FMT_VALUE_H

#include <stdbool.h>
#include <stdint.h>

#include "event-parse.h"
#include "fmt/arena.h"

/* The record that is being printed. */
struct fmt_record {
	const uint8_t *data;
	uint32_t size;
	bool punt;	/* set where the rules end: libtraceevent prints this one */
};

enum value_op {
	VALUE_CONST,
	VALUE_FIELD,		/* k: offset, size */
	VALUE_DYNAMIC_LEN,	/* k: offset of the field that tells place and length */
	VALUE_MASK,		/* a & k */
	VALUE_NOT, VALUE_INVERT, VALUE_NEGATE,
	VALUE_ADD, VALUE_SUB, VALUE_MUL, VALUE_DIV, VALUE_MOD,
	VALUE_AND, VALUE_OR, VALUE_XOR, VALUE_SHL, VALUE_SHR,
	VALUE_LAND, VALUE_LOR,
	VALUE_EQ, VALUE_NE, VALUE_LT, VALUE_LE, VALUE_GT, VALUE_GE,
	VALUE_CHOICE,		/* a ? b : c */
};

struct value {
	enum value_op op;
	bool swap;		/* the file's byte order is not ours */
	uint8_t size;		/* of a field, bytes */
	uint64_t k;
	const struct value *a, *b, *c;
};

/*
 * Compile @arg of @event. @min_size is raised to the bytes that a record must have.
 * NULL: there is something in it that only libtraceevent can do (or no memory).
 */
const struct value *value_compile(struct arena *arena, struct tep_event *event,
				  struct tep_print_arg *arg, uint32_t *min_size);

/* The bytes that the record tells for array @f. NULL: it is none (or no memory). */
struct value *value_dynamic_len(struct arena *arena, struct tep_event *event,
				const struct tep_format_field *f, uint32_t *min_size);

/*
 * True if the number is so many bytes at a fixed place of the record, in our byte order, and
 * @ret_mask what of the 64 bits there belongs to it.
 */
bool value_is_direct(const struct value *v, uint64_t *ret_offset, uint64_t *ret_mask);

/* The number for a record of at least the size that value_compile() told. */
uint64_t value_of(const struct value *v, struct fmt_record *r);

/* Read @size (1, 2, 4 or 8) bytes. */
uint64_t value_read(const uint8_t *data, unsigned int size, bool swap);

/* True if the file's byte order differs from this machine's. */
bool value_swapped(const struct tep_handle *tep);

#endif
