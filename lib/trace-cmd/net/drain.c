/*
 * drain.c - see drain.h. Layer 3.
 *
 * Bytes go from the socket through a pipe into the file by splice(), without
 * passing user space; where a socket or file system refuses that, by
 * recv() and write(). All connections share the pipe: it is empty between moves.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/sock_diag.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/statvfs.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "net/drain.h"

#define MOVE_BYTES (256 * 1024)		/* at most, before the next connection has its turn */
#define LOOK_BYTES (1024 * 1024)	/* written between looks at the free space */

struct drain_conn {
	int sock;			/* -1: ended */
	int file;
	bool no_splice;
	bool from_known;		/* datagrams: of @from and nobody else */
	struct net_peer from;
	struct drain_result result;
};

struct drain {
	struct drain_conn *conns;
	struct pollfd *pfds;		/* one a connection, then stop_fd */
	unsigned int n, nr_live;
	uint64_t quota_left;
	uint64_t keep_free;
	uint32_t datagram_bytes;
	struct net_peer from;		/* datagrams of this host count */
	uint64_t look_at;		/* bytes at which to look for the free space again */
	_Atomic uint64_t bytes;
	_Atomic bool over_quota;
	_Atomic int64_t progress_ns;	/* CLOCK_MONOTONIC of the last bytes */
	int pipe[2];
	int stop_fd;			/* written to: the thread shall end */
	int ended_fd;			/* written to: no connection is left */
	pthread_t thread;
	bool running;
	uint8_t block[MOVE_BYTES];
};

uint64_t drain_bytes(const struct drain *d)
{
	return atomic_load(&d->bytes);
}

bool drain_over_quota(const struct drain *d)
{
	return atomic_load(&d->over_quota);
}

int64_t drain_idle_ms(const struct drain *d)
{
	return (mono_now_ns() - atomic_load(&d->progress_ns)) / 1000000;
}

int drain_ended_fd(const struct drain *d)
{
	return d->ended_fd;
}

/* @len bytes have reached the file of @c. */
static void account(struct drain *d, struct drain_conn *c, size_t len)
{
	c->result.bytes += len;
	d->quota_left -= len;
	atomic_fetch_add(&d->bytes, len);
}

/* Write @len bytes of d->block. 0; -errno. */
static int write_block(struct drain *d, struct drain_conn *c, size_t len)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n = write(c->file, d->block + done, len - done);

		if (n > 0) {
			account(d, c, n);
			done += n;
		} else if (n == 0) {
			return -EIO;
		} else if (errno != EINTR) {
			return -errno;
		}
	}
	return 0;
}

/* Take the last @len bytes out of the pipe into d->block. 0; -errno. */
static int empty_pipe(struct drain *d, size_t len)
{
	return io_read_full(d->pipe[0], d->block, len, DEADLINE_NEVER);
}

/* Move @len bytes from the pipe to the file. 0; -errno, and the pipe is empty all the same. */
static int pipe_to_file(struct drain *d, struct drain_conn *c, size_t len)
{
	while (len) {
		ssize_t n = splice(d->pipe[0], NULL, c->file, NULL, len, SPLICE_F_MOVE);
		int error = n < 0 ? -errno : -EIO;
		int ret;

		if (n > 0) {
			account(d, c, n);
			len -= n;
			continue;
		}
		if (error == -EINTR)
			continue;
		ret = empty_pipe(d, len);
		if (error != -EINVAL || ret)
			return error;
		/* some files cannot be spliced to: opened for appending, odd file systems */
		c->no_splice = true;
		return write_block(d, c, len);
	}
	return 0;
}

/* Why recv() or splice() gave no bytes: 1 nothing there now, 0 end of stream, -errno. */
static int no_bytes(ssize_t n)
{
	if (n == 0)
		return 0;
	if (errno == EAGAIN || errno == EINTR)
		return 1;
	return errno == ECONNRESET ? -EPIPE : -errno;
}

/*
 * Move what is there, at most @max bytes, from the connection to its file.
 * 1: go on; 0: end of stream; -errno.
 */
static int move(struct drain *d, struct drain_conn *c, size_t max)
{
	ssize_t n;
	int ret;

	if (!c->no_splice) {
		n = splice(c->sock, NULL, d->pipe[1], NULL, max,
			   SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
		if (n > 0) {
			atomic_store(&d->progress_ns, mono_now_ns());
			ret = pipe_to_file(d, c, n);
			return ret ? ret : 1;
		}
		if (n == 0 || errno != EINVAL)
			return no_bytes(n);
		c->no_splice = true;
	}
	/* a pipe may be one, too; it is non-blocking */
	n = read(c->sock, d->block, max);
	if (n <= 0)
		return no_bytes(n);
	atomic_store(&d->progress_ns, mono_now_ns());
	ret = write_block(d, c, n);
	return ret ? ret : 1;
}

/* Is the datagram from where those of @c come from? The first one from the right host tells. */
static bool sender_is_right(struct drain *d, struct drain_conn *c, const struct net_peer *sender)
{
	if (!net_peer_same_host(sender, c->from_known ? &c->from : &d->from))
		return false;
	if (!c->from_known) {
		c->from = *sender;
		c->from_known = true;
	}
	return net_peer_port(sender) == net_peer_port(&c->from);
}

/* Write the datagrams that are there, some at a time. 1: go on; -EDQUOT; -errno. */
static int move_datagrams(struct drain *d, struct drain_conn *c)
{
	size_t got = 0, size = d->datagram_bytes;
	unsigned int looks;
	int ret;

	/* those that don't count must not keep us from other connections either */
	for (looks = 0; got + size <= MOVE_BYTES && looks < 2 * MOVE_BYTES / size; looks++) {
		struct sockaddr_storage sa = { 0 };
		socklen_t len = sizeof(sa);
		struct net_peer sender;
		ssize_t n = recvfrom(c->sock, d->block + got, size, MSG_DONTWAIT | MSG_TRUNC,
				     (struct sockaddr *)&sa, &len);

		/* errors are those of datagrams we never sent */
		if (n < 0 && errno == EAGAIN)
			break;
		if (n < 0)
			continue;
		net_peer_set(&sender, &sa, len);
		if ((size_t)n == size && sender_is_right(d, c, &sender))
			got += size;
		else
			c->result.refused++;
	}
	if (!got)
		return 1;
	atomic_store(&d->progress_ns, mono_now_ns());
	if (got > d->quota_left)
		return -EDQUOT;
	ret = write_block(d, c, got);
	return ret ? ret : 1;
}

/* What the kernel had to throw away. */
static uint64_t datagrams_lost(int sock)
{
	uint32_t mem[SK_MEMINFO_VARS] = { 0 };
	socklen_t len = sizeof(mem);

	return getsockopt(sock, SOL_SOCKET, SO_MEMINFO, mem, &len) ? 0 : mem[SK_MEMINFO_DROPS];
}

/* The quota is used up: does @c want more? 1 not now, 0 end of stream, -EDQUOT it does; -errno. */
static int look_beyond(const struct drain_conn *c)
{
	uint8_t byte;
	ssize_t n = recv(c->sock, &byte, 1, MSG_DONTWAIT | MSG_PEEK);

	/* a pipe cannot be peeked into: that byte is beyond anyway; it is non-blocking */
	if (n < 0 && errno == ENOTSOCK)
		n = read(c->sock, &byte, 1);
	return n > 0 ? -EDQUOT : no_bytes(n);
}

static void end_conn(struct drain *d, unsigned int i, int error)
{
	d->conns[i].result.error = error;
	if (error == -EDQUOT)
		atomic_store(&d->over_quota, true);
	if (d->datagram_bytes)
		d->conns[i].result.lost = datagrams_lost(d->conns[i].sock);
	fd_close(&d->conns[i].sock);
	d->pfds[i].fd = -1;
	d->nr_live--;
}

static void serve(struct drain *d, unsigned int i)
{
	struct drain_conn *c = &d->conns[i];
	int ret;

	if (d->datagram_bytes)
		ret = move_datagrams(d, c);
	else if (d->quota_left)
		ret = move(d, c, d->quota_left < MOVE_BYTES ? d->quota_left : MOVE_BYTES);
	else
		ret = look_beyond(c);
	if (ret <= 0)
		end_conn(d, i, ret);
}

/* Has the disk of @file less left than shall stay free? Looks now and then only. */
static bool space_is_short(struct drain *d, int file)
{
	uint64_t bytes = atomic_load(&d->bytes);
	struct statvfs fs;

	if (!d->keep_free || bytes < d->look_at)
		return false;
	d->look_at = bytes + LOOK_BYTES;
	return !fstatvfs(file, &fs) && (uint64_t)fs.f_bavail * fs.f_frsize < d->keep_free;
}

static void end_all(struct drain *d, int error)
{
	unsigned int i;

	for (i = 0; i < d->n; i++)
		if (d->conns[i].sock >= 0)
			end_conn(d, i, error);
}

static void *drain_main(void *arg)
{
	struct drain *d = arg;
	unsigned int i;

	while (d->nr_live) {
		if (poll(d->pfds, d->n + 1, -1) < 0)
			continue;
		if (d->pfds[d->n].revents)
			return NULL;
		for (i = 0; i < d->n; i++)
			if (d->pfds[i].fd >= 0 && d->pfds[i].revents)
				serve(d, i);
		/* they share a disk */
		if (space_is_short(d, d->conns[0].file))
			end_all(d, -ENOSPC);
	}
	eventfd_write(d->ended_fd, 1);
	return NULL;
}

/* Start the thread with all signals blocked: they are the caller's, and SIGXFSZ would kill. */
static int start_thread(struct drain *d)
{
	sigset_t all, old;
	int ret;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	ret = -pthread_create(&d->thread, NULL, drain_main, d);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	d->running = !ret;
	return ret;
}

/* Everything but the connections and the thread. 0; -errno. */
static int drain_init(struct drain *d, const struct drain_conf *conf)
{
	d->pipe[0] = d->pipe[1] = d->stop_fd = d->ended_fd = -1;
	d->quota_left = conf->quota_bytes;
	d->keep_free = conf->keep_free_bytes;
	d->datagram_bytes = conf->datagram_bytes;
	d->from = conf->from;
	atomic_store(&d->progress_ns, mono_now_ns());
	d->conns = calloc(conf->n, sizeof(*d->conns));
	d->pfds = calloc(conf->n + 1, sizeof(*d->pfds));
	if (!d->conns || !d->pfds)
		return -ENOMEM;
	if (pipe2(d->pipe, O_CLOEXEC) < 0)
		return -errno;
	/* bigger moves where allowed; the default is fine, too */
	fcntl(d->pipe[1], F_SETPIPE_SZ, MOVE_BYTES);
	d->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	d->ended_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return d->stop_fd < 0 || d->ended_fd < 0 ? -errno : 0;
}

/* splice() from a socket waits unless the socket itself says not to. */
static int set_nonblocking(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	return flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ? -errno : 0;
}

int drain_start(const struct drain_conf *conf, struct drain **ret, struct err *err)
{
	struct drain *d;
	unsigned int i;
	int error = 0;

	if (!conf->n || conf->datagram_bytes > MOVE_BYTES)
		return err_set(err, -EINVAL, "no data connection to receive from");
	d = calloc(1, sizeof(*d));
	if (!d)
		return err_set(err, -ENOMEM, "receiving data: out of memory");
	error = drain_init(d, conf);
	for (i = 0; i < conf->n && !error; i++) {
		error = set_nonblocking(conf->sockets[i]);
		d->conns[i].sock = conf->sockets[i];
		d->conns[i].file = conf->files[i];
		d->pfds[i] = (struct pollfd){ .fd = conf->sockets[i], .events = POLLIN };
	}
	if (!error) {
		d->n = d->nr_live = conf->n;
		d->pfds[d->n] = (struct pollfd){ .fd = d->stop_fd, .events = POLLIN };
		error = start_thread(d);
	}
	if (error) {
		d->n = 0;	/* the sockets stay the caller's */
		drain_free(d);
		return err_set(err, error, "cannot receive data: %s", strerror(-error));
	}
	*ret = d;
	return 0;
}

/* End the thread; connections still there have timed out. */
static void stop_thread(struct drain *d)
{
	if (!d->running)
		return;
	eventfd_write(d->stop_fd, 1);
	pthread_join(d->thread, NULL);
	d->running = false;
	/* datagrams don't end otherwise */
	end_all(d, d->datagram_bytes ? 0 : -ETIMEDOUT);
}

int drain_finish(struct drain *d, int timeout_ms, struct drain_result *ret_results)
{
	int64_t begin_ns = mono_now_ns(), timeout_ns = timeout_ms * 1000000LL;
	unsigned int i;
	int ret = 0;

	while (d->running) {
		int64_t since_ns = atomic_load(&d->progress_ns);
		struct deadline dl = {
			.at_ns = (since_ns > begin_ns ? since_ns : begin_ns) + timeout_ns,
		};

		/* the deadline has moved on if bytes came meanwhile */
		if (deadline_passed(dl) || io_wait(d->ended_fd, POLLIN, dl) != -ETIMEDOUT)
			break;
	}
	stop_thread(d);
	for (i = 0; i < d->n; i++) {
		if (ret_results)
			ret_results[i] = d->conns[i].result;
		if (!ret)
			ret = d->conns[i].result.error;
	}
	return ret;
}

void drain_free(struct drain *d)
{
	if (!d)
		return;
	stop_thread(d);
	fd_close(&d->pipe[0]);
	fd_close(&d->pipe[1]);
	fd_close(&d->stop_fd);
	fd_close(&d->ended_fd);
	free(d->conns);
	free(d->pfds);
	free(d);
}
