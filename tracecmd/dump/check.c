/*
 * check.c - see check.h: the order of the checks, and how findings are told. Layer 5.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "dump/check.h"

/* Names in a file may be anything: only what is printable reaches the terminal. */
static void put_safe(FILE *out, const char *text)
{
	for (; *text; text++)
		fputc((unsigned char)*text < ' ' || *text == 0x7f ? '?' : *text, out);
}

void check_found(struct check *c, int code, uint64_t offset, const char *part, const char *fmt, ...)
{
	char text[256];
	va_list ap;

	if (!c->found++)
		c->code = code;
	if (c->found > CHECK_LINES_MAX)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	fprintf(c->out, "%s: offset %" PRIu64 ": ", c->path, offset);
	put_safe(c->out, part);
	fputs(": ", c->out);
	put_safe(c->out, text);
	fputc('\n', c->out);
}

static int by_offset(const void *key, const void *section)
{
	uint64_t a = *(const uint64_t *)key, b = ((const struct in_section *)section)->offset;

	return a < b ? -1 : a > b;
}

const struct in_section *check_section(const struct check *c, uint64_t offset)
{
	if (!c->nr_sections)
		return NULL;
	return bsearch(&offset, c->sections, c->nr_sections, sizeof(*c->sections), by_offset);
}

const struct in_section *check_led(struct check *c, uint64_t offset)
{
	const struct in_section *s = check_section(c, offset);

	if (s)
		c->led[s - c->sections] = true;
	return s;
}

static void check_release(struct check *c)
{
	free(c->sections);
	free(c->led);
	free(c->events);
	free(c->locs);
}

/* The message about all findings. */
static int sum_up(const struct check *c, struct err *err)
{
	if (c->found > CHECK_LINES_MAX)
		fprintf(c->out, "%s: and %u more\n", c->path, c->found - CHECK_LINES_MAX);
	return err_set(err, c->code, "'%s' is no good trace file: %u thing%s wrong", c->path, c->found,
		       c->found > 1 ? "s are" : " is");
}

int check_file(struct in_file *file, const char *path, FILE *out, struct err *err)
{
	_cleanup_(check_release) struct check c = { .path = path, .out = out, .file = file };
	int ret = 0;

	if (file->head.version >= 7)
		ret = check_sections(&c);
	if (!ret) {
		check_options(&c);
		ret = check_parts(&c);
	}
	if (!ret)
		ret = check_data(&c);
	if (ret)
		return err_set(err, ret, "checking '%s'", path);
	/* what the reader had to step over, should it be nothing of the above */
	if (!c.found && in_file_damage(file))
		check_found(&c, file->damage.code, 0, "the file", "%s", file->damage.text);
	return c.found ? sum_up(&c, err) : 0;
}

int check_unreadable(const char *path, int code, const struct err *why, FILE *out, struct err *err)
{
	struct check c = { .path = path, .out = out };

	check_header(&c);
	err_set(err, why->code, "%s", why->text);
	return code;
}
