/*
 * file.c - creating and ending a trace.dat, and the bytes in between.
 *
 * Layer 2. All writing is positional: the caller's file position is neither
 * used nor moved.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "out/file.h"
#include "out/packer.h"

int out_pwrite(struct out_file *o, const struct buf *b, uint64_t pos)
{
	return b->error ? b->error : io_pwrite_full(o->fd, b->data, b->len, pos);
}

int out_truncate(struct out_file *o)
{
	struct stat st;

	/* to its own size would cost what was set aside behind it, which others may be after */
	if (!fstat(o->fd, &st) && (uint64_t)st.st_size == o->end)
		return 0;
	return ftruncate(o->fd, o->end) ? -errno : 0;
}

int out_append_bytes(struct out_file *o, const struct buf *b)
{
	int ret = out_pwrite(o, b, o->end);

	if (ret) {
		out_truncate(o);
		return ret;
	}
	o->end += b->len;
	return 0;
}

int out_patch_u64(struct out_file *o, uint64_t pos, uint64_t v)
{
	uint8_t bytes[8];

	store_u64(bytes, o->order, v);
	return io_pwrite_full(o->fd, bytes, sizeof(bytes), pos);
}

int out_patch_u32(struct out_file *o, uint64_t pos, uint32_t v)
{
	uint8_t bytes[4];

	store_u32(bytes, o->order, v);
	return io_pwrite_full(o->fd, bytes, sizeof(bytes), pos);
}

static int conf_check(const struct out_conf *conf, struct err *err)
{
	if (conf->version < DAT_VERSION_MIN || conf->version > DAT_VERSION_MAX)
		return err_set(err, -EINVAL, "there is no version %d of trace.dat", conf->version);
	if (!dat_page_size_ok(conf->page_size))
		return err_set(err, -EINVAL, "a page size of %u bytes cannot be stored",
			       conf->page_size);
	if (conf->nr_cpus < 1 || conf->nr_cpus > DAT_CPU_LIMIT)
		return err_set(err, -EINVAL, "%d CPUs cannot be stored", conf->nr_cpus);
	if (conf->long_size && conf->long_size != 4 && conf->long_size != 8)
		return err_set(err, -EINVAL, "there are no longs of %u bytes", conf->long_size);
	return 0;
}

/* The initial header of a new file. */
static int header_write(struct out_file *o)
{
	struct dat_header h = {
		.version = o->version,
		.order = o->order,
		.long_size = o->long_size,
		.page_size = o->page_size,
		.compression = "none",
	};
	_cleanup_buf_ struct buf b = BUF_INIT;
	size_t options_pos = 0;

	if (o->zip) {
		strncpy(h.compression, o->zip->name, sizeof(h.compression) - 1);
		strncpy(h.compression_version, o->zip->version(),
			sizeof(h.compression_version) - 1);
	}
	dat_header_put(&b, &h, &options_pos);
	o->link_pos = options_pos;
	return out_append_bytes(o, &b);
}

int out_create(int fd, const struct out_conf *conf, struct out_file **ret, struct err *err)
{
	struct out_file *o;
	int error = conf_check(conf, err);

	if (error)
		return error;
	o = calloc(1, sizeof(*o));
	if (!o)
		return err_set(err, -ENOMEM, "out of memory");
	o->fd = fd;
	o->version = conf->version;
	o->order = conf->long_size ? conf->order : ORDER_NATIVE;
	o->long_size = conf->long_size ? conf->long_size : sizeof(long);
	o->zip = conf->version < 7 ? NULL : conf->zip;
	o->page_size = conf->page_size;
	o->nr_cpus = conf->nr_cpus;
	error = out_truncate(o);
	if (!error)
		error = header_write(o);
	if (error) {
		out_free(o);
		return err_set(err, error, "cannot write the header of the trace file: %s",
			       strerror(-error));
	}
	*ret = o;
	return 0;
}

int out_version(const struct out_file *o)
{
	return o->version;
}

int out_order(const struct out_file *o)
{
	return o->order;
}

const struct zip_algo *out_zip(const struct out_file *o)
{
	return o->zip;
}

uint32_t out_page_size(const struct out_file *o)
{
	return o->page_size;
}

/* The last section of version 7: all descriptions since the previous one, its own included. */
static int strings_write(struct out_file *o)
{
	_cleanup_buf_ struct buf payload = BUF_INIT;
	uint64_t offset;
	int ret;

	/* out_section() describes the section itself; so the text must be in the payload before */
	buf_add(&payload, o->strings.data, o->strings.len);
	buf_add_cstr(&payload, dat_id_find(DAT_STRINGS)->section);
	ret = o->strings.error;
	if (!ret)
		ret = out_section(o, DAT_STRINGS, &payload, false, &offset);
	if (ret)
		return ret;
	o->strings_base += o->strings.len;
	buf_reset(&o->strings);
	return 0;
}

int out_finish(struct out_file *o, struct err *err)
{
	int options = 0, ret;

	if (o->finished)
		return 0;
	/* options that cannot be written must not cost the file its end */
	if (o->options.len || !o->options_written)
		options = out_options_end(o, err);
	ret = out_truncate(o);
	if (!ret && o->version >= 7)
		ret = strings_write(o);
	o->finished = true;
	if (ret)
		err_set(err, ret, "cannot write the end of the trace file: %s", strerror(-ret));
	return options ? options : ret;
}

void out_free(struct out_file *o)
{
	unsigned int i;

	if (!o)
		return;
	for (i = 0; i < o->nr_announced; i++)
		free(o->announced[i].name);
	free(o->announced);
	packer_free(o->packer);
	buf_release(&o->options);
	buf_release(&o->strings);
	free(o);
}
