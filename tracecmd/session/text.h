/*
 * text.h - the text of an instance's latency tracer, for its file.
 *
 * Layer 5.
 */
#ifndef SESSION_TEXT_H
#define SESSION_TEXT_H

#include "out/out.h"
#include "session/note.h"

/* Store what the file "trace" of @in shows. 0; -errno, described in @err. */
int text_put(struct out_file *o, const struct note_instance *in, struct err *err);

#endif
