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
	struct journal *journal;
};

/*
 * The instance @name (NULL: the top one) of the tracing directory, made if it is missing.
 * 0; -EINVAL: no such name can be; -errno.
 */
int instance_open(const char *name, struct journal *j, struct setup_instance **ret,
		  struct err *err);

/* Read what the facts of setup.h tell, once everything is set. 0; -ENOMEM. */
int instance_learn(struct setup_instance *s);

/* Does its buffer hold no events and count no lost ones? false if it can't be told. */
bool instance_is_empty(const struct setup_instance *s);

#endif
