/*
 * option.h - names of trace options, as -O has them.
 *
 * Layer 3.
 */
#ifndef SETUP_OPTION_H
#define SETUP_OPTION_H

#include "base/err.h"

/*
 * Find "NAME" or "noNAME" among the files in options/ of the tracefs directory @dir; an option's
 * own name may begin with "no". @ret_name points into @option, @ret_value is "1" or "0".
 * 0; -EINVAL: there is no such option.
 */
int option_parse(const char *dir, const char *option, const char **ret_name,
		 const char **ret_value);

/* Say that there is no such option. -EINVAL. */
int option_unknown(const char *option, struct err *err);

#endif
