/*
 * meta.h - the metadata of a file in libtraceevent's hands.
 *
 * Layer 2. The formats go through libtraceevent's parser; the lists of functions,
 * printk formats and command lines are taken apart here line by line, since
 * lines of a damaged file may be anything.
 */
#ifndef IN_META_H
#define IN_META_H

#include <event-parse.h>

#include "in/file.h"
#include "in/formats.h"
#include "in/ksyms.h"

/*
 * A parser with everything the file knows, to free with tep_free(). Plugins
 * are not loaded yet: they have to be before in_meta_read(). 0; -ENOMEM.
 */
int in_meta_new(struct in_file *f, struct tep_handle **ret_tep);

/*
 * Read formats, printk's and command lines into @tep. Formats that libtraceevent
 * cannot parse are its to tell; parts that are damaged are noted in the file. @later, if not NULL,
 * gets the formats of events instead, all but ftrace's own, the first,
 * and those whose id is not plain. 0; -ENOMEM.
 */
int in_meta_read(struct in_file *f, struct tep_handle *tep, struct in_formats *later);

/* Give those of @later with @id to @tep; a negative @id: all that are left. 0; -ENOMEM. */
int in_meta_formats(struct in_file *f, struct tep_handle *tep, struct in_formats *later, int id);

/* The file's functions; none if it has no list of them. 0, also for a damaged one; -ENOMEM. */
int in_meta_ksyms(struct in_file *f, struct in_ksyms *ret);

#endif
