/*
 * option.c - see option.h. Layer 3.
 */
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "setup/option.h"
#include "setup/tracefile.h"

static bool exists(const char *dir, const char *name)
{
	_cleanup_free_ char *path = strchr(name, '/') ? NULL :
							tracefile_path(dir, "options/%s", name);

	return path && name[0] && access(path, F_OK) == 0;
}

int option_parse(const char *dir, const char *option, const char **ret_name,
		 const char **ret_value)
{
	const char *name = option, *value = "1";

	if (strncmp(option, "no", 2) == 0 && !exists(dir, option)) {
		name = option + 2;
		value = "0";
	}
	if (!exists(dir, name))
		return -EINVAL;
	*ret_name = name;
	*ret_value = value;
	return 0;
}

int option_unknown(const char *option, struct err *err)
{
	return err_set(err, -EINVAL, "Failed to  set ftrace option %s\n"
		       "the file trace_options of the tracing directory lists those of this kernel",
		       option);
}
