/*
 * meta.c - see meta.h. Layer 2.
 *
 * Plain copies of kernel text files; nothing is parsed. The only file that must
 * be there is events/header_page, without which no page can be read.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <tracefs.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "out/meta.h"
#include "wire/cursor.h"

#define META_TEXT_MAX (1u << 30)	/* bytes of one section */
#define KALLSYMS_USUAL (16u << 20)	/* bytes that seldom are too few */

void meta_release(struct meta *m)
{
	if (!m)
		return;
	buf_release(&m->header_info);
	buf_release(&m->ftrace_events);
	buf_release(&m->event_formats);
	buf_release(&m->kallsyms);
	buf_release(&m->printk);
	buf_release(&m->cmdlines);
}

/* Open @path in the tracing directory @dir (NULL: the system's). */
static int open_in(const char *dir, const char *path, int flags, int *ret)
{
	_cleanup_close_ int dirfd = -1;
	int fd;

	if (!dir)
		dir = tracefs_tracing_dir();
	if (!dir)
		return -ENOENT;
	dirfd = open(dir, O_DIRECTORY | O_RDONLY | O_CLOEXEC);
	if (dirfd < 0)
		return -errno;
	fd = openat(dirfd, path, flags | O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	*ret = fd;
	return 0;
}

/* Store the number of bytes behind the @size_len bytes at @at there. */
static void size_store(struct buf *b, size_t at, int size_len)
{
	if (b->error)
		return;
	if (size_len == 8)
		store_u64(b->data + at, ORDER_NATIVE, b->len - at - 8);
	else
		store_u32(b->data + at, ORDER_NATIVE, b->len - at - 4);
}

/*
 * Append size and content of @fd. If it cannot be read, a size of 0, or
 * (@optional) nothing at all, and the reason is returned. -ENOMEM is b->error, too.
 */
static int add_sized_fd(struct buf *b, int fd, int size_len, bool optional)
{
	size_t at = b->len;
	int ret;

	if (!buf_extend(b, size_len))
		return b->error;
	ret = io_read_rest(fd, b);
	if (b->error)
		return b->error;
	if (ret)
		b->len = optional ? at : at + size_len;
	if (!ret)
		size_store(b, at, size_len);
	return ret;
}

/* The same for a path of the tracing directory; unreadable ones are stored empty. */
static int add_sized(struct buf *b, const char *dir, const char *path, int size_len)
{
	_cleanup_close_ int fd = -1;
	int ret = open_in(dir, path, 0, &fd);

	if (ret) {
		buf_extend(b, size_len);
		return ret;
	}
	return add_sized_fd(b, fd, size_len, false);
}

static int dirent_is_name(const struct dirent *d)
{
	return d->d_name[0] != '.';
}

/* The sorted names in the directory @fd. Their number, or -errno. */
static int names_read(int fd, struct dirent ***ret)
{
	int n = scandirat(fd, ".", ret, dirent_is_name, alphasort);

	return n < 0 ? -errno : n;
}

static void names_free(struct dirent **names, int n)
{
	int i;

	for (i = 0; i < n; i++)
		free(names[i]);
	free(names);
}

/* Whether event @event of @system was asked for; a word without ':' names a system or an event. */
static bool event_wanted(const struct meta_events *events, const char *system, const char *event)
{
	unsigned int i;

	if (!events || !events->count)
		return true;
	for (i = 0; i < events->count; i++) {
		const char *name = events->names[i], *colon = strchr(name, ':');
		_cleanup_free_ char *head = NULL;

		if (!colon) {
			if (!fnmatch(name, system, 0) || !fnmatch(name, event, 0))
				return true;
			continue;
		}
		head = strndup(name, colon - name);
		if (head && !fnmatch(head, system, 0) && !fnmatch(colon + 1, event, 0))
			return true;
	}
	return false;
}

/* Might any event of @system be? There are a hundred systems, most are not worth a look. */
static bool system_wanted(const struct meta_events *events, const char *system)
{
	unsigned int i;

	if (!events || !events->count)
		return true;
	for (i = 0; i < events->count; i++) {
		const char *name = events->names[i], *colon = strchr(name, ':');
		_cleanup_free_ char *head = colon ? strndup(name, colon - name) : NULL;

		/* a word without ':' may be an event of any system */
		if (!colon || (head && !fnmatch(head, system, 0)))
			return true;
	}
	return false;
}

/*
 * Append count and formats of the wanted events of the system directory @fd.
 * Formats that cannot be read are left out. The number stored, or -errno.
 */
static int add_system(struct buf *b, int fd, const char *system, const struct meta_events *events)
{
	struct dirent **names;
	size_t at = b->len;
	int i, n, stored = 0;

	n = names_read(fd, &names);
	if (n < 0)
		return n;
	buf_extend(b, 4);
	for (i = 0; i < n && !b->error; i++) {
		_cleanup_close_ int event = -1, format = -1;

		if (!event_wanted(events, system, names[i]->d_name))
			continue;
		event = openat(fd, names[i]->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (event >= 0)
			format = openat(event, "format", O_RDONLY | O_CLOEXEC);
		if (format >= 0 && !add_sized_fd(b, format, 8, true))
			stored++;
	}
	names_free(names, n);
	if (b->error)
		return b->error;
	store_u32(b->data + at, ORDER_NATIVE, stored);
	return stored;
}

static int read_ftrace(struct buf *b, const char *dir)
{
	_cleanup_close_ int fd = -1;
	int ret = open_in(dir, "events/ftrace", O_DIRECTORY, &fd);

	if (!ret)
		ret = add_system(b, fd, "ftrace", NULL);
	/* a kernel without these formats has none to store */
	if (ret < 0 && !b->error && !b->len)
		buf_extend(b, 4);
	return b->error;
}

/* Append name, count and formats of one system; nothing if no event of it is wanted. */
static int add_named_system(struct buf *b, int events_fd, const char *name,
			    const struct meta_events *events)
{
	_cleanup_close_ int fd = openat(events_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	size_t at = b->len;
	int stored;

	if (fd < 0)
		return 0;
	buf_add_cstr(b, name);
	stored = add_system(b, fd, name, events);
	if (stored <= 0 && !b->error)
		b->len = at;
	return stored > 0;
}

static int read_systems(struct buf *b, const char *dir, const struct meta_events *events)
{
	_cleanup_close_ int fd = -1;
	struct dirent **names;
	uint32_t systems = 0;
	int i, n, ret = open_in(dir, "events", O_DIRECTORY, &fd);

	if (ret)
		return ret;
	n = names_read(fd, &names);
	if (n < 0)
		return n;
	buf_extend(b, 4);
	for (i = 0; i < n && !b->error; i++) {
		/* ftrace has a section of its own */
		if (!strcmp(names[i]->d_name, "ftrace") || !system_wanted(events, names[i]->d_name))
			continue;
		systems += add_named_system(b, fd, names[i]->d_name, events);
	}
	names_free(names, n);
	if (!b->error)
		store_u32(b->data, ORDER_NATIVE, systems);
	return b->error;
}

static int read_headers(struct buf *b, const char *dir)
{
	int ret;

	buf_add_cstr(b, "header_page");
	ret = add_sized(b, dir, "events/header_page", 8);
	if (ret)
		return ret;
	buf_add_cstr(b, "header_event");
	add_sized(b, dir, "events/header_event", 8);
	return b->error;
}

static void part_init(struct buf *b)
{
	buf_release(b);
	buf_init(b, META_TEXT_MAX);
}

int meta_read_formats(struct meta *m, const char *dir, const struct meta_events *events,
		      struct err *err)
{
	int ret;

	part_init(&m->header_info);
	part_init(&m->ftrace_events);
	part_init(&m->event_formats);
	ret = read_headers(&m->header_info, dir);
	if (ret)
		return err_set(err, ret, "cannot read events/header_page of the tracing directory "
			       "%s: %s", dir ? dir : "(tracefs)", strerror(-ret));
	ret = read_ftrace(&m->ftrace_events, dir);
	if (!ret)
		ret = read_systems(&m->event_formats, dir, events);
	if (ret)
		return err_set(err, ret, "cannot read the formats of events: %s", strerror(-ret));
	return 0;
}

int meta_read_kallsyms(struct meta *m)
{
	_cleanup_close_ int fd = open("/proc/kallsyms", O_RDONLY | O_CLOEXEC);

	part_init(&m->kallsyms);
	buf_expect(&m->kallsyms, KALLSYMS_USUAL);
	if (fd < 0)
		buf_extend(&m->kallsyms, 4);
	else
		add_sized_fd(&m->kallsyms, fd, 4, false);
	return m->kallsyms.error;
}

int meta_read_printk(struct meta *m, const char *dir)
{
	part_init(&m->printk);
	add_sized(&m->printk, dir, "printk_formats", 4);
	return m->printk.error;
}

int meta_read_symbols(struct meta *m, const char *dir)
{
	int ret = meta_read_kallsyms(m);

	return ret ? ret : meta_read_printk(m, dir);
}

int meta_read_cmdlines(struct meta *m, const char *dir)
{
	part_init(&m->cmdlines);
	add_sized(&m->cmdlines, dir, "saved_cmdlines", 8);
	return m->cmdlines.error;
}

int meta_read(struct meta *m, const char *dir, const struct meta_events *events, struct err *err)
{
	struct meta all = { 0 };
	int ret = meta_read_formats(&all, dir, events, err);

	if (!ret)
		ret = meta_read_symbols(&all, dir);
	if (!ret)
		ret = meta_read_cmdlines(&all, dir);
	if (ret) {
		meta_release(&all);
		return err_set(err, ret, "cannot read the metadata: %s", strerror(-ret));
	}
	*m = all;
	return 0;
}
