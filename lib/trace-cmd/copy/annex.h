/*
 * annex.h - more options for a trace.dat that is there already, added in place.
 *
 * Layer 2. Version 7 has room for them at the end of the file: first they are written
 * there, and nothing of the file has changed; then one number, the last one of the chain
 * of options, is made to lead to them. So a file of any size stays what it was until the
 * very end, whatever fails, and takes no second copy of it. Version 6 has its options in
 * front of the data: it has to be copied (copy_begin()).
 */
#ifndef COPY_ANNEX_H
#define COPY_ANNEX_H

#include "in/file.h"

struct annex {
	int fd;			/* the caller's, open to write */
	const char *name;	/* the file's, for messages */
	enum byte_order order;
	int32_t description;	/* of the sections of options */
	uint64_t end;		/* of the file before */
	uint64_t link;		/* offset of the number that ends the chain */
	bool written, linked;
};

/*
 * Find the places in @f, which is open as @fd to write. 1; 0 it has no such places, and has to be
 * copied; -errno with a message, -EBADMSG if the file is damaged.
 */
int annex_find(struct annex *a, struct in_file *f, int fd, struct err *err);

/* Add @id and what is in @b, which is released, or its error, to the @options to be written. */
int annex_option(const struct annex *a, struct buf *options, unsigned int id, struct buf *b);

/* Write them behind the end, down to the disk. 0; -errno with a message: the file is as before. */
int annex_write(struct annex *a, const struct buf *options, struct err *err);

/* They count from now on. 0; -errno with a message: undo it. */
int annex_link(struct annex *a, struct err *err);

/* The file is as it was before; nothing if there was nothing written. */
void annex_undo(struct annex *a);

#endif
