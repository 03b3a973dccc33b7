/*
 * btf.h - the kernel's types (BTF), stored where functions may have been traced with their arguments.
 *
 * Layer 5.
 */
#ifndef SESSION_BTF_H
#define SESSION_BTF_H

#include "out/out.h"
#include "session/note.h"
#include "session/plan.h"

/*
 * Store the file @btf (/sys/kernel/btf/vmlinux) in @o if an instance of @n has one of the options on that
 * record arguments; for extract, which can't know what was on before, if the kernel has such options. Not
 * in files that have no place for it, nor in uncompressed ones that others may read: trace-cmd 3.4 can't open
 * those. A kernel without types is no error. 0; -errno.
 */
int btf_put(struct out_file *o, const struct plan *p, const struct note *n, const char *btf);

#endif
