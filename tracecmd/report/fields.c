/*
 * fields.c - see fields.h. Layer 5.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "report/fields.h"

static bool is_number_size(unsigned int size)
{
	return size == 1 || size == 2 || size == 4 || size == 8;
}

static enum field_kind kind_of(const struct tep_format_field *f)
{
	bool list = f->flags & (TEP_FIELD_IS_ARRAY | TEP_FIELD_IS_DYNAMIC);

	if (list && f->flags & TEP_FIELD_IS_STRING)
		return FIELD_TEXT;
	if (list)
		return is_number_size(f->elementsize) ? FIELD_NUMBERS : FIELD_BYTES;
	if (!is_number_size(f->size))
		return FIELD_BYTES;
	return f->flags & TEP_FIELD_IS_SIGNED ? FIELD_SIGNED : FIELD_UNSIGNED;
}

/*
 * Does @f reach to the end of the record, whatever its size? The text of a marker does. A stack has
 * as many callers as there were, though its format tells of 8.
 */
static bool is_open(const struct tep_event *event, const struct tep_format_field *f)
{
	if (!(f->flags & TEP_FIELD_IS_ARRAY) || f->flags & TEP_FIELD_IS_DYNAMIC || f->next)
		return false;
	return !f->size || (!strcmp(event->system, "ftrace") && !strcmp(event->name, "kernel_stack"));
}

int fields_compile(const struct tep_event *event, struct fields *ret)
{
	const struct tep_format_field *f;
	struct fields list = { 0 };

	for (f = event->format.fields; f; f = f->next)
		list.count++;
	list.item = calloc(list.count + 1, sizeof(*list.item));
	if (!list.item)
		return -ENOMEM;
	list.count = 0;
	for (f = event->format.fields; f; f = f->next) {
		if (f->offset < 0 || f->size < 0)
			continue;
		list.item[list.count++] = (struct field){
			.name = f->name, .kind = kind_of(f),
			.is_signed = f->flags & TEP_FIELD_IS_SIGNED,
			.open = is_open(event, f),
			.dynamic = f->flags & TEP_FIELD_IS_DYNAMIC,
			.relative = f->flags & TEP_FIELD_IS_RELATIVE,
			.offset = f->offset, .size = f->size, .element = f->elementsize,
		};
	}
	*ret = list;
	return 0;
}

void fields_release(struct fields *f)
{
	free(f->item);
	*f = (struct fields){ 0 };
}

const struct field *fields_find(const struct fields *f, const char *name)
{
	unsigned int i;

	for (i = 0; i < f->count; i++) {
		if (!strcmp(f->item[i].name, name))
			return &f->item[i];
	}
	return NULL;
}

const void *field_data(const struct field *f, struct tep_handle *tep,
		       const struct tep_record *record, unsigned int *ret_size)
{
	unsigned int room = record->size > 0 ? record->size : 0, offset = f->offset, size = f->size;

	if (f->open && offset <= room)
		size = room - offset;
	if (offset > room || room - offset < size)
		return NULL;
	if (f->dynamic) {
		unsigned int where;

		if (size != 4)
			return NULL;
		where = tep_read_number(tep, (char *)record->data + offset, 4);
		offset = (where & 0xffff) + (f->relative ? f->offset + f->size : 0);
		size = where >> 16;
		if (offset > room || room - offset < size)
			return NULL;
	}
	*ret_size = size;
	return (const char *)record->data + offset;
}
