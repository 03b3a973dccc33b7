/*
 * lookup.c - see lookup.h. Layer 3.
 *
 * Who asks a name server may have to wait for it, and libc doesn't let itself be interrupted. So a thread asks, which
 * is left to itself when we have waited long enough.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "net/lookup.h"

/* A question and its answer: the last of the two who hold it frees it. */
struct question {
	char *host;
	char service[16];
	int done_fd;		/* eventfd: there is an answer */
	int holders;
	int rc, error;		/* of getaddrinfo(), and errno then */
	struct addrinfo *list;
};

static const struct addrinfo any_stream = {
	.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_protocol = IPPROTO_TCP,
	.ai_flags = AI_NUMERICSERV,
};

static void question_put(struct question *q)
{
	if (__atomic_sub_fetch(&q->holders, 1, __ATOMIC_ACQ_REL))
		return;
	if (q->list)
		freeaddrinfo(q->list);
	fd_close(&q->done_fd);
	free(q->host);
	free(q);
}

static void *ask(void *arg)
{
	struct question *q = arg;

	q->rc = getaddrinfo(q->host, q->service, &any_stream, &q->list);
	q->error = errno;
	if (q->rc)
		q->list = NULL;
	eventfd_write(q->done_fd, 1);
	question_put(q);
	return NULL;
}

/* Begin to ask. 0; -errno. */
static int question_start(const char *host, const char *service, struct question **ret)
{
	struct question *q = calloc(1, sizeof(*q));
	sigset_t all, old;
	pthread_t thread;
	int error;

	if (!q)
		return -ENOMEM;
	q->holders = 1;
	q->done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	q->host = strdup(host);
	snprintf(q->service, sizeof(q->service), "%s", service);
	if (q->done_fd < 0 || !q->host) {
		error = q->host ? -errno : -ENOMEM;
		question_put(q);
		return error;
	}
	q->holders = 2;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	error = pthread_create(&thread, NULL, ask, q);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (error) {
		q->holders = 1;
		question_put(q);
		return -error;
	}
	pthread_detach(thread);
	*ret = q;
	return 0;
}

/* What getaddrinfo() said. 0; -ENXIO: there is no such name; -errno. Described in @err. */
static int answer(const char *host, int rc, int error, struct err *err)
{
	if (rc == EAI_MEMORY)
		return err_set(err, -ENOMEM, "looking up '%s': out of memory", host);
	if (rc)
		return err_set(err, -ENXIO, "host '%s' not found: %s", host,
			       rc == EAI_SYSTEM ? strerror(error) : gai_strerror(rc));
	return 0;
}

/* Numbers need nobody to be asked. */
static bool look_up_number(const char *host, const char *service, struct addrinfo **ret)
{
	struct addrinfo hints = any_stream;

	hints.ai_flags |= AI_NUMERICHOST;
	return getaddrinfo(host, service, &hints, ret) == 0;
}

int net_lookup(const char *host, uint32_t port, struct deadline d, struct addrinfo **ret,
	       struct err *err)
{
	struct question *q;
	char service[16];
	int error;

	if (port > TCP_PORT_MAX)
		return err_set(err, -EINVAL, "%u is no TCP port: they end at %d", port,
			       TCP_PORT_MAX);
	snprintf(service, sizeof(service), "%u", port);
	if (look_up_number(host, service, ret))
		return 0;
	error = question_start(host, service, &q);
	if (error)
		return err_set(err, error, "looking up '%s': %s", host, strerror(-error));
	error = io_wait(q->done_fd, POLLIN, d);
	if (error) {
		err_set(err, error, "looking up '%s': %s", host, error == -ETIMEDOUT ?
			"no name server answers" : strerror(-error));
	} else {
		error = answer(host, q->rc, q->error, err);
		if (!error)
			*ret = take_ptr(q->list);
	}
	question_put(q);
	return error;
}
