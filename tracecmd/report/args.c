/*
 * args.c - see args.h. Layer 5.
 */
#include <string.h>

#include "report/args.h"
#include "report/events.h"

uint32_t args_offset(struct tep_event *event)
{
	const struct tep_format_field *f = tep_find_field(event, "args");

	return f && f->offset > 0 && f->offset <= 4096 && f->flags & TEP_FIELD_IS_ARRAY ?
		(uint32_t)f->offset : 0;
}

void args_add(struct buf *b, const struct stream *s, const struct tep_record *record, uint32_t offset,
	      uint64_t address)
{
	const char *name;
	struct trace_seq text;

	if (!offset || (uint32_t)record->size <= offset)
		return;
	events_lock(s->events);
	name = tep_find_function(s->tep, address);
	events_unlock(s->events);
	trace_seq_init(&text);
	if (!tracecmd_print_args(s->handle, &text, name, (const char *)record->data + offset,
				 record->size - offset))
		buf_add(b, text.buffer, text.len);
	trace_seq_destroy(&text);
}

struct args_event args_event(struct tep_handle *tep)
{
	struct tep_event *event = tep_find_event_by_name(tep, "ftrace", "function");
	const struct tep_format_field *ip = event ? tep_find_field(event, "ip") : NULL;
	struct args_event e = { .id = -1 };

	if (!ip || ip->offset < 0 || ip->offset > 4096 || (ip->size != 4 && ip->size != 8))
		return e;
	e.address = ip->offset;
	e.address_size = ip->size;
	e.args = args_offset(event);
	/* what is in front of arguments is there if they are */
	if (e.args >= (uint32_t)ip->offset + ip->size)
		e.id = event->id;
	return e;
}

/* A record of @e with arguments, and not wanted in another way? That is known when an event is met. */
static bool has_args(const struct stream *s, const struct args_event *e, struct tep_record *record)
{
	const struct event *event;

	if (e->id < 0 || record->size < 0 || (uint32_t)record->size <= e->args)
		return false;
	event = events_find(s->events, record);
	return event && event->tep->id == e->id &&
	       !(event->tep->flags & (TEP_EVENT_FL_PRINTRAW | TEP_EVENT_FL_NOHANDLE));
}

bool args_function(struct buf *b, const struct stream *s, const struct args_event *e,
		   struct tep_record *record)
{
	const char *text;
	size_t len, name;

	if (!has_args(s, e, record))
		return false;
	text = events_text(s->events, NULL, record, &len);
	if (!text)
		return false;
	/* "   name", "   name <-- parent" */
	name = strspn(text, " ");
	name += strcspn(text + name, " ");
	name = name < len ? name : len;
	buf_add(b, text, name);
	buf_add(b, "(", 1);
	args_add(b, s, record, e->args,
		 tep_read_number(s->tep, (char *)record->data + e->address, e->address_size));
	buf_add(b, ")", 1);
	buf_add(b, text + name, len - name);
	return !b->error;
}
