/*
 * formats.c - see formats.h. Layer 2, pure.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "in/formats.h"
#include "in/names.h"

/* What the line "ID: N" says, as libtraceevent reads it; -1: there is none among the first. */
static int format_id(const char *text, uint32_t len)
{
	static const char head[] = "\nID: ";
	const char *p = memmem(text, len < 512 ? len : 512, head, sizeof(head) - 1);
	const char *end = text + len;
	int id = 0;

	if (!p)
		return -1;
	p += sizeof(head) - 1;
	if (p == end || *p < '0' || *p > '9')
		return -1;
	for (; p < end && *p >= '0' && *p <= '9'; p++) {
		id = id * 10 + (*p - '0');
		if (id > UINT16_MAX)
			return -1;
	}
	return p < end && *p == '\n' ? id : -1;
}

int in_formats_add(struct in_formats *f, const char *system, const char *text, uint32_t len)
{
	if (f->count == f->alloc) {
		unsigned int alloc = f->alloc ? 2 * f->alloc : 64;
		struct in_format *more = reallocarray(f->item, alloc, sizeof(*more));

		if (!more)
			return -ENOMEM;
		f->item = more;
		f->alloc = alloc;
	}
	f->item[f->count++] = (struct in_format){
		.system = system, .text = text, .len = len, .id = format_id(text, len),
	};
	return 0;
}

int in_formats_keep(struct in_formats *f, struct buf *bytes)
{
	f->events = calloc(1, sizeof(*f->events));
	if (!f->events) {
		f->count = 0;
		buf_release(bytes);
		return -ENOMEM;
	}
	f->events->refs = 1;
	f->events->bytes = *bytes;
	*bytes = (struct buf)BUF_INIT;
	return 0;
}

static void text_unref(struct in_formats_text *t)
{
	if (!t || --t->refs)
		return;
	buf_release(&t->bytes);
	free(t);
}

/* What is at @p in @from, in @to; others stay. */
static const char *moved(const char *p, const struct buf *from, const struct buf *to)
{
	uintptr_t at = (uintptr_t)p - (uintptr_t)from->data;

	return at < from->len ? (const char *)to->data + at : p;
}

void in_formats_share(struct in_formats *f, const struct in_formats *other)
{
	const struct buf *from = f->events ? &f->events->bytes : NULL;
	const struct buf *to = other->events ? &other->events->bytes : NULL;
	unsigned int i;

	if (!from || !to || from == to || from->len != to->len)
		return;
	for (i = 0; i < f->count; i++) {
		f->item[i].system = moved(f->item[i].system, from, to);
		f->item[i].text = moved(f->item[i].text, from, to);
	}
	text_unref(f->events);
	f->events = other->events;
	f->events->refs++;
}

struct in_format *in_formats_take(struct in_formats *f, int id, unsigned int *at)
{
	/* events that nobody knows are asked for with each of their records */
	if (id > UINT16_MAX || (id >= 0 && f->taken[id / 8] >> id % 8 & 1))
		return NULL;
	while (*at < f->count) {
		struct in_format *one = &f->item[(*at)++];

		if (one->taken || (id >= 0 && one->id != id))
			continue;
		one->taken = true;
		return one;
	}
	if (id >= 0)
		f->taken[id / 8] |= 1 << id % 8;
	return NULL;
}

/* May @names mean the event of @one? Of one whose name isn't plain nobody knows. */
static bool may_mean(const struct in_names *names, const struct in_format *one)
{
	static const char head[] = "name: ";
	const char *end = memchr(one->text, '\n', one->len), *from = one->text + sizeof(head) - 1;
	char name[256];

	if (!end || end < from || (size_t)(end - from) >= sizeof(name) ||
	    memcmp(one->text, head, sizeof(head) - 1))
		return true;
	memcpy(name, from, end - from);
	name[end - from] = '\0';
	return name[strspn(name, IN_NAME_CHARS)] || in_names_match(names, one->system, name);
}

int in_formats_named(const struct in_formats *f, const struct in_names *names, unsigned int *at)
{
	while (*at < f->count) {
		const struct in_format *one = &f->item[(*at)++];

		if (!one->taken && may_mean(names, one))
			return one->id;
	}
	return -1;
}

void in_formats_release(struct in_formats *f)
{
	text_unref(f->events);
	free(f->unwritten);
	free(f->item);
	*f = (struct in_formats){ .item = NULL };
}
