/*
 * api-tsync.c - public functions: how well a guest's clock is known.
 */
#include <errno.h>

#include "base/buf.h"
#include "in/bounds.h"
#include "in/handle.h"
#include "wire/opt-tsync.h"

int tracecmd_get_tsync_bounds(struct tracecmd_input *handle, int cpu, unsigned long long ts,
			      long long *lo, long long *hi)
{
	int64_t low, high;
	int ret = -EINVAL;

	if (handle && cpu >= 0)
		ret = in_time_bounds(&handle->timeline, &handle->file->info, cpu, ts, &low, &high);
	if (ret) {
		errno = -ret;
		return -1;
	}
	if (lo)
		*lo = low;
	if (hi)
		*hi = high;
	return 0;
}

char *tracecmd_get_tsync_summary(struct tracecmd_input *handle)
{
	struct buf b = BUF_INIT;
	const struct in_info *info;
	double ns_per_count = 1;
	char *text;

	if (!handle || !handle->file->info.has_tsync) {
		errno = handle ? ENODATA : EINVAL;
		return NULL;
	}
	info = &handle->file->info;
	if (info->has_tsc2nsec && info->tsc2nsec.mult)
		ns_per_count = info->tsc2nsec.mult /
			       (double)((uint64_t)1 << info->tsc2nsec.shift);
	else if (!in_clock_is_ns(info->tsync.host_clock))
		ns_per_count = 0;
	opt_tsync_text(&b, &info->tsync, ns_per_count);
	text = buf_take_str(&b);
	if (!text)
		errno = ENOMEM;
	return text;
}
