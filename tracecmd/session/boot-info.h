/*
 * boot-info.h - where the kernel lay in memory when it wrote a buffer that has outlived it.
 *
 * Layer 5.
 */
#ifndef SESSION_BOOT_INFO_H
#define SESSION_BOOT_INFO_H

#include "out/out.h"
#include "session/note.h"

/*
 * Store the file last_boot_info of each instance of @n whose buffer is of the previous boot (a
 * persistent buffer, Linux 6.12), and, if there is one, the list of modules, the file @modules. That
 * has a section only in compressed files of version 7: stock readers fail on it in others. 0;
 * -errno.
 */
int boot_info_put(struct out_file *o, const struct note *n, const char *modules);

#endif
