/*
 * api-open.c - public functions: opening, closing and instances of a file.
 *
 * They check their arguments, call in/ and turn -errno into errno; the public
 * header documents them.
 */
#include <errno.h>
#include <stdio.h>

#include "in/handle.h"

static struct tracecmd_input *open_how(const struct in_open *how, char *errbuf, size_t errsize)
{
	struct tracecmd_input *h = NULL;
	struct err err = { 0 };
	int ret = in_handle_open(how, &h, &err);

	if (errbuf && errsize)
		snprintf(errbuf, errsize, "%s", ret ? err.text : "");
	if (!ret)
		return h;
	errno = -ret;
	return NULL;
}

static struct tracecmd_input *open_path(const char *file, int flags, bool head, char *errbuf,
					size_t errsize)
{
	struct in_open how = { .path = file, .fd = -1, .flags = flags, .head = head };

	if (!file) {
		if (errbuf && errsize)
			snprintf(errbuf, errsize, "no file name");
		errno = EINVAL;
		return NULL;
	}
	return open_how(&how, errbuf, errsize);
}

struct tracecmd_input *tracecmd_open_err(const char *file, int flags, char *errbuf, size_t errsize)
{
	return open_path(file, flags, false, errbuf, errsize);
}

struct tracecmd_input *tracecmd_open_head_err(const char *file, int flags, char *errbuf,
					      size_t errsize)
{
	return open_path(file, flags, true, errbuf, errsize);
}

struct tracecmd_input *tracecmd_open_fd_err(int fd, int flags, char *errbuf, size_t errsize)
{
	struct in_open how = { .fd = fd, .flags = flags };

	return open_how(&how, errbuf, errsize);
}

struct tracecmd_input *tracecmd_open(const char *file, int flags)
{
	return open_path(file, flags, false, NULL, 0);
}

struct tracecmd_input *tracecmd_open_head(const char *file, int flags)
{
	return open_path(file, flags, true, NULL, 0);
}

struct tracecmd_input *tracecmd_open_fd(int fd, int flags)
{
	return tracecmd_open_fd_err(fd, flags, NULL, 0);
}

int tracecmd_init_data(struct tracecmd_input *handle)
{
	int ret = handle ? in_handle_init(handle) : -EINVAL;

	if (!ret)
		return 0;
	errno = -ret;
	return -1;
}

void tracecmd_close(struct tracecmd_input *handle)
{
	in_handle_unref(handle);
}

void tracecmd_set_private(struct tracecmd_input *handle, void *data)
{
	if (handle)
		handle->private = data;
}

void *tracecmd_get_private(struct tracecmd_input *handle)
{
	return handle ? handle->private : NULL;
}

int tracecmd_buffer_instances(struct tracecmd_input *handle)
{
	int n = 0;

	while (handle && in_handle_buffer(handle, (unsigned int)n))
		n++;
	return n;
}

const char *tracecmd_buffer_instance_name(struct tracecmd_input *handle, int indx)
{
	const struct in_buffer *b = handle && indx >= 0 ?
				    in_handle_buffer(handle, (unsigned int)indx) : NULL;

	return b ? b->name : NULL;
}

struct tracecmd_input *tracecmd_buffer_instance_handle(struct tracecmd_input *handle, int indx)
{
	struct tracecmd_input *inst = NULL;
	int ret = handle && indx >= 0 ? in_handle_instance(handle, (unsigned int)indx, &inst) :
					-EINVAL;

	if (!ret)
		return inst;
	errno = -ret;
	return NULL;
}
