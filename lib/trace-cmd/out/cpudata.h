/*
 * cpudata.h - a CPU's data as a recorder leaves it in a file: sub-buffers, or compressed chunks of them.
 *
 * Layer 2. Chunks go into a trace.dat of the same compression as they are, into others unpacked.
 */
#ifndef OUT_CPUDATA_H
#define OUT_CPUDATA_H

#include "out/out.h"

struct cpudata;

/*
 * Let @cpu be filled from @fd, which stays the caller's and must stay open: fd or source of @cpu are set.
 * @page_size: of sub-buffers, bytes. @consume: give back the space of chunks that are copied.
 * *@ret: to be freed behind out_buffer(), NULL if @fd has plain sub-buffers. What a
 * crash has cut off is left out. 0; -ENOMEM; -EBADMSG: compressed in a way that isn't known here.
 */
int cpudata_open(int fd, const struct out_file *o, uint32_t page_size, bool consume,
		 struct out_cpu *cpu, struct cpudata **ret);
void cpudata_free(struct cpudata *d);

#endif
