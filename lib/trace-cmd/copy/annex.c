/*
 * annex.c - see annex.h. Layer 2.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "copy/annex.h"

#define DONE_LEN	(2 + 4 + 8)	/* id, size, where the next options are */

int annex_find(struct annex *a, struct in_file *f, int fd, struct err *err)
{
	struct in_section s;
	uint8_t done[DONE_LEN];
	struct cursor c = cursor_over(done, sizeof(done), f->head.order);
	uint64_t at;
	int ret;

	if (in_file_damage(f))
		return err_set(err, in_file_damage(f), "%s: %s\n`trace-cmd convert` makes a sound file of what is there",
			       f->src.name, f->damage.text);
	if (f->head.version < 7 || !f->nr_options)
		return 0;
	ret = in_file_section_at(f, f->options[f->nr_options - 1].section, &s, err);
	if (ret)
		return ret;
	if (s.head.flags & DAT_SECTION_COMPRESSED || s.head.size < DONE_LEN)
		return 0;
	at = s.offset + DAT_SECTION_HEADER_LEN + s.head.size - DONE_LEN;
	ret = in_source_read(&f->src, done, sizeof(done), at);
	if (ret)
		return err_set(err, ret, "%s: cannot read the end of its options", f->src.name);
	/* some writers leave the size in the wrong byte order, or room behind the end */
	if (cursor_u16(&c) != DAT_DONE || cursor_u32(&c) != 8 || cursor_u64(&c))
		return 0;
	*a = (struct annex){
		.fd = fd, .name = f->src.name, .order = f->head.order,
		.description = s.head.description, .end = f->src.size, .link = at + DONE_LEN - 8,
	};
	return 1;
}

int annex_option(const struct annex *a, struct buf *options, unsigned int id, struct buf *b)
{
	int ret = b->error;

	if (!ret) {
		put_u16(options, a->order, id);
		put_u32(options, a->order, b->len);
		buf_add(options, b->data, b->len);
		ret = options->error;
	}
	buf_release(b);
	return ret;
}

static int write_all(struct annex *a, const struct buf *options)
{
	struct dat_section s = {
		.id = DAT_OPTIONS, .description = a->description, .size = options->len + DONE_LEN,
	};
	_cleanup_buf_ struct buf b = BUF_INIT;
	int ret;

	dat_section_put(&b, a->order, &s);
	buf_add(&b, options->data, options->len);
	put_u16(&b, a->order, DAT_DONE);
	put_u32(&b, a->order, 8);
	put_u64(&b, a->order, 0);
	ret = b.error ? b.error : io_pwrite_full(a->fd, b.data, b.len, a->end);
	/* it must be there before anything leads to it; some file systems tell only now that it isn't */
	return !ret && fdatasync(a->fd) ? -errno : ret;
}

int annex_write(struct annex *a, const struct buf *options, struct err *err)
{
	int ret = options->error;

	a->written = !ret;
	if (!ret)
		ret = write_all(a, options);
	if (!ret)
		return 0;
	annex_undo(a);
	return err_set(err, ret, "error writing %s: it is as it was", a->name);
}

static int store_link(const struct annex *a, uint64_t to)
{
	uint8_t word[8];
	int ret;

	store_u64(word, a->order, to);
	ret = io_pwrite_full(a->fd, word, sizeof(word), a->link);
	return !ret && fdatasync(a->fd) ? -errno : ret;
}

int annex_link(struct annex *a, struct err *err)
{
	int ret;

	a->linked = true;
	ret = store_link(a, a->end);
	return ret ? err_set(err, ret, "error writing %s", a->name) : 0;
}

void annex_undo(struct annex *a)
{
	/* what is led to must not go away */
	if (a->linked && store_link(a, 0))
		return;
	a->linked = false;
	if (a->written && !ftruncate(a->fd, a->end))
		a->written = false;
}
