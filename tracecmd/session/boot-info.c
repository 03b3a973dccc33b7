/*
 * boot-info.c - see boot-info.h. Layer 5.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "session/boot-info.h"
#include "wire/dat.h"

/* What the file begins with when the buffer is of this boot. */
#define OF_THIS_BOOT "# Current"

/* "INSTANCE:CONTENT". 1: stored; 0: there is nothing to store; -errno. */
static int put_instance(struct out_file *o, const struct note_instance *in)
{
	_cleanup_free_ char *path = NULL;
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct buf option = BUF_INIT;
	int ret;

	if (asprintf(&path, "%s/last_boot_info", in->dir) < 0) {
		path = NULL;
		return -ENOMEM;
	}
	ret = io_read_path(path, &text);
	if (ret == -ENOMEM)
		return ret;
	if (ret || !text.len || !strncmp((char *)text.data, OF_THIS_BOOT, strlen(OF_THIS_BOOT)))
		return 0;
	buf_printf(&option, "%s:%s", in->name, (char *)text.data);
	buf_add(&option, "", 1);
	ret = out_option_buf(o, DAT_LAST_BOOT_INFO, &option);
	return ret ? ret : 1;
}

int boot_info_put(struct out_file *o, const struct note *n, const char *modules)
{
	_cleanup_buf_ struct buf list = BUF_INIT;
	bool any = false;
	int i, ret;

	for (i = 0; i < n->nr_instances; i++) {
		ret = n->instances[i].used ? put_instance(o, &n->instances[i]) : 0;
		if (ret < 0)
			return ret;
		any |= ret > 0;
	}
	if (!any || out_version(o) < 7 || !out_zip(o))
		return 0;
	if (io_read_path(modules, &list) || !list.len)
		return list.error;
	return out_part(o, DAT_MODULES_FILE, &list, false, NULL);
}
