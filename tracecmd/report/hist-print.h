/*
 * hist-print.h - the text of the hist command.
 *
 * Layer 5.
 */
#ifndef REPORT_HIST_PRINT_H
#define REPORT_HIST_PRINT_H

#include "report/profile.h"

struct hist_file {
	struct tep_handle *tep;
	struct profile *profile;	/* only counts, of tasks, or of nobody */
};

/* Print chains, the most events first. 0; -ENOMEM; -ENODATA with a message: no events. */
int hist_print(const struct hist_file *files, unsigned int nr_files, struct textout *out,
	       struct err *err);

#endif
