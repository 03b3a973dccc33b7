/*
 * journal.c - see journal.h. Layer 3.
 *
 * Mirrored are frames of three host-endian u32 (kind, bytes of the path, bytes of the
 * value) and then path and value without NULs. Both ends are the same program on the
 * same machine, but the writer may die in the middle of a frame.
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/io.h"
#include "base/log.h"
#include "setup/functions.h"
#include "setup/journal-entry.h"
#include "setup/list.h"
#include "setup/tracefile.h"
#include "setup/triggers.h"
#include "setup/setting.h"

#define MAX_PATH_BYTES	4096
#define MAX_VALUE_BYTES	(4 * 1024 * 1024)
#define MIRROR_MS	5000

struct journal *journal_new(int mirror_fd)
{
	struct journal *j = calloc(1, sizeof(*j));

	if (j) {
		j->mirror_fd = mirror_fd;
		j->file_fd = -1;
	}
	return j;
}

void journal_copy_to(struct journal *j, int fd)
{
	j->file_fd = fd;
}

static void drop_last(struct journal *j)
{
	struct entry *e = &j->entry[--j->count];

	free(e->path);
	free(e->value);
}

void journal_free(struct journal *j)
{
	if (!j)
		return;
	while (j->count)
		drop_last(j);
	free(j->entry);
	free(j);
}

/* --- the mirror */

/* Write without dying of SIGPIPE when the guardian has gone. */
static int write_no_sigpipe(int fd, const struct buf *b)
{
	static const struct timespec now = { 0 };
	sigset_t pipe_set, pending, old;
	int ret;

	sigemptyset(&pipe_set);
	sigaddset(&pipe_set, SIGPIPE);
	sigpending(&pending);
	pthread_sigmask(SIG_BLOCK, &pipe_set, &old);
	ret = io_write_full(fd, b->data, b->len, deadline_in_ms(MIRROR_MS));
	if (ret == -EPIPE && !sigismember(&pending, SIGPIPE))
		while (sigtimedwait(&pipe_set, NULL, &now) < 0 && errno == EINTR)
			;
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return ret;
}

/* Write one frame to *@fd, which is given up if that fails: it is no reason not to trace. */
static void mirror_to(int *fd, const struct buf *b, const char *path)
{
	int ret;

	if (*fd < 0)
		return;
	ret = b->error ? b->error : write_no_sigpipe(*fd, b);
	if (ret) {
		log_debug("nobody else can be told of %s: %s", path, strerror(-ret));
		*fd = -1;
	}
}

/* Add one frame to @b. */
static void put_frame(struct buf *b, enum kind kind, const char *path, const char *value)
{
	uint32_t head[] = { kind, strlen(path), strlen(value) };

	buf_add(b, head, sizeof(head));
	buf_add_str(b, path);
	buf_add_str(b, value);
}

/* Tell the guardian, and the file. */
void journal_mirror(struct journal *j, enum kind kind, const char *path, const char *value)
{
	_cleanup_buf_ struct buf b = BUF_INIT;

	if (j->mirror_fd < 0 && j->file_fd < 0)
		return;
	put_frame(&b, kind, path, value);
	mirror_to(&j->file_fd, &b, path);
	mirror_to(&j->mirror_fd, &b, path);
}

/* Read @len bytes as heap string. 0; -errno. */
static int read_text(int fd, size_t len, char **ret)
{
	_cleanup_free_ char *text = calloc(1, len + 1);
	int error;

	if (!text)
		return -ENOMEM;
	error = io_read_full(fd, text, len, DEADLINE_NEVER);
	if (error)
		return error;
	*ret = take_ptr(text);
	return 0;
}

static int add_entry(struct journal *j, enum kind kind, const char *path, const char *value);

/* Take in one frame. 0; -ENODATA at the end; -errno. */
static int receive_one(int fd, struct journal *j)
{
	_cleanup_free_ char *path = NULL;
	_cleanup_free_ char *value = NULL;
	uint32_t head[3];
	int ret;

	ret = io_read_full(fd, head, sizeof(head), DEADLINE_NEVER);
	if (ret)
		return ret;
	if (head[1] > MAX_PATH_BYTES || head[2] > MAX_VALUE_BYTES)
		return -EBADMSG;
	ret = read_text(fd, head[1], &path);
	if (!ret)
		ret = read_text(fd, head[2], &value);
	if (ret)
		return ret;

	switch (head[0]) {
	case KIND_VALUE:
	case KIND_WORDS:
	case KIND_TRIGGERS:
	case KIND_FUNCTIONS:
		return add_entry(j, head[0], path, value);
	case KIND_DIR:
		return add_entry(j, KIND_DIR, path, NULL);
	case KIND_DROP:
		if (j->count)
			drop_last(j);
		return 0;
	case KIND_FINISHED:
		j->finished = true;
		return 0;
	case KIND_BEGUN:
		j->begun = strtoull(value, NULL, 10);
		return 0;
	case KIND_WAITING:
		j->waiting = true;
		return 0;
	default:
		return -EBADMSG;
	}
}

int journal_receive(int fd, struct journal **ret, bool *ret_finished)
{
	struct journal *j = journal_new(-1);
	int error;

	if (!j)
		return -ENOMEM;
	do {
		error = receive_one(fd, j);
	} while (!error);
	if (error == -ENOMEM) {
		journal_free(j);
		return error;
	}
	/* a cut frame belongs to a change that wasn't made yet */
	if (error != -ENODATA)
		log_debug("the journal ends early: %s", strerror(-error));
	*ret = j;
	*ret_finished = j->finished;
	return 0;
}

/* Words of ours are in nobody's way, nor is what has been put back, unless @done says that it may be. */
static bool waits_for_others(const struct entry *e, bool done)
{
	return (done || !e->done) && e->kind != KIND_WORDS;
}

static int add_places(const struct journal *j, bool done, struct places *p)
{
	int ret = 0;

	for (size_t i = 0; i < j->count && !ret; i++)
		if (waits_for_others(&j->entry[i], done))
			ret = places_add(p, j->entry[i].path);
	return ret;
}

int journal_places(const struct journal *j, struct places *p)
{
	return add_places(j, false, p);
}

int journal_all_places(const struct journal *j, struct places *p)
{
	return add_places(j, true, p);
}

bool journal_hold(struct journal *j, const struct places *busy)
{
	bool any = false;

	for (size_t i = 0; i < j->count; i++) {
		struct entry *e = &j->entry[i];

		e->held = waits_for_others(e, false) && places_have(busy, e->path);
		any |= e->held;
	}
	return any;
}

int journal_leave(const struct journal *j, uint64_t begun, int fd)
{
	_cleanup_buf_ struct buf b = BUF_INIT;
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, begun);
	put_frame(&b, KIND_BEGUN, "", text);
	put_frame(&b, KIND_WAITING, "", "");
	for (size_t i = 0; i < j->count; i++) {
		const struct entry *e = &j->entry[i];

		if (e->held)
			put_frame(&b, e->kind, e->path, e->value ? e->value : "");
	}
	return b.error ? b.error : io_write_full(fd, b.data, b.len, deadline_in_ms(MIRROR_MS));
}

uint64_t journal_begun(const struct journal *j)
{
	return j->begun;
}

bool journal_is_finished(const struct journal *j)
{
	return j->finished;
}

bool journal_waits(const struct journal *j)
{
	return j->waiting;
}

/* --- noting */

void journal_begin(struct journal *j, uint64_t others)
{
	struct timespec now;
	char text[24];

	clock_gettime(CLOCK_REALTIME, &now);
	j->begun = now.tv_sec * 1000000000ull + now.tv_nsec;
	/* no time at all, of a damaged one, is nothing to be behind */
	if (others >= j->begun && others < UINT64_MAX)
		j->begun = others + 1;
	snprintf(text, sizeof(text), "%" PRIu64, j->begun);
	journal_mirror(j, KIND_BEGUN, "", text);
}

static int add_entry(struct journal *j, enum kind kind, const char *path, const char *value)
{
	_cleanup_free_ char *path_copy = strdup(path);
	_cleanup_free_ char *value_copy = value ? strdup(value) : NULL;

	if (!path_copy || (value && !value_copy))
		return -ENOMEM;
	if (j->count == j->alloc) {
		size_t alloc = j->alloc ? j->alloc * 2 : 32;
		struct entry *grown = reallocarray(j->entry, alloc, sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		j->entry = grown;
		j->alloc = alloc;
	}
	j->entry[j->count++] = (struct entry){
		.kind = kind,
		.path = take_ptr(path_copy),
		.value = take_ptr(value_copy),
	};
	return 0;
}

static bool is_noted(const struct journal *j, const char *path)
{
	for (size_t i = 0; i < j->count; i++)
		if (j->entry[i].kind != KIND_WORDS && strcmp(j->entry[i].path, path) == 0)
			return true;
	return false;
}

static int note(struct journal *j, enum kind kind, const char *path, const char *value)
{
	int ret;

	if (is_noted(j, path))
		return 0;
	ret = add_entry(j, kind, path, value);
	if (!ret)
		journal_mirror(j, kind, path, value ? value : "");
	return ret;
}

int journal_note(struct journal *j, const char *path, const char *value)
{
	return note(j, value ? KIND_VALUE : KIND_DIR, path, value);
}

int journal_remember(struct journal *j, const char *path)
{
	_cleanup_free_ char *value = NULL;
	bool clean;
	int ret;

	ret = setting_read(path, &value, &clean);
	return ret ? ret : journal_note(j, path, value);
}

int journal_triggers(struct journal *j, const char *path)
{
	_cleanup_free_ char *now = NULL;
	int ret = triggers_read(path, &now);

	return ret ? ret : note(j, KIND_TRIGGERS, path, now);
}

int journal_functions(struct journal *j, const char *path)
{
	_cleanup_free_ char *now = NULL;
	int ret = functions_read(path, &now);

	return ret ? ret : note(j, KIND_FUNCTIONS, path, now);
}

static int describe(struct err *err, int code, const char *path, const char *value)
{
	_cleanup_free_ char *said = tracefile_complaint(path, value);

	return err_set(err, code, "cannot write '%.200s' to %s: %s%s%s", value, path,
		       strerror(-code), said ? "\n" : "", said ? said : "");
}

int journal_write(struct journal *j, const char *path, const char *value, struct err *err)
{
	_cleanup_free_ char *old = NULL;
	bool clean = false;
	int ret;

	ret = setting_read(path, &old, &clean);
	if (!ret)
		ret = journal_note(j, path, old);
	if (!ret && clean && strcmp(old, value) == 0)
		return 0;
	if (!ret)
		ret = tracefile_write(path, value, false);
	return ret ? describe(err, ret, path, value) : 0;
}

int journal_append(struct journal *j, const char *path, const char *value, struct err *err)
{
	int ret;

	ret = add_entry(j, KIND_WORDS, path, value);
	if (ret)
		return ret;
	journal_mirror(j, KIND_WORDS, path, value);
	ret = list_add(path, value);
	return ret ? describe(err, ret, path, value) : 0;
}

int journal_mkdir(struct journal *j, const char *path)
{
	size_t count = j->count;
	int ret;

	ret = journal_note(j, path, NULL);
	if (ret)
		return ret;
	if (mkdir(path, 0750) == 0)
		return 0;
	ret = -errno;
	if (j->count > count) {
		drop_last(j);
		journal_mirror(j, KIND_DROP, "", "");
	}
	return ret;
}
