/*
 * tsc.h - how the kernel turns cycles of the x86 TSC into nanoseconds.
 *
 * Layer 0.
 */
#ifndef BASE_TSC_H
#define BASE_TSC_H

#include <stdint.h>

/* ns = cycles * mult >> shift */
struct tsc_scale {
	uint32_t mult;
	uint32_t shift;		/* 0..32 */
};

struct perf_event_mmap_page;

/*
 * What perf tells to all who may open an event of their own. 0; -EOPNOTSUPP: the kernel does not
 * use the TSC (it is not stable, or this is a guest with a clock of its own); -errno.
 */
int tsc_scale_read(struct tsc_scale *ret);

/* The same from a page of perf's. 0; -EOPNOTSUPP; -EAGAIN: it changes all the time. */
int tsc_scale_of_page(const struct perf_event_mmap_page *page, struct tsc_scale *ret);

#endif
