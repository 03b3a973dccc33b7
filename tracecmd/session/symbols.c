/*
 * symbols.c - see symbols.h. Layer 5.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "out/out.h"
#include "session/symbols.h"

#define MAX_BYTES	(64u << 20)	/* only what is written to takes memory */
#define PIECE_BYTES	(128u << 10)	/* worth waking the other one */

struct symbols {
	const struct zip_algo *zip;
	uint8_t *text;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	/* under the lock */
	size_t len;
	bool ended;
	int error;
};

struct symbols *symbols_new(const struct zip_algo *zip)
{
	struct symbols *s = zip->stream_add ? calloc(1, sizeof(*s)) : NULL;

	if (!s)
		return NULL;
	s->zip = zip;
	s->text = malloc(MAX_BYTES);
	if (!s->text) {
		free(s);
		return NULL;
	}
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->changed, NULL);
	return s;
}

void symbols_free(struct symbols *s)
{
	if (!s)
		return;
	pthread_cond_destroy(&s->changed);
	pthread_mutex_destroy(&s->lock);
	free(s->text);
	free(s);
}

/* There are @len bytes; @ended: and there won't be more, for the reason of @error if not 0. */
static void tell(struct symbols *s, size_t len, bool ended, int error)
{
	pthread_mutex_lock(&s->lock);
	s->len = len;
	s->ended = ended;
	s->error = error;
	pthread_cond_signal(&s->changed);
	pthread_mutex_unlock(&s->lock);
}

static int read_all(struct symbols *s, int fd, size_t *ret_len)
{
	size_t len = 0, told = 0;
	ssize_t n;

	while ((n = read(fd, s->text + len, MAX_BYTES - len)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		len += n;
		if (len == MAX_BYTES)
			return -EFBIG;
		if (len - told >= PIECE_BYTES)
			tell(s, told = len, false, 0);
	}
	*ret_len = len;
	return 0;
}

int symbols_read(struct symbols *s)
{
	_cleanup_close_ int fd = open("/proc/kallsyms", O_RDONLY | O_CLOEXEC);
	size_t len = 0;
	int ret = fd < 0 ? -errno : read_all(s, fd, &len);

	/* as without them: the file has none */
	if (ret == -ENOENT || ret == -EACCES || ret == -EPERM)
		ret = 0;
	tell(s, len, true, ret);
	return ret;
}

/* Wait for more than @done bytes, or the end. 0; -errno. */
static int wait_more(struct symbols *s, size_t done, size_t *ret_len, bool *ret_ended)
{
	int ret;

	pthread_mutex_lock(&s->lock);
	while (s->len == done && !s->ended)
		pthread_cond_wait(&s->changed, &s->lock);
	ret = s->error;
	*ret_len = s->len;
	*ret_ended = s->ended;
	pthread_mutex_unlock(&s->lock);
	return ret;
}

int symbols_press(struct symbols *s, struct buf *ret)
{
	struct out_stream stream = { 0 };
	int error = out_stream_begin(&stream, s->zip, ret);
	uint32_t size = 0;
	bool ended = false;
	size_t len;

	while (!error && !ended) {
		error = wait_more(s, size, &len, &ended);
		if (!error)
			error = out_stream_add(&stream, s->text + size, len - size);
		size = len;
	}
	if (!error)
		error = out_stream_end(&stream, &size, sizeof(size));
	out_stream_release(&stream);
	/* the other thread is through with it */
	if (ended) {
		free(s->text);
		s->text = NULL;
	}
	return error;
}
