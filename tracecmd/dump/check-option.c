/*
 * check-option.c - the payloads of options.
 *
 * Layer 5. Options of later releases are stepped over, as readers do.
 */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "dump/check.h"
#include "wire/opt-timeshift.h"
#include "wire/opt-tsync.h"
#include "wire/opts.h"

#define OPTION_HEAD 6	/* u16 id, u32 size */

/* The payload of an option; behind it is always a NUL. */
static const char *text_of(const struct in_option *o)
{
	return (const char *)o->data;
}

/* A number with a sign in any base that C knows. */
static const char *number_wrong(const char *text)
{
	char *end;

	errno = 0;
	strtoll(text, &end, 0);
	if (end == text)
		return "is no number";
	return errno ? "is a number too large" : NULL;
}

/* "EVENT,FIELD[,PID]/EVENT,FIELD[,FLAGS]" */
static const char *hook_wrong(const char *text)
{
	const char *slash = strchr(text, '/');

	if (!slash || !memchr(text, ',', slash - text) || !strchr(slash, ','))
		return "is no pair of events with fields";
	return NULL;
}

/* All numbers are hexadecimal: "PID COUNT COMM", then COUNT times "START END PATH". */
static const char *maps_wrong(const char *text)
{
	unsigned long long count, start, end;
	char *at;

	strtoull(text, &at, 16);
	if (at == text || *at != ' ')
		return "does not begin with a pid";
	text = at;
	count = strtoull(text, &at, 16);
	if (at == text || *at != ' ')
		return "does not tell how many areas there are";
	for (text = strchr(at, '\n'); text && text[1]; text = strchr(at, '\n')) {
		start = strtoull(text + 1, &at, 16);
		end = strtoull(at, &at, 16);
		if (start >= end || *at != ' ')
			return "has an area without start and end";
		if (!count--)
			return "has more areas than it says";
	}
	return count ? "has fewer areas than it says" : NULL;
}

/* "[local] global counter", or the empty text of older releases */
static const char *clock_wrong(const char *text)
{
	const char *open = strchr(text, '[');

	if (!*text || (open && open[1] != ']' && strchr(open, ']')))
		return NULL;
	return "names no clock in brackets";
}

static const char *text_wrong(const struct in_option *o)
{
	const char *text = text_of(o);

	if (o->size && text[o->size - 1])
		return "has no end";
	switch (o->id) {
	case DAT_DATE:
	case DAT_OFFSET:
		return number_wrong(text);
	case DAT_HOOK:
		return hook_wrong(text);
	case DAT_PROCMAPS:
		return maps_wrong(text);
	case DAT_TRACECLOCK:
		return clock_wrong(text);
	case DAT_CPUSTAT:
		return o->size ? NULL : "is empty";
	case DAT_LAST_BOOT_INFO:
		return strchr(text, ':') ? NULL : "names no instance";
	default:
		return NULL;
	}
}

static const char *number_option_wrong(struct check *c, const struct in_option *o)
{
	struct cursor w = cursor_over(o->data, o->size, c->file->head.order);
	uint32_t cpus;

	if (o->id != DAT_CPUCOUNT)
		return NULL;
	cpus = cursor_u32(&w);
	return cpus && cpus <= DAT_CPU_LIMIT ? NULL : "is no number of CPUs";
}

/* Each CPU has samples: a count of 0 crashes older readers. */
static const char *timeshift_wrong(struct check *c, const struct in_option *o)
{
	_cleanup_(timeshift_release) struct timeshift ts = { 0 };
	uint32_t i;

	if (timeshift_parse(o->data, o->size, c->file->head.order, &ts))
		return "its counts and fractions fit no known layout";
	for (i = 0; i < ts.nr_cpus; i++)
		if (!ts.cpus[i].nr_samples)
			return "a CPU has no samples";
	return NULL;
}

static const char *tsync_wrong(struct check *c, const struct in_option *o)
{
	_cleanup_(opt_tsync_release) struct opt_tsync t = { 0 };

	if (opt_tsync_parse(o->data, o->size, c->file->head.order, &t))
		return "its version is not known, or its counts and limits are impossible";
	return NULL;
}

static const char *guest_wrong(struct check *c, const struct in_option *o)
{
	_cleanup_(opt_guest_release) struct opt_guest g = { 0 };

	if (opt_guest_parse(o->data, o->size, c->file->head.order, &g))
		return "its CPUs do not fit its size, or the guest doesn't have them";
	return NULL;
}

static const char *buffer_wrong(struct check *c, const struct in_option *o)
{
	_cleanup_(opt_buffer_release) struct opt_buffer b = { 0 };
	const struct in_file *f = c->file;
	bool text = o->id == DAT_BUFFER_TEXT;
	const struct in_section *s;

	if (opt_buffer_parse(o->data, o->size, f->head.order, f->head.version, text, &b))
		return "its page size is impossible, or its CPUs do not fit its size or are twice there";
	if (f->head.version < 7)
		return NULL;
	s = check_led(c, b.offset);
	if (!s || s->head.id != o->id)
		return "leads to no section of data";
	if (!text && !b.name[0] && b.page_size != f->head.page_size)
		return "the top buffer's page size is not that of the header";
	return NULL;
}

static const char *struct_wrong(struct check *c, const struct in_option *o)
{
	struct opt_tsc2nsec tsc;

	switch (o->id) {
	case DAT_TSYNC:
		return tsync_wrong(c, o);
	case DAT_TIME_SHIFT:
		return timeshift_wrong(c, o);
	case DAT_GUEST:
		return guest_wrong(c, o);
	case DAT_BUFFER:
	case DAT_BUFFER_TEXT:
		return buffer_wrong(c, o);
	case DAT_TSC2NSEC:
		return opt_tsc2nsec_parse(o->data, o->size, c->file->head.order, &tsc) ?
		       "the shift is larger than 32" : NULL;
	default:
		return NULL;
	}
}

static const char *section_wrong(struct check *c, const struct in_option *o)
{
	struct cursor w = cursor_over(o->data, o->size, c->file->head.order);
	const struct in_section *s;

	if (c->file->head.version < 7)
		return "is not for version 6";
	s = check_led(c, cursor_u64(&w));
	if (!s)
		return "leads to no section";
	return s->head.id == o->id ? NULL : "leads to a section of another kind";
}

void check_option(struct check *c, const struct in_option *o, uint64_t offset)
{
	const struct dat_id_info *info = dat_id_find(o->id);
	const char *wrong = NULL;
	char part[64];

	if (!info)
		return;
	snprintf(part, sizeof(part), "option %s", info->option);
	if (o->size < info->min_size) {
		check_found(c, -EBADMSG, offset + 2, part, "has %" PRIu32 " bytes, too few", o->size);
		return;
	}
	switch (info->kind) {
	case DAT_KIND_STRING:
		wrong = text_wrong(o);
		break;
	case DAT_KIND_NUMBER:
		wrong = number_option_wrong(c, o);
		break;
	case DAT_KIND_SECTION:
		wrong = section_wrong(c, o);
		break;
	case DAT_KIND_STRUCT:
		wrong = struct_wrong(c, o);
		break;
	case DAT_KIND_NONE:
		if (o->id == DAT_STRINGS)
			wrong = "is none that files have";
		break;
	}
	if (wrong)
		check_found(c, -EBADMSG, offset + OPTION_HEAD, part, "%s", wrong);
}
