/*
 * validate.c - dump -v: is everything but the recorded data what it should be?
 *
 * Layer 5. Loads every metadata part and takes it apart to its last byte, and
 * every option that has a structure.
 */
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/cleanup.h"
#include "dump/formats.h"
#include "in/file.h"
#include "wire/opt-timeshift.h"
#include "wire/opts.h"

/* A format starts with the event's name, and has an id and fields. */
static int check_format(void *data, const char *text, size_t len)
{
	static const char *const parts[] = { "name: ", "\nID: ", "\nformat:" };
	unsigned int i;

	for (i = 0; len && i < ARRAY_SIZE(parts); i++) {
		const char *p = memmem(text, len, parts[i], strlen(parts[i]));

		if (!p || (!i && p != text))
			return -EBADMSG;
	}
	return 0;
}

static int check_formats(struct cursor *c, bool systems)
{
	const struct formats_visitor v = { .event = check_format };

	return formats_walk(c, systems, &v);
}

/* Two texts, each behind its name and size. */
static int check_headers(struct cursor *c)
{
	static const char *const names[] = { "header_page", "header_event" };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		const char *name = cursor_cstr(c, 32);
		uint64_t size = cursor_u64(c);

		if (c->failed || strcmp(name, names[i]) || size > cursor_left(c))
			return -EBADMSG;
		cursor_bytes(c, size);
	}
	return 0;
}

/* One text behind its size. */
static int check_text(struct cursor *c, bool wide)
{
	uint64_t size = wide ? cursor_u64(c) : cursor_u32(c);

	if (c->failed || size > cursor_left(c))
		return -EBADMSG;
	cursor_bytes(c, size);
	return 0;
}

static int check_part(unsigned int id, struct cursor *c)
{
	switch (id) {
	case DAT_HEADER_INFO:
		return check_headers(c);
	case DAT_FTRACE_EVENTS:
		return check_formats(c, false);
	case DAT_EVENT_FORMATS:
		return check_formats(c, true);
	case DAT_KALLSYMS:
	case DAT_PRINTK:
		return check_text(c, false);
	case DAT_CMDLINES:
		return check_text(c, true);
	default:	/* BTF and modules: no structure of ours */
		c->pos = c->len;
		return 0;
	}
}

static int validate_part(struct in_file *f, unsigned int id, struct err *err)
{
	const char *name = dat_id_find(id)->section;
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct cursor c;
	int ret = in_file_load(f, id, &text, err);

	if (ret)
		return err_set(err, ret, "cannot read the %s", name);
	c = cursor_over(text.data, text.len, f->head.order);
	if (check_part(id, &c))
		return err_set(err, -EBADMSG, "cannot read the %s: damaged at byte %zu of %zu",
			       name, c.pos, c.len);
	if (cursor_left(&c))
		return err_set(err, -EBADMSG, "cannot read the %s: %zu bytes too many", name,
			       cursor_left(&c));
	return 0;
}

static int check_option(const struct in_file *f, const struct in_option *o)
{
	enum byte_order order = f->head.order;
	struct timeshift ts = { 0 };
	struct opt_guest guest = { 0 };
	struct opt_tsc2nsec tsc;
	struct opt_buffer buffer = { 0 };
	int ret = 0;

	switch (o->id) {
	case DAT_TIME_SHIFT:
		ret = timeshift_parse(o->data, o->size, order, &ts);
		timeshift_release(&ts);
		break;
	case DAT_GUEST:
		ret = opt_guest_parse(o->data, o->size, order, &guest);
		opt_guest_release(&guest);
		break;
	case DAT_TSC2NSEC:
		ret = opt_tsc2nsec_parse(o->data, o->size, order, &tsc);
		break;
	case DAT_BUFFER:
	case DAT_BUFFER_TEXT:
		ret = opt_buffer_parse(o->data, o->size, order, f->head.version,
				       o->id == DAT_BUFFER_TEXT, &buffer);
		opt_buffer_release(&buffer);
		break;
	}
	return ret;
}

static int validate_option(const struct in_file *f, unsigned int i, struct err *err)
{
	const struct in_option *o = &f->options[i];
	const struct dat_id_info *info = dat_id_find(o->id);

	if (!info)	/* of a later release: readers step over it */
		return 0;
	if (o->size < info->min_size || check_option(f, o))
		return err_set(err, -EBADMSG, "cannot read the option %s, number %u of %u: damaged",
			       info->option, i + 1, f->nr_options);
	return 0;
}

int formats_validate(struct in_file *f, struct err *err)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; !ret && i < IN_PART_COUNT; i++) {
		if (f->part[i].present)
			ret = validate_part(f, i, err);
	}
	for (i = 0; !ret && i < f->nr_options; i++)
		ret = validate_option(f, i, err);
	return ret;
}
