/*
 * file.c - see file.h: opening and closing a trace file. Layer 2.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "in/parse.h"

int in_file_note(struct in_file *f, int code, const char *fmt, ...)
{
	char text[ERR_TEXT_MAX - 256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	log_debug("%s: %s", f->src.name, text);
	return err_set(&f->damage, code, "%.200s: %s", f->src.name, text);
}

/* These words are the reference's, who scripts may look for. */
#define TRUNCATED "File possibly truncated. Need at least %llu, but file size is %zu."

int in_file_note_truncated(struct in_file *f, uint64_t need)
{
	return err_set(&f->damage, -ENODATA, TRUNCATED, (unsigned long long)need,
		       (size_t)f->src.size);
}

int in_file_err_truncated(struct in_file *f, uint64_t need, struct err *err)
{
	return err_set(err, -ENODATA, TRUNCATED, (unsigned long long)need, (size_t)f->src.size);
}

int in_file_read(struct in_file *f, void *data, size_t len, uint64_t offset, const char *what,
		 struct err *err)
{
	int ret;

	if (!in_source_has(&f->src, offset, len))
		return in_file_err_truncated(f, offset > UINT64_MAX - len ? UINT64_MAX : offset + len,
					     err);
	ret = in_source_read(&f->src, data, len, offset);
	if (ret)
		return err_set(err, ret, "%s: cannot read %s at offset %llu: %s", f->src.name, what,
			       (unsigned long long)offset, strerror(-ret));
	return 0;
}

static int header_error(struct in_file *f, int code, struct err *err)
{
	const char *name = f->src.name;

	switch (code) {
	case -ENOTSUP:
		return err_set(err, code, "%s: unsupported version of the trace file format", name);
	case -ENODATA:
		return in_file_err_truncated(f, f->src.size + 1, err);
	case -EINVAL:
		return err_set(err, code, "%s: not a trace file", name);
	default:
		return err_set(err, code, "%s: impossible values in the initial header", name);
	}
}

static int header_read(struct in_file *f, struct err *err)
{
	uint8_t bytes[DAT_HEADER_MAX];
	size_t len = f->src.size < sizeof(bytes) ? f->src.size : sizeof(bytes);
	int ret = in_source_read(&f->src, bytes, len, 0);

	if (ret)
		return err_set(err, ret, "%s: cannot read: %s", f->src.name, strerror(-ret));
	if (len < DAT_MAGIC_LEN || memcmp(bytes, DAT_MAGIC, DAT_MAGIC_LEN))
		return header_error(f, -EINVAL, err);
	ret = dat_header_parse(bytes, len, &f->head, &f->head_len);
	if (ret)
		return header_error(f, ret, err);
	f->long_size = f->head.long_size;
	if (f->head.version < 7 || !strcmp(f->head.compression, "none"))
		return 0;
	f->zip = zip_find(f->head.compression);
	if (!f->zip)
		return err_set(err, -ENOTSUP, "%s: compressed by '%s', which this build cannot read",
			       f->src.name, f->head.compression);
	return 0;
}

/* The kernel's own long size, which may differ from that of the recorder. */
static int header_page_read(struct in_file *f, struct err *err)
{
	_cleanup_buf_ struct buf b = BUF_INIT;
	struct in_header_page page;
	const char *text;
	size_t len;
	int ret = in_file_load(f, DAT_HEADER_INFO, &b, err);

	if (ret == -ENOENT) {
		err_clear(err);
		return 0;
	}
	if (ret)
		return ret;
	ret = in_header_info_parse(b.data, b.len, f->head.order, &text, &len, &text, &len, &page);
	if (ret)
		return err_set(err, ret, "%s: bad header information at offset %llu", f->src.name,
			       (unsigned long long)f->part[DAT_HEADER_INFO].offset);
	f->old_pages = page.empty;
	if (page.empty)
		return 0;
	if (page.timestamp_size && page.timestamp_size != 8)
		return err_set(err, -EBADMSG, "%s: header_page: timestamps of %u bytes",
			       f->src.name, page.timestamp_size);
	if (page.commit_size == 4 || page.commit_size == 8)
		f->long_size = page.commit_size;
	else if (page.commit_size)
		return err_set(err, -EBADMSG, "%s: header_page: commit word of %u bytes",
			       f->src.name, page.commit_size);
	if (page.data_offset && page.data_offset != 8 + f->long_size)
		return err_set(err, -EBADMSG, "%s: header_page: data at offset %u", f->src.name,
			       page.data_offset);
	return 0;
}

static int body_read(struct in_file *f, struct err *err)
{
	int ret;

	if (f->head.version >= 7) {
		ret = in_options_read7(f, err);
		if (!ret)
			ret = in_parts_read7(f, err);
	} else {
		ret = in_body6_read(f, err);
	}
	if (!ret && in_info_read(f))
		ret = err_set(err, -ENOMEM, "%s: out of memory", f->src.name);
	if (!ret)
		ret = header_page_read(f, err);
	if (!ret)
		ret = f->head.version >= 7 ? in_buffers_read7(f, err) : in_buffers_read6(f, err);
	return ret;
}

static struct in_file *file_new(struct err *err)
{
	struct in_file *f = calloc(1, sizeof(*f));

	if (!f) {
		err_set(err, -ENOMEM, "out of memory");
		return NULL;
	}
	f->refs = 1;
	f->src.fd = -1;
	return f;
}

static void file_unref(struct in_file **f)
{
	in_file_unref(*f);
}

/* Read what the opened source holds. */
static int file_read(struct in_file *f, struct err *err)
{
	int ret = header_read(f, err);

	return ret ? ret : body_read(f, err);
}

int in_file_open(const char *path, struct in_file **ret_file, struct err *err)
{
	_cleanup_(file_unref) struct in_file *f = file_new(err);
	int ret;

	if (!f)
		return -ENOMEM;
	ret = in_source_open(&f->src, path, err);
	if (!ret)
		ret = file_read(f, err);
	if (ret)
		return ret;
	*ret_file = take_ptr(f);
	return 0;
}

int in_file_open_fd(int fd, struct in_file **ret_file, struct err *err)
{
	_cleanup_(file_unref) struct in_file *f = file_new(err);
	int ret;

	if (!f)
		return -ENOMEM;
	ret = in_source_open_fd(&f->src, fd, err);
	if (!ret)
		ret = file_read(f, err);
	if (ret) {
		f->src.fd = -1;		/* it stays the caller's */
		return ret;
	}
	*ret_file = take_ptr(f);
	return 0;
}

int in_file_open_memory(const void *data, size_t size, struct in_file **ret_file, struct err *err)
{
	_cleanup_(file_unref) struct in_file *f = file_new(err);
	int ret;

	if (!f)
		return -ENOMEM;
	if (in_source_open_memory(&f->src, data, size))
		return err_set(err, -ENOMEM, "out of memory");
	ret = file_read(f, err);
	if (ret)
		return ret;
	*ret_file = take_ptr(f);
	return 0;
}

struct in_file *in_file_ref(struct in_file *f)
{
	__atomic_add_fetch(&f->refs, 1, __ATOMIC_RELAXED);
	return f;
}

void in_file_unref(struct in_file *f)
{
	unsigned int i;

	if (!f || __atomic_sub_fetch(&f->refs, 1, __ATOMIC_ACQ_REL))
		return;
	for (i = 0; i < f->nr_buffers; i++)
		in_buffer_release(&f->buffers[i]);
	for (i = 0; i < f->nr_option_data; i++)
		free(f->option_data[i]);
	free(f->buffers);
	free(f->option_data);
	free(f->options);
	free(f->v6.clock_text);
	in_info_release(&f->info);
	in_source_close(&f->src);
	free(f);
}

struct in_buffer *in_file_buffer(struct in_file *f, const char *name)
{
	unsigned int i;

	for (i = 0; i < f->nr_buffers; i++)
		if (!strcmp(f->buffers[i].name, name))
			return &f->buffers[i];
	return NULL;
}
