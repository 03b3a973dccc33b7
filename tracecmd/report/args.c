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

bool args_function(struct buf *b, const struct stream *s, struct tep_record *record, uint32_t offset,
		   uint64_t address)
{
	const char *text;
	size_t len, name;

	if (!offset || (uint32_t)record->size <= offset)
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
	args_add(b, s, record, offset, address);
	buf_add(b, ")", 1);
	buf_add(b, text + name, len - name);
	return !b->error;
}
