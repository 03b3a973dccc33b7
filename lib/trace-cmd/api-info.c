/*
 * api-info.c - public functions: what a file says of itself; the log level.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "in/handle.h"

int tracecmd_get_error(struct tracecmd_input *handle, char *buf, size_t size)
{
	int damage = handle ? in_file_damage(handle->file) : -EINVAL;

	if (buf && size)
		snprintf(buf, size, "%s", handle ? handle->file->damage.text : "no handle");
	return -damage;
}

int tracecmd_get_cpus(struct tracecmd_input *handle)
{
	return handle ? (int)handle->nr_cpus : 0;
}

const char *tracecmd_get_uname(struct tracecmd_input *handle)
{
	return handle ? handle->file->info.uname : NULL;
}

const char *tracecmd_get_version(struct tracecmd_input *handle)
{
	return handle ? handle->file->info.version : NULL;
}

const char *tracecmd_get_hook(struct tracecmd_input *handle, int indx)
{
	const struct buf *hooks = handle ? &handle->file->info.hooks : NULL;
	size_t at = 0;

	if (!hooks || indx < 0)
		return NULL;
	while (at < hooks->len && indx--)
		at += strlen((const char *)hooks->data + at) + 1;
	return at < hooks->len ? (const char *)hooks->data + at : NULL;
}

const char *tracecmd_get_trace_clock(struct tracecmd_input *handle)
{
	if (!handle)
		return NULL;
	if (handle->buffer && handle->buffer->clock && handle->buffer->clock[0])
		return handle->buffer->clock;
	return handle->file->info.clock;
}

const char *tracecmd_get_cpustats(struct tracecmd_input *handle)
{
	/* buf keeps a NUL behind its bytes */
	return handle ? (const char *)handle->file->info.cpustat.data : NULL;
}

const char *tracecmd_get_file_name(struct tracecmd_input *handle)
{
	return handle ? handle->file->src.path : NULL;
}

int tracecmd_get_file_version(struct tracecmd_input *handle)
{
	return handle ? handle->file->head.version : 0;
}

bool tracecmd_is_latency(struct tracecmd_input *handle)
{
	return handle && handle->buffer && handle->buffer->text;
}

ssize_t tracecmd_read_latency(struct tracecmd_input *handle, void *buf, size_t size)
{
	ssize_t ret = -EINVAL;

	if (buf && tracecmd_is_latency(handle))
		ret = handle->ready ? in_text_read(&handle->text, buf, size) : -ENODATA;
	if (ret >= 0)
		return ret;
	errno = (int)-ret;
	return -1;
}

void tracecmd_set_loglevel(enum tep_loglevel level)
{
	/* the numbers of both enums are the same */
	log_set_level((enum log_level)level);
	tep_set_loglevel(level);
	tracefs_set_loglevel(level);
}
