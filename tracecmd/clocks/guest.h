/*
 * guest.h - one guest's file, next to its host's, and what is known of its clock.
 *
 * Layer 5.
 */
#ifndef CLOCKS_GUEST_H
#define CLOCKS_GUEST_H

#include "base/err.h"
#include "clocks/causality.h"
#include "clocks/evidence.h"
#include "wire/opt-tsync.h"

struct tracecmd_input;

struct host {
	const char *path;
	struct tracecmd_input *handle;
	double ns_per_count;	/* of its trace clock; 0: its counts cannot be told in ns */
	const char *clock;	/* "?" unknown */
};

/* How far a guest's times can be trusted, best first. */
enum grade {
	GRADE_EXACT,		/* KVM's own numbers */
	GRADE_BOUNDED,		/* off by a microsecond at most */
	GRADE_ORDERED,		/* the events of both agree; the bounds are stated */
	GRADE_STATED,		/* bounds are stated, events say nothing */
	GRADE_COARSE,		/* more than 10 us, without bounds, or violated */
	GRADE_NONE,		/* no offset */
};

struct guest {
	const char *path;
	const char *name;		/* the host's, "" if it has none */
	struct tracecmd_input *handle;
	unsigned long long trace_id;
	const struct opt_tsync *known;	/* of the file, NULL: it says nothing of bounds */
	bool shifted;			/* there is an offset */
	struct evidence evidence;
	bool judged;			/* the host's file has events to hold against */
	struct finding *findings;	/* by CPU, and of packets; NULL: none */
	struct causality causality;	/* of all */
	uint64_t gaps;			/* in all of the vCPUs' */
};

/* Open a file for raw times. 0; -errno with a message naming the file. */
int host_open(struct host *h, const char *path, struct err *err);
void host_close(struct host *h);

/* Open the file, find what it says. 0; -errno with a message: also if it is another host's. */
int guest_open(struct guest *g, const struct host *h, const char *path, struct err *err);
void guest_close(struct guest *g);

/* Read both files and judge by guest_theta(). 0; -errno with a message, after what could be read. */
int guest_judge(struct guest *g, const struct host *h, struct err *err);

/*
 * Hold the guest's events against the host's by another @theta: the findings, with bounds, are
 * that theta's then. Returns the same.
 */
int guest_collect(struct guest *g, theta_fn theta, void *data, bool want_bounds, struct err *err);

/* theta as the report uses it, and the bounds that the file states; a theta_fn of a guest. */
int guest_theta(void *guest, int cpu, int64_t time, struct theta *ret);

enum grade guest_grade(const struct guest *g, const struct host *h);
const char *grade_name(enum grade grade);

#endif
