/*
 * entry.c - see entry.h. Layer 2.
 */
#include <errno.h>

#include "fmt/entry.h"
#include "fmt/printer.h"

#define CHECKS		8	/* records of an event that are printed both ways */

static int add_field(struct arena *a, struct entry *e, const struct tep_format_field *f)
{
	/* arrays may be shorter in a record than their format says */
	bool array = f->flags & TEP_FIELD_IS_ARRAY && !(f->flags & TEP_FIELD_IS_DYNAMIC);
	struct dynamic *d;
	uint32_t end;

	if (f->offset < 0 || f->offset > UINT16_MAX || f->size < 0 || f->size > FULL_SIZE_MAX ||
	    (f->flags & TEP_FIELD_IS_DYNAMIC && f->size != 4)) {
		e->min_size = UINT32_MAX;	/* no record is that long */
		return 0;
	}
	end = f->offset + (array ? 0 : f->size);
	if (end > e->min_size)
		e->min_size = end;
	if (f->offset + (uint32_t)f->size > e->full_size)
		e->full_size = f->offset + f->size;
	if (!(f->flags & TEP_FIELD_IS_DYNAMIC))
		return 0;
	d = arena_alloc(a, sizeof(*d));
	if (!d)
		return -ENOMEM;
	d->offset = f->offset;
	d->relative = f->flags & TEP_FIELD_IS_RELATIVE;
	d->next = e->dynamics;
	e->dynamics = d;
	return 0;
}

/* So that a few instructions tell what is asked for each record. */
static void entry_set_room(struct entry *e)
{
	const struct fmt_record one = { .size = e->native.long_size };
	size_t frame = e->native.kind == NATIVE_STACK ? native_room_frame() : 0;

	e->room = plan_room(e->plan, &(struct fmt_record){ .size = 0 }) + native_room(&e->native, &one);
	e->room_each = e->plan->nr_steps + (frame + e->native.long_size - 1) / e->native.long_size;
}

void entry_set_ready(struct entry *e)
{
	if (e->plan && e->native.kind != NATIVE_FUNCTION)
		e->ready_size = e->plan_size > e->min_size ? e->plan_size : e->min_size;
}

struct entry *entry_new(struct arena *a, struct tep_event *event, unsigned int flags)
{
	struct entry *e = arena_alloc(a, sizeof(*e));
	const struct tep_format_field *f;
	unsigned int never = TEP_EVENT_FL_PRINTRAW | TEP_EVENT_FL_ISBPRINT;

	if (!e)
		return NULL;
	e->event = event;
	e->min_size = COMMON_SIZE;
	e->ready_size = UINT32_MAX;
	for (f = event->format.common_fields; f; f = f->next)
		if (add_field(a, e, f))
			return NULL;
	for (f = event->format.fields; f; f = f->next)
		if (add_field(a, e, f))
			return NULL;
	native_compile(&e->native, event);
	guards_compile(&e->guards, a, event, &e->guard_size);
	if (flags & PRINTER_NO_PLANS || event->flags & never || e->native.kind == NATIVE_UNKNOWN ||
	    (e->native.long_size != 4 && e->native.long_size != 8))
		return e;
	/* whose turn it is where a format can't be parsed is libtraceevent's to know */
	if (event->flags & TEP_EVENT_FL_FAILED && e->native.kind != NATIVE_NONE)
		return e;
	if (e->native.kind == NATIVE_NONE || e->native.kind == NATIVE_CALL_SITE)
		e->plan = plan_compile(a, event);
	else
		e->plan = arena_alloc(a, sizeof(*e->plan));	/* nothing besides */
	e->checks = flags & PRINTER_NO_CHECKS ? 0 : CHECKS;
	if (e->plan)
		e->plan_size = e->plan->min_size > e->native.min_size ? e->plan->min_size :
									 e->native.min_size;
	if (e->plan)
		entry_set_room(e);
	if (!e->checks)
		entry_set_ready(e);
	return e;
}
