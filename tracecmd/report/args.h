/*
 * args.h - what functions were called with, where their records tell (Linux 6.15).
 *
 * Layer 5. The registers that hold arguments follow the fields of such a record; the types in the file say
 * which of them means what.
 */
#ifndef REPORT_ARGS_H
#define REPORT_ARGS_H

#include "base/buf.h"
#include "report/inputs.h"

/* Where in records of @event arguments begin; 0: it has none. */
uint32_t args_offset(struct tep_event *event);

/* Append those that @record has from @offset on, of the function at @address: "fd=3, buf=0x7ffc0000". */
void args_add(struct buf *b, const struct stream *s, const struct tep_record *record, uint32_t offset,
	      uint64_t address);

/* The function tracer's event. */
struct args_event {
	int id;				/* -1: it has no arguments, or there is none */
	uint32_t args;			/* offsets, and the size of an address */
	uint16_t address;
	uint8_t address_size;
};

struct args_event args_event(struct tep_handle *tep);

/*
 * The text of a record of the function tracer, @e, with the arguments in parentheses behind the function, in
 * @b, which is empty. False: it is of another event or to be shown in another way, it has no
 * arguments, or no text.
 */
bool args_function(struct buf *b, const struct stream *s, const struct args_event *e,
		   struct tep_record *record);

#endif
