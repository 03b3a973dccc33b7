/*
 * btf.c - see btf.h. Layer 5.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/log.h"
#include "session/btf.h"
#include "wire/btf.h"
#include "wire/dat.h"

/* What the option @name of the instance's directory @dir is: 1 on, 0 off, -1: the kernel has none. */
static int read_option(const char *dir, const char *name)
{
	_cleanup_buf_ struct buf path = BUF_INIT, text = BUF_INIT;

	buf_printf(&path, "%s/options/%s", dir, name);
	if (path.error || io_read_path((char *)path.data, &text) || !text.len)
		return -1;
	return text.data[0] == '1';
}

/* Do records have arguments, or may they? */
static bool is_wanted(const struct plan *p, const struct note *n)
{
	static const char *const options[] = { "func-args", "funcgraph-args" };
	unsigned int k;
	int i;

	for (i = 0; i < n->nr_instances; i++) {
		for (k = 0; n->instances[i].used && k < ARRAY_SIZE(options); k++) {
			int on = read_option(n->instances[i].dir, options[k]);

			if (on > 0 || (on == 0 && p->kind == PLAN_EXTRACT))
				return true;
		}
	}
	return false;
}

int btf_put(struct out_file *o, const struct plan *p, const struct note *n, const char *btf)
{
	_cleanup_buf_ struct buf types = { .cap = BTF_BYTES_MAX };
	int ret;

	/* stream's file is for itself */
	if (out_version(o) < 7 || (!out_zip(o) && p->kind != PLAN_STREAM) || !is_wanted(p, n))
		return 0;
	ret = io_read_path(btf, &types);
	if (ret == -ENOMEM)
		return ret;
	/* a kernel that was built without, or does not show them: arguments then have no names */
	if (ret || !types.len) {
		log_debug("%s: %s", btf, ret ? strerror(-ret) : "empty");
		return 0;
	}
	return out_part(o, DAT_BTF_FILE, &types, false, NULL);
}
