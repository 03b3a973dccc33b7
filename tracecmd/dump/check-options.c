/*
 * check-options.c - where options are: version 6's list, version 7's chain of
 * sections that each end in DONE.
 *
 * Layer 5.
 */
#include <errno.h>
#include <inttypes.h>

#include "dump/check.h"

#define OPTION_HEAD	6	/* u16 id, u32 size */
#define LIST		"options"

/*
 * DONE, option @i at offset @at, leads nowhere or to more options: those that the reader
 * found next.
 */
static void check_next(struct check *c, unsigned int i, uint64_t at)
{
	const struct in_file *f = c->file;
	const struct in_option *o = &f->options[i];
	struct cursor w = cursor_over(o->data, o->size, f->head.order);
	uint64_t next = cursor_u64(&w);

	if (o->size != 8) {
		check_found(c, -EBADMSG, at, "option DONE", "has %" PRIu32 " bytes, not 8", o->size);
		return;
	}
	if (next && (i + 1 == f->nr_options || o[1].section != next))
		check_found(c, -EBADMSG, at + OPTION_HEAD, "option DONE",
			    "more options at offset %" PRIu64 ", where none can be read", next);
}

/* Behind the last option @o of a section, at @end. */
static void check_end7(struct check *c, const struct in_option *o, uint64_t end)
{
	const struct in_section *s = check_section(c, o->section);
	uint64_t used = end - o->section - DAT_SECTION_HEADER_LEN;
	uint64_t have = s ? s->raw_size : used;

	if (used < have && o->id != DAT_DONE)
		check_found(c, -EBADMSG, end, LIST, "the option leaves its section, whose end is "
			    "%" PRIu64 " bytes from here", have - used);
	else if (used < have)
		check_found(c, -EBADMSG, end, LIST, "%" PRIu64 " bytes behind DONE", have - used);
	else if (o->id != DAT_DONE)
		check_found(c, -EBADMSG, end, LIST, "the section ends without DONE");
}

static void check_options7(struct check *c)
{
	const struct in_file *f = c->file;
	uint64_t at = 0;
	unsigned int i;

	for (i = 0; i < f->nr_options; i++) {
		const struct in_option *o = &f->options[i];

		if (!i || o->section != o[-1].section) {
			check_led(c, o->section);
			at = o->section + DAT_SECTION_HEADER_LEN;
		}
		check_option(c, o, at);
		if (o->id == DAT_DONE)
			check_next(c, i, at);
		at += OPTION_HEAD + (uint64_t)o->size;
		if (i + 1 == f->nr_options || o[1].section != o->section)
			check_end7(c, o, at);
	}
	if (!f->nr_options)
		check_found(c, -EBADMSG, f->head.options_offset, LIST, "no option here can be read");
	for (i = 0; i < c->nr_sections; i++)
		if (!c->led[i] && c->sections[i].head.id != DAT_STRINGS)
			check_found(c, -EBADMSG, c->sections[i].offset, "sections",
				    "no option leads to this section %u", c->sections[i].head.id);
}

/* Behind the list come the data or, when nothing was recorded yet, nothing. */
static void check_end6(struct check *c, uint64_t end)
{
	const struct in_file *f = c->file;

	if (f->v6.data_offset || end == f->src.size)
		return;
	if (end > f->src.size)
		check_found(c, -ENODATA, f->src.size, LIST, "the file ends within the options");
	else
		check_found(c, -EBADMSG, end, LIST, "neither an option that fits into the file nor the data is here");
}

static void check_options6(struct check *c)
{
	const struct in_file *f = c->file;
	const struct in_part *last = &f->part[DAT_CMDLINES];
	uint64_t at = f->v6.options_offset;
	unsigned int i;

	for (i = 0; i < f->nr_options; i++) {
		check_option(c, &f->options[i], at);
		at += OPTION_HEAD + (uint64_t)f->options[i].size;
	}
	check_end6(c, f->v6.options_offset ? at + 2 : last->offset + last->size + 4);
}

void check_options(struct check *c)
{
	if (c->file->head.version >= 7)
		check_options7(c);
	else
		check_options6(c);
}
