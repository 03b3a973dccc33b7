/*
 * crew.h - the threads that unpack data and make the text of events.
 *
 * Layer 5. The thread that reads is the first of them: it fills batches, writes the finished
 * ones in their order, and makes texts itself when there is nothing else to do. The others unpack
 * what it comes to next, which it would have to wait for, and make texts. With one thread it
 * does everything, in the same steps.
 */
#ifndef REPORT_CREW_H
#define REPORT_CREW_H

#include "base/err.h"
#include "report/batch.h"

#define CREW_MAX	64	/* threads */
#define CREW_DEFAULT	8	/* the most that are started unasked: reading keeps no more busy */

struct crew;

/*
 * As many threads as the plan says (0: one a CPU). @out: NULL if there will be no batches. 0; -errno,
 * described in @err.
 */
int crew_start(const struct inputs *in, struct textout *out, struct crew **ret_crew,
	       struct err *err);

/* Before the first batch: the reader makes all texts. */
void crew_alone(struct crew *c);

/* Before the iteration: help it with the data of its @nr @handles, if it is compressed. 0; -ENOMEM. */
int crew_unpack(struct crew *c, struct tracecmd_input **handles, unsigned int nr);

/* The batch to be filled. */
struct batch *crew_batch(struct crew *c);

/* That batch is full, or the last one: hand it on, and have another one. 0; -errno. */
int crew_next(struct crew *c);

/* Write all that was handed on. 0; -errno. */
int crew_finish(struct crew *c);

/* End the threads, whatever they have; before the files are closed. NULL is fine. */
void crew_free(struct crew *c);

#endif
