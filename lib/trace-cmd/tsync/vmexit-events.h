/*
 * vmexit-events.h - KVM's events out of the ring buffer's records.
 *
 * Layer 4. Where their fields are is read from the kernel's formats.
 */
#ifndef TSYNC_VMEXIT_EVENTS_H
#define TSYNC_VMEXIT_EVENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tsync/vmexit-match.h"

struct vmexit_field {
	unsigned int offset, size;	/* size 0: this kernel has none */
};

struct vmexit_format {
	int id;
	struct vmexit_field type, pid;
	struct vmexit_field function, index;	/* of kvm_cpuid */
	struct vmexit_field reason, isa;	/* of kvm_exit */
};

struct vmexit_formats {
	struct vmexit_format of[VMEXIT_ENTRY + 1];
};

/* The events' names, by kind. */
extern const char *const vmexit_names[VMEXIT_ENTRY + 1];

/* Whether this kernel has all of them, and we may use them. @tracing_dir NULL: libtracefs finds it. */
bool vmexit_events_there(const char *tracing_dir);

/* 0; -ENOTSUP: without a field that is needed; -errno: cannot be read. */
int vmexit_formats_read(const char *tracing_dir, struct vmexit_formats *ret);

/* False: something else, or too short. @time and @cpu are copied. */
bool vmexit_event_parse(const struct vmexit_formats *formats, const void *data, size_t size,
			int64_t time, int cpu, struct vmexit_event *ret);

#endif
