/*
 * marks.h - what report --boundary and --debug tell of the ring buffer's pages (sub-buffers).
 *
 * Layer 5.
 */
#ifndef REPORT_MARKS_H
#define REPORT_MARKS_H

#include "base/buf.h"
#include "report/inputs.h"

/* All zeros: none yet. */
struct marks {
	struct buf head, tail;
	const char *before;	/* the line before the event, NULL: none */
};

/*
 * The marks of @record; they live until the next call. @debug: of places, too, for the end of its
 * line: put before the text *@more, which may be NULL, in place of it. 0; -ENOMEM.
 */
int marks_make(struct marks *m, bool debug, const struct stream *s, const struct tep_record *record,
	       const char **more);
void marks_release(struct marks *m);

#endif
