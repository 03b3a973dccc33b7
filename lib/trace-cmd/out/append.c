/*
 * append.c - continuing a trace.dat that holds metadata only.
 *
 * Layer 2. The file came from a machine we don't trust: it is read (append-walk.h) by a process that
 * can do nothing else (base/sandbox.h), and what that one says is checked before it is used.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/sandbox.h"
#include "out/append-walk.h"
#include "out/file.h"

/* The file in memory, our own copy of it. */
struct image {
	uint8_t *data;
	uint64_t len;
	bool bare;
};

static void image_release(struct image *i)
{
	if (i->data)
		munmap(i->data, i->len + 1);
}

/* Read the file. 0; -EFBIG; -errno; described in @err. */
static int image_read(struct image *i, int fd, struct err *err)
{
	struct stat st;
	int ret;

	if (fstat(fd, &st))
		return err_set(err, -errno, "cannot read the trace file: %s", strerror(errno));
	if (st.st_size > APPEND_FILE_MAX)
		return err_set(err, -EFBIG, "the metadata has more than %u bytes",
			       APPEND_FILE_MAX);
	/* pages of their own: the process that reads it need not get memory */
	i->data = mmap(NULL, st.st_size + 1, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (i->data == MAP_FAILED) {
		i->data = NULL;
		return err_set(err, -ENOMEM, "out of memory");
	}
	i->len = st.st_size;
	ret = io_pread_full(fd, i->data, i->len, 0);
	return ret ? err_set(err, ret, "cannot read the trace file: %s", strerror(-ret)) : 0;
}

/* In the sandbox. */
static void walk_inside(const void *arg, void *result)
{
	const struct image *i = arg;

	if (i->bare)
		append_walk_bare(i->data, i->len, result);
	else
		append_walk(i->data, i->len, result);
}

/* What the file in @fd, of @ret_len bytes, is like. 0; -errno described in @err. */
static int find_out(int fd, bool bare, struct append_found *ret, uint64_t *ret_len,
		    struct err *err)
{
	struct image i = { .bare = bare };
	int error = image_read(&i, fd, err);

	if (!error)
		error = sandbox_run(walk_inside, &i, ret, sizeof(*ret), err);
	*ret_len = i.len;
	image_release(&i);
	if (!error && append_check(ret, *ret_len))
		return err_set(err, -EBADMSG, "the metadata has taken over what was to read it");
	if (!error && ret->error)
		return err_set(err, ret->error, "%s", ret->err.text);
	return error;
}

int out_bare_len(int fd, uint64_t *ret, struct err *err)
{
	_cleanup_free_ struct append_found *f = calloc(1, sizeof(*f));
	uint64_t len;
	int error = f ? find_out(fd, true, f, &len, err) : -ENOMEM;

	if (!error)
		*ret = f->bare_len;
	return error;
}

int out_bare_complete(int fd, uint32_t nr_cpus, struct err *err)
{
	_cleanup_free_ struct append_found *f = calloc(1, sizeof(*f));
	uint8_t rest[8 + 4] = { 0 };
	uint64_t len;
	int error = f ? find_out(fd, true, f, &len, err) : -ENOMEM;

	if (error || f->bare_len != len)
		return error;
	store_u32(rest + 8, f->head.order, nr_cpus);
	error = io_pwrite_full(fd, rest, sizeof(rest), len);
	return error ? err_set(err, error, "cannot complete the metadata: %s", strerror(-error))
		     : 0;
}

const char *out_clock(const struct out_file *o)
{
	return o->clock;
}

/* Mend the file where that is needed. 0; -errno. */
static int apply_patches(struct out_file *o, const struct append_found *f)
{
	uint32_t i;
	int ret = 0;

	for (i = 0; !ret && i < f->nr_patches; i++) {
		const struct append_patch *p = &f->patches[i];

		ret = p->len == 8 ? out_patch_u64(o, p->at, p->value) :
		      out_patch_u32(o, p->at, (uint32_t)p->value);
	}
	return ret;
}

int append_found(int fd, uint64_t len, const struct append_found *f, struct out_file **ret,
		 struct err *err)
{
	_cleanup_free_ struct out_file *o = calloc(1, sizeof(*o));
	int error;

	if (!o)
		return err_set(err, -ENOMEM, "out of memory");
	o->fd = fd;
	o->version = f->head.version;
	o->order = f->head.order;
	o->page_size = f->head.page_size;
	o->end = len;
	o->nr_cpus = f->nr_cpus;
	o->strings_base = f->strings_base;
	o->options_written = f->options_written;
	o->link_pos = f->link_pos;
	memcpy(o->clock, f->clock, sizeof(o->clock));
	/* what we cannot compress is stored as it is, which each section says of itself */
	o->zip = o->version >= 7 ? zip_find(f->head.compression) : NULL;
	error = apply_patches(o, f);
	if (error)
		return err_set(err, error, "cannot mend the trace file: %s", strerror(-error));
	*ret = take_ptr(o);
	return 0;
}

int out_appendable(int fd, struct err *err)
{
	_cleanup_free_ struct append_found *f = calloc(1, sizeof(*f));
	uint64_t len;

	return f ? find_out(fd, false, f, &len, err) : err_set(err, -ENOMEM, "out of memory");
}

int out_append(int fd, struct out_file **ret, struct err *err)
{
	_cleanup_free_ struct append_found *f = calloc(1, sizeof(*f));
	uint64_t len;
	int error;

	if (!f)
		return err_set(err, -ENOMEM, "out of memory");
	error = find_out(fd, false, f, &len, err);
	return error ? error : append_found(fd, len, f, ret, err);
}
