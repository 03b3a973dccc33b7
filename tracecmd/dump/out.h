/*
 * out.h - a stdio stream to a descriptor that remembers why writing failed.
 *
 * Layer 5. stdio only tells at the end that something was wrong, errno being
 * gone; a reader that went away is no error, a full disk is.
 */
#ifndef DUMP_OUT_H
#define DUMP_OUT_H

#include <stdio.h>

struct dump_out {
	FILE *file;
	int fd;		/* the caller's */
	int error;	/* the first -errno */
};

/* 0; -ENOMEM. @o must stay where it is until dump_out_close(). */
int dump_out_open(struct dump_out *o, int fd);

/* Write the rest. 0, also if the reader has gone (-EPIPE); -errno. */
int dump_out_close(struct dump_out *o);

#endif
