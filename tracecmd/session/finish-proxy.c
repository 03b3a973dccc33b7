/*
 * finish-proxy.c - see finish-proxy.h; and what the other side makes of late options. Layer 5.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "session/finish-proxy.h"
#include "session/finish.h"
#include "wire/opt-late.h"

int finish_proxy_begin(const struct plan *p, const struct note *n, struct early *e, int fd,
		       struct out_file **ret_o, uint64_t *ret_len, struct err *err)
{
	int ret = finish_start_file(p, n, e, fd, true, ret_o, err);

	return ret ? ret : out_announce_options(*ret_o, ret_len, err);
}

int finish_proxy_end(struct out_file *o, const struct note_guest *g, struct err *err)
{
	int ret = finish_put_guest(o, g);

	if (ret)
		return err_set(err, ret, "cannot store which guest it was: %s", strerror(-ret));
	ret = out_options_end(o, err);
	return ret ? ret : out_finish(o, err);
}

int finish_put_late(struct out_file *o, const struct note *n)
{
	_cleanup_buf_ struct buf all = { .cap = OPT_LATE_MAX };
	const void *payload;
	unsigned int id;
	size_t at = 0, len;
	int more, ret;

	if (n->late_fd < 0)
		return 0;
	if (lseek(n->late_fd, 0, SEEK_SET))
		return -errno;
	ret = io_read_rest(n->late_fd, &all);
	while (!ret && (more = opt_late_next(all.data, all.len, &at, &id, &payload, &len)))
		ret = more < 0 ? more : out_option(o, id, payload, len);
	return ret;
}
