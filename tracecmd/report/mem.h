/*
 * mem.h - who allocates memory in the kernel: the mem command.
 *
 * Layer 5. By the events kmalloc, kmem_cache_alloc, their variants, kfree and kmem_cache_free.
 */
#ifndef REPORT_MEM_H
#define REPORT_MEM_H

#include "base/err.h"
#include "report/plan.h"

/* Print a table of the functions that allocate. 0; -errno with a message. */
int mem_run(const struct report_plan *plan, struct err *err);

#endif
