/*
 * info.h - what the options of a file say, decoded.
 *
 * Layer 2. Where only one value is kept, the last option of the chain wins.
 * Malformed options are ignored and logged at debug level.
 */
#ifndef IN_INFO_H
#define IN_INFO_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "wire/opt-timeshift.h"
#include "wire/opt-tsync.h"
#include "wire/opts.h"

struct in_file;

struct in_info {
	char *uname;		/* NULL if there is none; so are the other texts */
	char *version;
	struct buf cpustat;	/* all CPUSTAT texts joined, each NUL made a newline */
	struct buf hooks;	/* all HOOK texts, each with its NUL */
	char *trace_clock;	/* TRACECLOCK text as stored: "[local] global ..." */
	bool has_trace_clock;	/* the option is there, if with 0 bytes */
	char *clock;		/* the name in brackets in it, NULL if there is none */
	bool has_cpu_count;
	uint32_t cpu_count;	/* CPUCOUNT */
	bool has_trace_id;
	uint64_t trace_id;
	int64_t date_ns;	/* sum of all DATEs, in ns */
	int64_t offset_ns;	/* sum of all OFFSETs */
	bool has_tsc2nsec;
	struct opt_tsc2nsec tsc2nsec;
	bool has_timeshift;
	struct timeshift timeshift;	/* prepared */
	bool has_tsync;
	struct opt_tsync tsync;	/* how well TimeShift's offsets are known */
	struct opt_guest *guests;
	unsigned int nr_guests;
};

/* Decode f->options into f->info. 0; -ENOMEM. */
int in_info_read(struct in_file *f);
void in_info_release(struct in_info *info);

/*
 * Is TimeShift about the buffer @name ("": the top one) with @clock? About the top one it always is; of others
 * other programs say never, so that it is only where the file says of which clock it speaks.
 */
bool in_info_shifts(const struct in_info *info, const char *name, const char *clock);

#endif
