/*
 * api-symbols.c - public functions: names of the kernel's functions.
 */
#include <errno.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "in/handle.h"

#define KALLSYMS_MAX	(256u << 20)

int tracecmd_set_kallsyms(struct tracecmd_input *handle, const char *file)
{
	_cleanup_buf_ struct buf text = { .cap = KALLSYMS_MAX };
	int ret = handle && file ? io_read_path(file, &text) : -EINVAL;

	if (!ret)
		ret = in_handle_set_ksyms(handle, &text);
	if (!ret)
		return 0;
	errno = -ret;
	return -1;
}

int tracecmd_each_function(struct tracecmd_input *handle,
			   int (*callback)(const char *name, const char *module,
					   unsigned long long start, void *data),
			   void *callback_data)
{
	const struct in_ksyms *k;
	unsigned int i;
	int ret = 0;

	if (!handle || !callback) {
		errno = EINVAL;
		return -1;
	}
	k = in_handle_ksyms(handle);
	if (!k)
		return -1;
	for (i = 0; !ret && i < k->count; i++)
		ret = callback(k->sym[i].name, k->sym[i].module, k->sym[i].addr, callback_data);
	return ret;
}
