/*
 * tell.h - what convert, split and restore say about the file they write.
 *
 * Layer 5.
 */
#ifndef EDIT_TELL_H
#define EDIT_TELL_H

#include "message.h"
#include "out/out.h"

/* A copy_done_fn with the struct out_file as @arg: where the buffer's CPUs are, on stderr. */
void tell_buffer(void *arg, const struct out_buffer *b);

#endif
