/*
 * cpumask.h - sets of CPUs as tracefs writes them.
 *
 * Layer 3.
 */
#ifndef SETUP_CPUMASK_H
#define SETUP_CPUMASK_H

#include "base/err.h"

/*
 * The mask @text, hexadecimal with or without commas, or "-1" for all @nr_cpus CPUs, as the kernel
 * takes it: groups of eight digits. A heap string in @ret. 0; -EINVAL: no mask, empty, or of CPUs
 * that there are not; described in @err.
 */
int cpumask_text(const char *text, int nr_cpus, char **ret, struct err *err);

#endif
