/*
 * btf.h - the target for types of a kernel; part of targets.h.
 */
#ifndef FUZZ_BTF_H
#define FUZZ_BTF_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "wire/btf.h"

static inline void fuzz_btf_use(const struct btf *b, unsigned int long_size)
{
	static const uint64_t args[6] = { 1, UINT64_MAX, 0x123456789abcdef0, 0, 5, 6 };
	_cleanup_buf_ struct buf out = BUF_INIT;
	struct btf_type t;
	uint32_t i;

	btf_find_function(b, "some_function");
	for (i = 0; i < b->nr_funcs && i < 64; i++) {
		uint32_t id = b->first_id + b->funcs[i];

		if (btf_type(b, id, &t) || !btf_find_function(b, t.name))
			abort();
		btf_put_params(&out, b, id);
		btf_put_args(&out, b, id, args, i % 7, long_size);
		buf_reset(&out);
	}
}

/* A byte of flags, a size, so many bytes of the kernel's, and, if there are more, a module's. */
static inline int fuzz_btf(const uint8_t *data, size_t size)
{
	struct cursor c = cursor_over(data, size, ORDER_LITTLE);
	unsigned int long_size = cursor_u8(&c) & 1 ? 4 : 8;
	size_t len = cursor_u16(&c), more;
	struct btf kernel, module;
	/* of just that size, so that a sanitizer sees reads behind it */
	_cleanup_free_ uint8_t *base = NULL, *copy = NULL;

	if (c.failed)
		return 0;
	len = len < cursor_left(&c) ? len : cursor_left(&c);
	more = cursor_left(&c) - len;
	base = malloc(len + 1);
	copy = malloc(more + 1);
	if (!base || !copy)
		return 0;
	memcpy(base, data + c.pos, len);
	memcpy(copy, data + c.pos + len, more);
	if (btf_init(&kernel, NULL, base, len))
		return 0;
	fuzz_btf_use(&kernel, long_size);
	if (more && !btf_init(&module, &kernel, copy, more)) {
		fuzz_btf_use(&module, long_size);
		btf_release(&module);
	}
	btf_release(&kernel);
	return 0;
}

#endif
