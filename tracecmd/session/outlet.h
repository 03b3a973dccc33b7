/*
 * outlet.h - what a process says that takes its signals when it looks for them.
 *
 * Layer 5. A pipe or terminal that nobody reads from holds up who writes there, and no signal would end that: so
 * who insists on the end has it, and what was not read by then is not said.
 */
#ifndef SESSION_OUTLET_H
#define SESSION_OUTLET_H

#include <sys/types.h>

#include "session/stop.h"

/*
 * From here to outlet_close(), what is printed on standard output and error, by whatever way but write(), is waited
 * for until @stop is urgent. The first thread only. Without memory all stays as it was.
 */
void outlet_open(struct stop *stop);
void outlet_close(void);

/* write() like that: all of it, or -1. What was given up counts as written. */
ssize_t outlet_write(int fd, const void *data, size_t len);

#endif
