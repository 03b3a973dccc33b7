/*
 * ksyms.c - see ksyms.h. Layer 5.
 */
#include <errno.h>
#include <linux/bpf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "out/out.h"
#include "session/ksyms.h"

/* BPF programs looked at; with more than these the symbols are read anew each time. */
#define PROGRAMS_MAX 65536

int ksyms_modules(struct buf *ret)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	char *rest, *line;
	int error = io_read_path("/proc/modules", &text);

	buf_reset(ret);
	if (error)
		return error == -ENOENT ? 0 : error;
	/* use counts don't matter */
	for (rest = (char *)text.data; rest && (line = strsep(&rest, "\n"));) {
		const char *at = strstr(line, " 0x");

		buf_add(ret, line, strcspn(line, " "));
		buf_add_str(ret, at ? at : "");
	}
	return ret->error;
}

/* Numbers of all BPF programs, which are never used twice in a row. 0; -E2BIG; -errno. */
static int add_programs(struct buf *b)
{
	union bpf_attr attr = { 0 };
	int i;

	for (i = 0; i < PROGRAMS_MAX; i++) {
		if (syscall(__NR_bpf, BPF_PROG_GET_NEXT_ID, &attr, sizeof(attr)))
			return errno == ENOENT || errno == ENOSYS ? b->error : -errno;
		buf_add(b, &attr.next_id, sizeof(attr.next_id));
		attr.start_id = attr.next_id;
	}
	return -E2BIG;
}

static int read_stamp(struct buf *ret)
{
	static const char *const settings[] = {
		"/proc/sys/kernel/kptr_restrict", "/proc/sys/kernel/perf_event_paranoid",
	};
	size_t i;
	int error = ksyms_modules(ret);

	for (i = 0; i < ARRAY_SIZE(settings) && !error; i++) {
		_cleanup_buf_ struct buf text = BUF_INIT;

		/* one that isn't there doesn't change either */
		io_read_path(settings[i], &text);
		error = buf_add(ret, text.data, text.len);
	}
	return error ? error : add_programs(ret);
}

int ksyms_read(struct ksyms *s, const struct zip_algo *zip)
{
	struct meta m = { 0 };
	int ret;

	ksyms_release(s);
	ret = read_stamp(&s->stamp);
	if (!ret)
		ret = meta_read_kallsyms(&m);
	if (!ret)
		ret = out_pack_part(zip, &m.kallsyms, &s->part);
	meta_release(&m);
	if (ret)
		ksyms_release(s);
	else
		s->zip = zip;
	return ret;
}

bool ksyms_hold(const struct ksyms *s, const struct zip_algo *zip)
{
	_cleanup_buf_ struct buf now = BUF_INIT;

	if (!s || !s->part.len || s->zip != zip)
		return false;
	return !read_stamp(&now) && now.len == s->stamp.len &&
	       (!now.len || !memcmp(now.data, s->stamp.data, now.len));
}

void ksyms_release(struct ksyms *s)
{
	buf_release(&s->stamp);
	buf_release(&s->part);
	s->zip = NULL;
}
