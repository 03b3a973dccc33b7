/*
 * dump.c - see dump.h: the order in which things are shown. Layer 5.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "dump/check.h"
#include "dump/item.h"

const char *dump_description(const struct dump *d, int32_t id)
{
	const char *text = in_strings_get(&d->strings, id);

	return *text ? text : "Unknown";
}

void dump_section_line(struct dump *d, uint64_t offset)
{
	struct in_section s;

	if (in_file_section_at(d->file, offset, &s, &d->bad))
		return;
	fprintf(d->out, "\t[Section %d @ %lld: \"%s\", flags 0x%X, %lld bytes]\n", s.head.id,
		(long long)offset, dump_description(d, s.head.description), s.head.flags,
		(long long)s.head.size);
}

void dump_text(struct dump *d, const void *text, size_t len)
{
	fwrite(text, 1, strnlen(text, len), d->out);
}

static void initial_format(struct dump *d, const char *path)
{
	const struct dat_header *h = &d->file->head;

	fprintf(d->out, "\n Tracing meta data in file %s:\n\t[Initial format]\n", path);
	fprintf(d->out, "\t\t%d\t[Version]\n", h->version);
	fprintf(d->out, "\t\t%d\t[%s endian]\n", h->order == ORDER_BIG,
		h->order == ORDER_BIG ? "Big" : "Little");
	fprintf(d->out, "\t\t%u\t[Bytes in a long]\n", h->long_size);
	fprintf(d->out, "\t\t%u\t[Page size, bytes]\n", h->page_size);
	if (!dump_is_v7(d))
		return;
	fprintf(d->out, "\t\t%s\t[Compression algorithm]\n", h->compression);
	fprintf(d->out, "\t\t%s\t[Compression version]\n", h->compression_version);
}

static void dump_v6(struct dump *d)
{
	dump_content(d);
	if (dump_wants(d, DUMP_SUMMARY))
		fprintf(d->out, "\t%u [CPUs with tracing data]\n", d->file->v6.cpus);
	dump_option_list(d);
	dump_data6(d);
}

static int dump_v7(struct dump *d, struct err *err)
{
	int ret = in_file_strings(d->file, &d->strings, err);

	if (!ret)
		ret = in_file_sections(d->file, &d->sections, &d->nr_sections, err);
	if (ret)
		return ret;
	if (dump_wants(d, DUMP_STRINGS))
		dump_strings(d);
	if (dump_wants(d, DUMP_SECTIONS))
		dump_sections(d);
	dump_option_list(d);
	dump_content(d);
	if (dump_wants(d, DUMP_SUMMARY | DUMP_SECTIONS))
		fprintf(d->out, "\t[%u sections]\n", d->nr_sections);
	return 0;
}

static void dump_release(struct dump *d)
{
	buf_release(&d->strings);
	free(d->sections);
	in_file_unref(d->file);
}

/* Open the file; the message says which one. */
static int dump_open(struct dump *d, const char *path, struct err *err)
{
	struct err why = { 0 };
	int ret = in_file_open(path, &d->file, &why);

	switch (ret) {
	case 0:
		return 0;
	case -EINVAL: case -ENOTSUP:	/* no errno tells more than the text */
		err_set(err, 0, "cannot read '%s'\n  %s", path, why.text);
		return ret;
	case -EBADMSG: case -ENODATA: case -ENOMEM:
		return err_set(err, ret, "cannot read '%s'\n  %s", path, why.text);
	default:
		return err_set(err, ret, "cannot open '%s'", path);
	}
}

int dump_run(const struct dump_plan *plan, FILE *out, struct err *err)
{
	_cleanup_(dump_release) struct dump d = {
		.out = out, .show = plan->show ? plan->show : DUMP_SUMMARY,
		.old_timeshift = plan->old_timeshift,
	};
	struct err why = { 0 };
	int ret;

	ret = dump_open(&d, plan->path, &why);
	if (ret && dump_wants(&d, DUMP_VALIDATE))
		return check_unreadable(plan->path, ret, &why, out, err);
	if (ret) {
		err_set(err, why.code, "%s", why.text);
		return ret;
	}
	if (dump_wants(&d, DUMP_SUMMARY))
		initial_format(&d, plan->path);
	if (dump_is_v7(&d)) {
		ret = dump_v7(&d, err);
		if (ret)
			return ret;
	} else {
		dump_v6(&d);
	}
	if (dump_wants(&d, DUMP_VALIDATE)) {
		ret = check_file(d.file, plan->path, out, err);
		if (ret)
			return ret;
	}
	if (d.bad.text[0]) {
		ret = d.bad.code ? d.bad.code : -EBADMSG;
		return err_set(err, ret, "'%s' could not be shown completely\n  %s", plan->path,
			       d.bad.text);
	}
	if (in_file_damage(d.file))
		return err_set(err, in_file_damage(d.file),
			       "'%s' could not be read completely\n  %s", plan->path,
			       d.file->damage.text);
	if (dump_wants(&d, DUMP_VALIDATE))
		fprintf(out, "File %s is a valid trace-cmd file\n", plan->path);
	return 0;
}
