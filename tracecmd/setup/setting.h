/*
 * setting.h - what has to be written to a tracefs file to have it as it is now.
 *
 * Layer 3. For most files that is what they show; not for trace_clock and its like.
 */
#ifndef SETUP_SETTING_H
#define SETUP_SETTING_H

#include <stdbool.h>

/*
 * Read the value of the file @path, a heap string. @ret_clean: writing it to @path now would
 * change nothing. 0; -errno.
 */
int setting_read(const char *path, char **ret_value, bool *ret_clean);

#endif
