/*
 * instance.h - what setup knows of a buffer instance; private to setup/.
 *
 * Layer 3.
 */
#ifndef SETUP_INSTANCE_H
#define SETUP_INSTANCE_H

#include <stdbool.h>
#include <stdint.h>

#include "setup/setup.h"

struct setup_instance {
	char *name;		/* "" for the top one */
	char *dir;
	char *clock;
	uint32_t page_size;	/* sub-buffer, bytes */
	int nr_cpus;
	bool latency;		/* its tracer is a latency tracer */
	bool created;
	bool events_noted;	/* the journal knows which events were on */
	bool functions;		/* its tracer traces functions */
	bool limited;		/* set_event_pid has pids of ours */
	char *pid_filter;	/* instead of set_event_pid, or NULL */
	bool trial;		/* only to see what the kernel takes: one event of many is enough */
	const char *shown_dir;	/* what messages say instead of dir, or NULL */
	struct journal *journal;
};

/*
 * The instance @name (NULL: the top one) of the tracing directory, made if it is missing.
 * 0; -EINVAL: no such name can be; -errno.
 */
int instance_open(const char *name, struct journal *j, struct setup_instance **ret,
		  struct err *err);

/* Can @name be that of an instance? 0; -ENODEV: no tracing directory; -EINVAL. */
int instance_check_name(const char *name, struct err *err);

/* The highest per_cpu/cpuN of the tracefs directory @dir, plus 1. */
int instance_count_cpus(const char *dir);

/* Read what the facts of setup.h tell, once everything is set. 0; -ENOMEM. */
int instance_learn(struct setup_instance *s);

/* Does its buffer hold no events and count no lost ones? false if it can't be told. */
bool instance_is_empty(const struct setup_instance *s);

#endif
