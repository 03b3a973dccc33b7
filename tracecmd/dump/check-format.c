/*
 * check-format.c - the format of one event, and what it says about its payloads.
 *
 * Layer 5. The texts are the kernel's; of each field only the place counts here.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "dump/check.h"
#include "in/format-check.h"

#define LOCS_MAX (1u << 20)	/* of all formats: more is nonsense */

/* A field's line, taken apart. */
struct field {
	uint32_t pos;		/* bytes from the start of the payload */
	uint32_t size;
	bool array;
	bool loc, relative;	/* the field tells where the data is, see struct check_loc */
};

/* The decimal number behind @key in the line. false: there is none. */
static bool number(const char *line, size_t len, const char *key, uint32_t *ret)
{
	const char *at = memmem(line, len, key, strlen(key)), *end = line + len;
	uint32_t v = 0;

	if (!at)
		return false;
	at += strlen(key);
	if (at == end || *at < '0' || *at > '9')
		return false;
	for (; at < end && *at >= '0' && *at <= '9'; at++) {
		if (v > 100000)
			return false;
		v = v * 10 + (uint32_t)(*at - '0');
	}
	*ret = v;
	return true;
}

static bool has(const char *line, size_t len, const char *word)
{
	return memmem(line, len, word, strlen(word));
}

/* "\tfield:TYPE NAME;\toffset:N;\tsize:N;..." */
static bool field_parse(const char *line, size_t len, struct field *ret)
{
	const char *end = memchr(line, ';', len);
	size_t decl = end ? (size_t)(end - line) : 0;

	ret->array = has(line, decl, "[");
	ret->relative = has(line, decl, "__rel_loc ");
	ret->loc = ret->relative || has(line, decl, "__data_loc ");
	return decl && number(line, len, ";\toffset:", &ret->pos) &&
	       number(line, len, ";\tsize:", &ret->size);
}

/* 0; -ENOMEM; -E2BIG. */
static int add_loc(struct check *c, const struct field *f)
{
	struct check_loc *more;

	if (c->nr_locs >= LOCS_MAX)
		return -E2BIG;
	/* doubled whenever the count is a power of two */
	if (!(c->nr_locs & (c->nr_locs - 1))) {
		more = reallocarray(c->locs, c->nr_locs ? 2 * (size_t)c->nr_locs : 1, sizeof(*more));
		if (!more)
			return -ENOMEM;
		c->locs = more;
	}
	c->locs[c->nr_locs++] = (struct check_loc){ .pos = f->pos, .relative = f->relative };
	return 0;
}

/*
 * All fields into @e. ftrace's own records may have less of an array than they declare.
 * NULL, or what is wrong.
 */
static const char *fields_read(struct check *c, const char *text, size_t len, bool own,
			       struct check_event *e, bool *ret_no_memory)
{
	const char *end = text + len, *line, *next;

	for (line = text; line < end; line = next) {
		const char *nl = memchr(line, '\n', end - line);
		struct field f;
		int ret = 0;

		next = nl ? nl + 1 : end;
		if (end - line < 7 || memcmp(line, "\tfield:", 7))
			continue;
		if (!field_parse(line, next - line, &f))
			return "the format has a field without place or size";
		if (f.loc && f.size == 4)
			ret = add_loc(c, &f);
		if (ret == -ENOMEM)
			*ret_no_memory = true;
		if (ret)
			return "the formats have too many fields";
		if (!(own && f.array) && f.pos + f.size > e->size)
			e->size = f.pos + f.size;
	}
	return NULL;
}

/* Will the reader take the format of @len bytes, in which is no NUL? NULL, or what is wrong. */
static const char *shape_check(const char *text, size_t len, bool *ret_no_memory)
{
	_cleanup_free_ char *copy = strndup(text, len);
	enum format_verdict verdict;
	size_t before_print;

	if (!copy || format_check(copy, &verdict, &before_print)) {
		*ret_no_memory = true;
		return "no memory";
	}
	return verdict == FORMAT_BAD ? "a format that is none of an event" : NULL;
}

const char *check_format(struct check *c, const char *text, size_t len, bool own,
			 bool *ret_no_memory)
{
	struct check_event e = { .known = true, .size = 2, .loc = c->nr_locs };
	const char *id_line, *wrong;
	uint32_t id;

	if (!len)
		return NULL;	/* an event that was there, but could not be read */
	if (len < 6 || memcmp(text, "name: ", 6))
		return "a format that does not begin with a name";
	if (memchr(text, 0, len))
		return "a format with a NUL in it";
	id_line = memmem(text, len, "\nID: ", 5);
	if (!id_line || !number(id_line, text + len - id_line, "\nID: ", &id) || id >= CHECK_IDS)
		return "a format without an id";
	if (!has(text, len, "\nformat:"))
		return "a format without fields";
	wrong = shape_check(text, len, ret_no_memory);
	if (wrong || !c->events)
		return wrong;
	wrong = fields_read(c, text, len, own, &e, ret_no_memory);
	if (wrong)
		return wrong;
	e.nr_locs = c->nr_locs - e.loc;
	c->events[id] = e;
	return NULL;
}
