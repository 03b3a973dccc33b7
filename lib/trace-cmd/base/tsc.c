/*
 * tsc.c - see tsc.h. Layer 0.
 */
#include <errno.h>
#include <linux/perf_event.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/tsc.h"

#define MAX_TRIES	1000
#define MAX_SHIFT	32

int tsc_scale_of_page(const struct perf_event_mmap_page *page, struct tsc_scale *ret)
{
	const volatile struct perf_event_mmap_page *p = page;

	/* the kernel counts before and after each change */
	for (int i = 0; i < MAX_TRIES; i++) {
		uint32_t seq = p->lock;
		struct tsc_scale scale;
		int known;

		__sync_synchronize();
		known = p->cap_user_time && p->cap_user_time_zero;
		scale = (struct tsc_scale){ .mult = p->time_mult, .shift = p->time_shift };
		__sync_synchronize();
		if (p->lock != seq || seq & 1)
			continue;
		if (!known || !scale.mult || scale.shift > MAX_SHIFT)
			return -EOPNOTSUPP;
		*ret = scale;
		return 0;
	}
	return -EAGAIN;
}

int tsc_scale_read(struct tsc_scale *ret)
{
	/* one that never happens, of this task, in user space: everybody may have that */
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE, .config = PERF_COUNT_SW_DUMMY, .size = sizeof(attr),
		.exclude_kernel = 1, .exclude_hv = 1,
	};
	_cleanup_close_ int fd = -1;
	size_t size = getpagesize();
	void *page;
	int error;

	fd = syscall(SYS_perf_event_open, &attr, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
	if (fd < 0)
		return -errno;
	page = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
	if (page == MAP_FAILED)
		return -errno;
	error = tsc_scale_of_page(page, ret);
	munmap(page, size);
	return error;
}
