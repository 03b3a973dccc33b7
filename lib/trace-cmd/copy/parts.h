/*
 * parts.h - the metadata of a file on its way into another one.
 *
 * Layer 2, private to copy/.
 */
#ifndef COPY_PARTS_H
#define COPY_PARTS_H

#include "in/file.h"
#include "out/out.h"

/* Write all parts of @f that the new file can hold. 0; -errno with a message. */
int parts_copy(struct in_file *f, struct out_file *o, struct err *err);

/*
 * Make a part's payload end where its own counts and sizes say, and these agree
 * with what is there: version 6 has nothing else to tell where the next one
 * starts. An empty payload becomes that of a part with nothing in it.
 */
void part_mend(struct in_file *f, unsigned int id, struct buf *payload);

#endif
