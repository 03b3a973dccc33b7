/*
 * scan.h - the events of all streams by time, for who doesn't print them.
 *
 * Layer 5.
 */
#ifndef REPORT_SCAN_H
#define REPORT_SCAN_H

#include "report/inputs.h"
#include "report/textout.h"

/* What takes the events, and prints in the end what it has learned of them. */
struct scan {
	const char *name;		/* of the command, for messages */
	/* 0; -ENOMEM */
	int (*record)(void *data, const struct stream *s, struct tep_record *record);
	void (*lost)(void *data, const struct stream *s, int cpu);	/* may be NULL */
	/* 0; -errno with a message, or -ENOMEM */
	int (*print)(void *data, struct textout *out, struct err *err);
	void *data;
};

/* Read the files of @plan. 0; -errno with a message. */
int scan_run(const struct report_plan *plan, const struct scan *scan, struct err *err);

#endif
