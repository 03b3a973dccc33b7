/*
 * formats.c - see formats.h: walking the formats, and report's --events. Layer 5.
 */
#include <errno.h>
#include <regex.h>
#include <stdbool.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "dump/formats.h"
#include "in/file.h"

#define SYSTEM_NAME_MAX 4096

static int walk_events(struct cursor *c, uint32_t count, const struct formats_visitor *v)
{
	while (count--) {
		uint64_t size = cursor_u64(c);
		const char *text = size <= cursor_left(c) ? cursor_bytes(c, size) : NULL;
		int ret;

		if (!text)
			return -EBADMSG;
		ret = v->event ? v->event(v->data, text, size) : 0;
		if (ret)
			return ret;
	}
	return 0;
}

int formats_walk(struct cursor *c, int systems, const struct formats_visitor *v)
{
	uint32_t count = cursor_u32(c), events;

	if (!systems)
		return c->failed ? -EBADMSG : walk_events(c, count, v);
	while (count-- && !c->failed) {
		const char *name = cursor_cstr(c, SYSTEM_NAME_MAX);
		int ret;

		events = cursor_u32(c);
		if (c->failed)
			break;
		ret = v->system ? v->system(v->data, name, events) : 0;
		if (!ret)
			ret = walk_events(c, events, v);
		if (ret)
			return ret;
	}
	return c->failed ? -EBADMSG : 0;
}

/* --- report --events ------------------------------------------------------ */

struct printer {
	FILE *out;
	char *const *patterns;
	unsigned int count;
	const char *system;
	bool said;		/* the system's name is printed */
};

/* Anywhere in the text; nothing matches nothing. */
static bool matches(const char *pattern, size_t len, const char *text)
{
	_cleanup_buf_ struct buf whole = BUF_INIT;
	regex_t re;
	bool match;

	if (!len || buf_printf(&whole, "%.*s", (int)len, pattern) ||
	    regcomp(&re, (char *)whole.data, REG_ICASE | REG_NOSUB))
		return false;
	match = !regexec(&re, text, 0, NULL, 0);
	regfree(&re);
	return match;
}

/* The same for a part of a pattern, of which one may be missing. */
static bool part_matches(const char *pattern, size_t len, const char *text)
{
	return !len || matches(pattern, len, text);
}

/* "RE" fits event or system, "SYSTEM:RE" both, and "SYSTEM:" or ":RE" the one it has. */
static bool printer_wants(const struct printer *p, const char *event)
{
	unsigned int i;

	for (i = 0; i < p->count; i++) {
		const char *pattern = p->patterns[i], *colon = strchr(pattern, ':');

		if (colon && pattern[1] && part_matches(pattern, colon - pattern, p->system) &&
		    part_matches(colon + 1, strlen(colon + 1), event))
			return true;
		if (!colon && (matches(pattern, strlen(pattern), event) ||
			       matches(pattern, strlen(pattern), p->system)))
			return true;
	}
	return !p->count;
}

static int on_system(void *data, const char *name, uint32_t events)
{
	struct printer *p = data;

	p->system = name;
	p->said = false;
	return 0;
}

static int on_event(void *data, const char *text, size_t len)
{
	struct printer *p = data;
	char name[256] = "";
	size_t n = 0;

	if (len > 6 && !memcmp(text, "name: ", 6)) {
		for (; n < sizeof(name) - 1 && 6 + n < len && text[6 + n] != '\n'; n++)
			name[n] = text[6 + n];
		name[n] = '\0';
	}
	if (!printer_wants(p, name))
		return 0;
	if (!p->said)
		fprintf(p->out, "\nsystem: %s\n", p->system);
	p->said = true;
	fwrite(text, 1, len, p->out);
	fputc('\n', p->out);
	return 0;
}

int formats_print(const char *path, char *const *patterns, unsigned int count, FILE *out,
		  struct err *err)
{
	struct printer p = { .out = out, .patterns = patterns, .count = count };
	const struct formats_visitor v = { .system = on_system, .event = on_event, .data = &p };
	_cleanup_(in_file_unrefp) struct in_file *f = NULL;
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct cursor c;
	int ret = in_file_open(path, &f, err);

	if (!ret)
		ret = in_file_load(f, DAT_EVENT_FORMATS, &text, err);
	if (ret)
		return err_set(err, ret, "cannot read the event formats of '%s'", path);
	c = cursor_over(text.data, text.len, f->head.order);
	if (formats_walk(&c, true, &v))
		return err_set(err, -EBADMSG, "the event formats of '%s' are damaged", path);
	return 0;
}
