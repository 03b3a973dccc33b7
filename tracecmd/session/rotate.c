/*
 * rotate.c - see rotate.h. Layer 5.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "session/files.h"
#include "session/finish.h"
#include "session/rotate.h"

struct rotate {
	struct plan plan;		/* what is recorded now; owns its output and no more */
	const char *base;		/* name without number */
	struct note *note;
	struct early *early;
	pthread_t thread;
	bool started;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	/* under the lock */
	char *todo;			/* output to be written, NULL: none */
	unsigned int todo_number;
	bool stop;
	int result;			/* of the first that failed */
	struct err err;
};

char *rotate_name(const char *output, unsigned int n)
{
	char *name;

	return asprintf(&name, "%s.%04u", output, n) < 0 ? NULL : name;
}

static void remove_file(const char *base, unsigned int n)
{
	_cleanup_free_ char *name = rotate_name(base, n);

	if (name)
		unlink(name);
}

/* --- the thread ------------------------------------------------------------ */

/* Write one file. 0; -errno described in @err. */
static int write_file(struct rotate *t, char *output, unsigned int n, struct err *err)
{
	struct plan p = t->plan;
	int ret;

	p.output = output;
	p.quiet = true;
	ret = finish_host(&p, t->note, t->early, err);
	if (ret)
		return ret;
	finish_host_end(&p, t->note, n);
	if (p.rotate.keep > 0 && n > (unsigned int)p.rotate.keep)
		remove_file(t->base, n - p.rotate.keep);
	return 0;
}

static void *rotate_thread(void *arg)
{
	struct rotate *t = arg;

	pthread_setname_np(pthread_self(), "rotate");
	pthread_mutex_lock(&t->lock);
	while (!t->stop || t->todo) {
		struct err err = { 0 };
		int ret;

		if (!t->todo) {
			pthread_cond_wait(&t->changed, &t->lock);
			continue;
		}
		pthread_mutex_unlock(&t->lock);
		ret = write_file(t, t->todo, t->todo_number, &err);
		pthread_mutex_lock(&t->lock);
		if (ret && !t->result) {
			t->result = ret;
			t->err = err;
		}
		free(t->todo);
		t->todo = NULL;
		pthread_cond_broadcast(&t->changed);
	}
	pthread_mutex_unlock(&t->lock);
	return NULL;
}

/* --- from file to file -------------------------------------------------------- */

int rotate_new(const struct plan *p, struct note *note, struct rotate **ret)
{
	struct rotate *t = calloc(1, sizeof(*t));

	if (!t)
		return -ENOMEM;
	t->plan = *p;
	t->plan.output = rotate_name(p->output, 1);
	t->base = p->output;
	t->note = note;
	if (!t->plan.output) {
		free(t);
		return -ENOMEM;
	}
	note->first_file = note->last_file = 1;
	pthread_mutex_init(&t->lock, NULL);
	pthread_cond_init(&t->changed, NULL);
	*ret = t;
	return 0;
}

const struct plan *rotate_plan(const struct rotate *t)
{
	return &t->plan;
}

int rotate_start(struct rotate *t, struct early *e)
{
	sigset_t all, old;
	int ret;

	t->early = e;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	ret = pthread_create(&t->thread, NULL, rotate_thread, t);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	t->started = !ret;
	return -ret;
}

int rotate_wait(struct rotate *t, struct err *err)
{
	int ret;

	pthread_mutex_lock(&t->lock);
	while (t->todo)
		pthread_cond_wait(&t->changed, &t->lock);
	ret = t->result;
	if (ret)
		err_set(err, ret, "%s", t->err.text);
	/* told once */
	t->result = 0;
	pthread_mutex_unlock(&t->lock);
	return ret;
}

/* Space for the next file's metadata, and files for the data. 0; -errno, and neither is there. */
static int begin_output(struct rotate *t, struct local *l, struct err *err)
{
	const char *output = t->plan.output;
	int ret, fd = files_output_create(output, false, finish_reserve(&t->plan), err);

	if (fd < 0)
		return fd;
	close(fd);
	ret = local_create_files(l, err);
	if (ret)
		files_output_abandon(output);
	return ret;
}

int rotate_next(struct rotate *t, struct local *l, struct err *err)
{
	char *old = t->plan.output, *name;
	int ret = rotate_wait(t, err);

	if (ret)
		return ret;
	name = rotate_name(t->base, t->note->last_file + 1);
	if (!name)
		return -ENOMEM;
	t->plan.output = name;
	t->note->last_file++;
	ret = begin_output(t, l, err);
	if (ret) {
		t->plan.output = old;
		t->note->last_file--;
		free(name);
		return ret;
	}
	/* if not all get there the run ends, but what was recorded is in these two files */
	ret = local_hand_in(l, err);
	pthread_mutex_lock(&t->lock);
	t->todo = old;
	t->todo_number = t->note->last_file - 1;
	pthread_cond_broadcast(&t->changed);
	pthread_mutex_unlock(&t->lock);
	return ret;
}

void rotate_prune(struct rotate *t)
{
	unsigned int n = t ? t->note->last_file : 0;

	if (t && t->plan.rotate.keep > 0 && n > (unsigned int)t->plan.rotate.keep)
		remove_file(t->base, n - t->plan.rotate.keep);
}

void rotate_end(struct rotate *t)
{
	if (!t || !t->started)
		return;
	pthread_mutex_lock(&t->lock);
	t->stop = true;
	pthread_cond_broadcast(&t->changed);
	pthread_mutex_unlock(&t->lock);
	pthread_join(t->thread, NULL);
	t->started = false;
}

void rotate_free(struct rotate *t)
{
	if (!t)
		return;
	rotate_end(t);
	pthread_cond_destroy(&t->changed);
	pthread_mutex_destroy(&t->lock);
	free(t->plan.output);
	free(t);
}

int rotate_rescue(const struct plan *p, struct note *note, struct err *err)
{
	unsigned int n, first = note->first_file, last = note->last_file;
	int ret = 0;

	for (n = first; n && n <= last; n++) {
		_cleanup_free_ char *name = rotate_name(p->output, n);
		struct plan one = *p;
		struct err said = { 0 };
		int failed;

		if (!name)
			return -ENOMEM;
		one.output = name;
		failed = finish_host(&one, note, NULL, &said);
		if (!failed)
			finish_host_end(&one, note, n);
		if (failed && !ret)
			ret = err_set(err, failed, "%s", said.text);
	}
	/* the one before these may have been finished without going on to what follows */
	if (first > 1) {
		_cleanup_free_ char *name = rotate_name(p->output, first - 1);
		struct plan one = *p;

		one.output = name;
		if (name)
			finish_host_end(&one, note, first - 1);
	}
	for (n = first - 1; !ret && p->rotate.keep > 0 && n <= last; n++) {
		if (n > (unsigned int)p->rotate.keep)
			remove_file(p->output, n - p->rotate.keep);
	}
	return ret;
}
