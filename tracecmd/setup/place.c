/*
 * place.c - see place.h. Layer 3.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/io.h"
#include "setup/place.h"

#define TURN_MS	30000	/* how long another session may take to set up or to put back */
#define LOOK_MS	5

/* How much of @path is the place's name? */
static size_t place_len(const char *path)
{
	static const char *const beneath[] = { "/events/", "/options/", "/per_cpu/" };
	static const char instances[] = "/instances/";
	const char *at = strstr(path, instances), *slash;

	if (at) {
		at += strlen(instances);
		return at + strcspn(at, "/") - path;
	}
	for (size_t i = 0; i < ARRAY_SIZE(beneath); i++) {
		at = strstr(path, beneath[i]);
		if (at)
			return at - path;
	}
	slash = strrchr(path, '/');
	/* that one is of all instances, by whomever of them it was asked for */
	if (!slash || !strcmp(slash, "/saved_cmdlines_size"))
		return strlen(path);
	return slash - path;
}

/* Where the place @name of @len bytes is, or would have to be put. */
static int find(const struct places *p, const char *name, size_t len, bool *ret_found)
{
	int i, order = 1;

	for (i = 0; i < p->nr; i++) {
		order = strncmp(p->name[i], name, len);
		if (!order && p->name[i][len])
			order = 1;
		if (order >= 0)
			break;
	}
	*ret_found = i < p->nr && !order;
	return i;
}

/* Add the place @path of @len bytes. 0; -ENOMEM. */
static int add(struct places *p, const char *path, size_t len)
{
	bool found;
	int at = find(p, path, len, &found);
	char *name;

	if (found)
		return 0;
	if (p->nr == p->alloc) {
		int alloc = p->alloc ? p->alloc * 2 : 8;
		char **grown = reallocarray(p->name, alloc, sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		p->name = grown;
		p->alloc = alloc;
	}
	name = strndup(path, len);
	if (!name)
		return -ENOMEM;
	memmove(p->name + at + 1, p->name + at, (p->nr - at) * sizeof(*p->name));
	p->name[at] = name;
	p->nr++;
	return 0;
}

int places_add(struct places *p, const char *path)
{
	return add(p, path, place_len(path));
}

bool places_have(const struct places *p, const char *path)
{
	bool found;

	find(p, path, place_len(path), &found);
	return found;
}

bool places_name(const struct places *p, const char *name)
{
	bool found;

	find(p, name, strlen(name), &found);
	return found;
}

int places_common(struct places *ret, const struct places *a, const struct places *b)
{
	int i, error = 0;

	for (i = 0; i < a->nr && !error; i++) {
		if (places_name(b, a->name[i]))
			error = add(ret, a->name[i], strlen(a->name[i]));
	}
	return error;
}

/* Lock the place @name. What isn't there, or no instance, needs no lock: *@ret_fd is -1 then. 0; -ETIMEDOUT. */
static int lock_place(const char *name, struct deadline d, int *ret_fd)
{
	_cleanup_buf_ struct buf path = BUF_INIT;
	_cleanup_close_ int fd = -1;

	/* the directory itself is what inuse.c locks */
	buf_printf(&path, "%s/options", name);
	*ret_fd = -1;
	if (path.error)
		return 0;
	fd = open((char *)path.data, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	while (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB)) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return 0;
		if (deadline_passed(d))
			return -ETIMEDOUT;
		poll(NULL, 0, LOOK_MS);
	}
	*ret_fd = take_fd(fd);
	return 0;
}

int places_lock(struct places *p, struct err *err)
{
	struct deadline d = deadline_in_ms(TURN_MS);
	int i, ret = 0;

	p->lock = malloc((p->nr + 1) * sizeof(*p->lock));
	if (!p->lock)
		return -ENOMEM;
	for (i = 0; i < p->nr; i++)
		if (lock_place(p->name[i], d, &p->lock[i]) && !ret)
			ret = err_set(err, -ETIMEDOUT,
				      "another trace-cmd is changing the settings of %s, and does not end",
				      p->name[i]);
	return ret;
}

void places_release(struct places *p)
{
	int i;

	for (i = 0; i < p->nr; i++) {
		if (p->lock)
			fd_close(&p->lock[i]);
		free(p->name[i]);
	}
	free(p->lock);
	free(p->name);
	*p = (struct places){ 0 };
}
