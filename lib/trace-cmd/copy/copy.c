/*
 * copy.c - starting a new file: its header, metadata and options. Layer 2.
 */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "copy/copy.h"
#include "copy/parts.h"

#define PAGE_GROWTH_MAX	128	/* times a page may be filled up to */

uint32_t copy_page_size(const struct in_file *f, int version)
{
	uint32_t top = 0, min = UINT32_MAX, max = 0;
	unsigned int i;

	for (i = 0; i < f->nr_buffers; i++) {
		const struct in_buffer *b = &f->buffers[i];

		if (b->text)
			continue;
		if (!b->name[0])
			top = b->page_size;
		min = b->page_size < min ? b->page_size : min;
		max = b->page_size > max ? b->page_size : max;
	}
	if (!max)
		return f->head.page_size;
	if (version >= 7)
		return top ? top : f->head.page_size;
	return max / min > PAGE_GROWTH_MAX ? 0 : max;
}

bool copy_loses(const struct in_file *f, int version)
{
	return version < 7 && (f->part[DAT_BTF_FILE].present || f->part[DAT_MODULES_FILE].present);
}

/* How many CPUs the recording machine had, 0 if the file doesn't say. */
static uint32_t machine_cpus(const struct in_file *f)
{
	return f->info.has_cpu_count ? f->info.cpu_count : f->v6.cpus;
}

/* CPUs that a table for all buffers must have. */
static uint32_t table_cpus(const struct in_file *f)
{
	uint32_t n = machine_cpus(f);
	unsigned int i;

	for (i = 0; i < f->nr_buffers; i++)
		if (f->buffers[i].nr_cpus > n)
			n = f->buffers[i].nr_cpus;
	return n ? n : 1;
}

/* True for options that say where something is, and CPUCOUNT. */
static bool option_is_ours(const struct in_option *opt)
{
	const struct dat_id_info *info = dat_id_find(opt->id);

	switch (opt->id) {
	case DAT_DONE:
	case DAT_BUFFER:
	case DAT_BUFFER_TEXT:
	case DAT_STRINGS:
	case DAT_CPUCOUNT:
		return true;
	default:
		return info && info->kind == DAT_KIND_SECTION;
	}
}

static int option_copy(struct in_file *f, struct out_file *o, const struct in_option *opt)
{
	const char *clocks = f->v6.clock_text;

	/*
	 * Recorders before 3.0 leave it empty and have the clocks in front of the data, where
	 * readers look only in version 6.
	 */
	if (opt->id == DAT_TRACECLOCK && clocks && !f->info.clock && out_version(o) >= 7)
		return out_option(o, opt->id, clocks, strlen(clocks) + 1);
	return out_option(o, opt->id, opt->data, opt->size);
}

static int put_cpu_count(struct in_file *f, struct out_file *o, uint32_t least)
{
	uint32_t n = out_version(o) < 7 ? table_cpus(f) : machine_cpus(f);
	uint8_t word[4];

	n = n < least ? least : n;

	/* version 6 says it elsewhere; the option, if it is there, has to agree */
	if (!n || (out_version(o) < 7 && !f->info.has_cpu_count))
		return 0;
	store_u32(word, out_order(o), n);
	return out_option(o, DAT_CPUCOUNT, word, sizeof(word));
}

static int options_copy(struct in_file *f, struct out_file *o, const struct copy_conf *conf,
			struct err *err)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; ret >= 0 && i < f->nr_options; i++) {
		const struct in_option *opt = &f->options[i];

		if (option_is_ours(opt))
			continue;
		ret = conf->option ? conf->option(conf->arg, o, opt) : 1;
		if (ret > 0)
			ret = option_copy(f, o, opt);
	}
	if (ret >= 0)
		ret = put_cpu_count(f, o, conf->nr_cpus);
	return ret < 0 ? err_set(err, ret, "cannot copy the options of '%s': %s", f->src.name,
				 strerror(-ret)) : 0;
}

int copy_begin(int fd, struct in_file *f, const struct copy_conf *conf, struct out_file **ret,
	       struct err *err)
{
	struct out_conf oc = {
		.version = conf->version, .zip = conf->zip, .order = f->head.order,
		.long_size = f->head.long_size, .nr_cpus = (int)table_cpus(f),
		.page_size = conf->page_size ? conf->page_size : copy_page_size(f, conf->version),
	};
	_cleanup_(out_freep) struct out_file *o = NULL;
	int error;

	if ((uint32_t)oc.nr_cpus < conf->nr_cpus)
		oc.nr_cpus = (int)conf->nr_cpus;
	if (!oc.page_size)
		return err_set(err, -ENOTSUP, "%s: version %d cannot hold buffers whose sub-buffers "
			       "differ that much in size", f->src.name, conf->version);
	error = out_create(fd, &oc, &o, err);
	if (!error)
		error = parts_copy(f, o, err);
	if (!error)
		error = options_copy(f, o, conf, err);
	if (error)
		return error;
	*ret = take_ptr(o);
	return 0;
}
