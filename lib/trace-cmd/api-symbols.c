/*
 * api-symbols.c - public functions: names of the kernel's functions, and their arguments.
 */
#include <errno.h>
#include <inttypes.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "in/handle.h"

#define KALLSYMS_MAX	(256u << 20)
#define ARGS_MAX	64	/* registers; kernels record 6 or 8 */

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
	struct in_ksyms_pos pos = { 0 };
	const struct in_ksym *s;
	struct in_ksyms *k;
	int ret = 0;

	if (!handle || !callback) {
		errno = EINVAL;
		return -1;
	}
	k = in_handle_ksyms(handle);
	if (!k)
		return -1;
	while (!ret && (s = in_ksyms_next(k, &pos)))
		ret = callback(s->name, s->module, s->addr, callback_data);
	return ret;
}

/* The numbers that @c has, as many as there are and fit. How many. */
static unsigned int read_args(struct cursor *c, unsigned int long_size, uint64_t args[ARGS_MAX])
{
	unsigned int nr = 0;

	while (nr < ARGS_MAX && cursor_left(c) >= long_size)
		args[nr++] = long_size == 4 ? cursor_u32(c) : cursor_u64(c);
	return nr;
}

int tracecmd_print_args(struct tracecmd_input *handle, struct trace_seq *s, const char *func,
			const void *args, size_t size)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	const struct btf *types;
	uint64_t value[ARGS_MAX];
	unsigned int i, nr, long_size;
	struct cursor c;
	uint32_t id = 0;

	if (!handle || !s || (!args && size)) {
		errno = EINVAL;
		return -1;
	}
	handle = in_handle_file(handle);
	long_size = handle->file->long_size == 4 ? 4 : 8;
	c = cursor_over(args, size, handle->file->head.order);
	nr = read_args(&c, long_size, value);
	types = func ? in_types_get(&handle->types, handle->file) : NULL;
	if (types)
		id = btf_find_function(types, func);
	if (!id || btf_put_args(&text, types, id, value, nr, long_size)) {
		for (i = 0; i < nr; i++)
			buf_printf(&text, "%s0x%" PRIx64, i ? ", " : "", value[i]);
	}
	if (text.error) {
		errno = ENOMEM;
		return -1;
	}
	if (text.len)
		trace_seq_puts(s, (char *)text.data);
	return 0;
}
