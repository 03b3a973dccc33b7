/*
 * files.h - the files of a session: outputs, their unfinished forms, per-CPU data.
 *
 * Layer 5. An output is written under another name beside it and takes its
 * place when complete, so that a failed run leaves an older trace alone. Space for
 * the metadata is reserved when a session starts, so that a disk that fills up
 * while recording still leaves room to finish.
 */
#ifndef SESSION_FILES_H
#define SESSION_FILES_H

#include "base/err.h"
#include "session/plan.h"

/* "trace.dat" and "guest" -> "trace-guest.dat". Heap string or NULL. */
char *files_guest_output(const char *output, const char *guest);

/* Name of CPU @cpu's data for output @output and instance @instance ("" = top). Heap string or NULL. */
char *files_cpu_data(const struct plan *p, const char *output, const char *instance, int cpu);

/* With -m: name of the file that takes turns with it. Heap string or NULL. */
char *files_cpu_other(const struct plan *p, const char *output, const char *instance, int cpu);

/* Create the first or (@other) second one, empty. fd; -errno described in @err. */
int files_cpu_create(const struct plan *p, const char *output, const char *instance, int cpu,
		     struct err *err);
int files_cpu_create_other(const struct plan *p, const char *output, const char *instance,
			   int cpu, struct err *err);

/* Open one for reading (and writing). fd; -errno. */
int files_cpu_open(const struct plan *p, const char *output, const char *instance, int cpu);
int files_cpu_open_other(const struct plan *p, const char *output, const char *instance, int cpu);

/* Remove the data of CPUs 0 .. @nr_cpus - 1. */
void files_cpu_remove(const struct plan *p, const char *output, const char *instance,
		      int nr_cpus);

/* Create the unfinished form of @output (or continue it, if @again) with @reserve bytes of space set aside. fd; -errno. */
int files_output_create(const char *output, bool again, uint64_t reserve, struct err *err);

/* The unfinished form in @fd is complete: give back unused space, make it the output. 0; -errno. */
int files_output_commit(const char *output, int fd, struct err *err);

/* Bytes of the disk of the file @fd that data of others may not fill. */
uint64_t files_keep_free(int fd);

/* Remove the unfinished form. */
void files_output_abandon(const char *output);

#endif
