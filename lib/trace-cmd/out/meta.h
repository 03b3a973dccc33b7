/*
 * meta.h - the metadata of a trace: formats, symbols, command lines.
 *
 * Layer 2. Read from tracefs and procfs here, or filled in by a test; written
 * by out.h. Each part holds the uncompressed payload of its section (the
 * bytes of version 6 and of version 7 are the same), so nothing has to be
 * parsed again.
 */
#ifndef OUT_META_H
#define OUT_META_H

#include "base/buf.h"
#include "base/err.h"

struct meta {
	struct buf header_info;		/* section 16 */
	struct buf ftrace_events;	/* 17 */
	struct buf event_formats;	/* 18 */
	struct buf kallsyms;		/* 19, u32 size in front */
	struct buf printk;		/* 20, u32 size in front */
	struct buf cmdlines;		/* 21, u64 size in front */
};

/*
 * Which events' formats to store: "SYSTEM", "EVENT" or "SYSTEM:EVENT", each a
 * shell pattern; none given means all. Those of "ftrace" have a section of their own.
 */
struct meta_events {
	const char *const *names;
	unsigned int count;
};

void meta_release(struct meta *m);

/*
 * Read everything from the tracing directory @dir (NULL: libtracefs finds
 * it). Optional parts that cannot be read (kallsyms, printk formats, command lines)
 * are stored empty, single formats left out. 0; -ENOMEM; -errno of events/header_page.
 */
int meta_read(struct meta *m, const char *dir, const struct meta_events *events, struct err *err);

/* The parts of meta_read(), for a caller that wants them at different times; @m starts as zeros. */
int meta_read_formats(struct meta *m, const char *dir, const struct meta_events *events,
		      struct err *err);			/* 16, 17, 18 */
int meta_read_symbols(struct meta *m, const char *dir);	/* 19, 20 */
int meta_read_kallsyms(struct meta *m);				/* 19 */
int meta_read_printk(struct meta *m, const char *dir);		/* 20 */
int meta_read_cmdlines(struct meta *m, const char *dir);	/* 21 */

#endif
