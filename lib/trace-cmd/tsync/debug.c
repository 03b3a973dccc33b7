/*
 * debug.c - see debug.h. Layer 4.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/io.h"
#include "base/log.h"
#include "tsync/debug.h"

#ifdef TSYNC_DEBUG
#define DEFAULT_DIR "."
#else
#define DEFAULT_DIR NULL
#endif

/* Write @text to the file called @name; @mode_flags say whether it starts anew. */
static int write_text(const struct tsync_debug *d, const char *name, int mode_flags,
		      const struct buf *text, struct err *err)
{
	_cleanup_buf_ struct buf path = BUF_INIT;
	_cleanup_close_ int fd = -1;
	int ret = buf_printf(&path, "%s/%s", d->dir, name);

	if (ret)
		return ret;
	/* we may be root in a directory of everybody's */
	fd = open((char *)path.data, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC | mode_flags,
		  0644);
	ret = fd < 0 ? -errno : io_write_full(fd, text->data, text->len, DEADLINE_NEVER);
	if (ret)
		return err_set(err, ret, "cannot write %s: %s", (char *)path.data, strerror(-ret));
	return 0;
}

static int res_name(const struct tsync_debug *d, struct buf *name)
{
	return buf_printf(name, "res-cid%" PRId64 ".txt", d->cid);
}

int tsync_debug_init(struct tsync_debug *d, const char *dir, int64_t cid, struct err *err)
{
	_cleanup_buf_ struct buf name = BUF_INIT;
	struct buf nothing = BUF_INIT;
	int ret;

	if (!dir)
		dir = DEFAULT_DIR;
	*d = (struct tsync_debug){ .cid = cid };
	if (!dir)
		return 0;
	d->dir = strdup(dir);
	if (!d->dir || res_name(d, &name))
		return -ENOMEM;
	ret = write_text(d, (char *)name.data, O_TRUNC, &nothing, err);
	if (ret)
		tsync_debug_release(d);
	return ret;
}

void tsync_debug_release(struct tsync_debug *d)
{
	free(take_ptr(d->dir));
}

static void write_series(const struct tsync_debug *d, uint32_t id,
			 const struct debug_point *points, unsigned int nr, int64_t offset,
			 int64_t time)
{
	_cleanup_buf_ struct buf name = BUF_INIT, text = BUF_INIT;
	struct err err = { 0 };
	unsigned int i;

	buf_printf(&name, "s-cid%" PRId64 "_%" PRIu32 ".txt", d->cid, id);
	for (i = 0; i < nr; i++)
		buf_printf(&text, "%" PRId64 " %" PRId64 " %" PRId64 "\n", points[i].midpoint,
			   points[i].client, points[i].offset);
	buf_printf(&text, "%" PRId64 " %" PRId64 " 0\n", offset, time);
	if (name.error || text.error ||
	    write_text(d, (char *)name.data, O_TRUNC, &text, &err))
		log_debug("tsync: %s", err.text);
}

static void write_result(const struct tsync_debug *d, uint32_t id, int64_t offset, int64_t time)
{
	_cleanup_buf_ struct buf name = BUF_INIT, text = BUF_INIT;
	struct err err = { 0 };

	buf_printf(&text, "%" PRIu32 " %" PRId64 " %" PRId64 "\n", id, offset, time);
	if (text.error || res_name(d, &name) ||
	    write_text(d, (char *)name.data, O_APPEND, &text, &err))
		log_debug("tsync: %s", err.text);
}

void tsync_debug_points(const struct tsync_debug *d, uint32_t id, const struct debug_point *points,
			unsigned int nr, int64_t offset, int64_t time)
{
	if (!d->dir)
		return;
	write_series(d, id, points, nr, offset, time);
	write_result(d, id, offset, time);
}

void tsync_debug_round(const struct tsync_debug *d, const struct series *s,
		       const struct estimate *est, uint32_t ptp_flags)
{
	struct debug_point points[PTP_PROBES];
	unsigned int i, n = 0;

	log_debug("tsync: series %" PRIu32 ": offset %" PRId64 ", in [%" PRId64 ", %" PRId64
		  "], %u probes, %u filtered out, flags 0x%" PRIx32, s->id, est->offset,
		  est->lo, est->hi, est->good, est->bad, ptp_flags);
	if (!d->dir)
		return;
	for (i = 0; i < PTP_PROBES; i++) {
		struct probe_view v;

		if (!probe_view(&s->probe[i], &v))
			continue;
		points[n].midpoint = v.midpoint;
		points[n].client = s->probe[i].time[SERIES_CLIENT];
		points[n++].offset = v.offset;
	}
	tsync_debug_points(d, s->id, points, n, est->offset, est->time);
}
