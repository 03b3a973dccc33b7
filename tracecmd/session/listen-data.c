/*
 * listen-data.c - see listen-data.h. Layer 5.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "net/muxer.h"
#include "session/files.h"
#include "session/listen-data.h"
#include "session/listen-log.h"

#define PORT_FIRST	1500

/* The last data, ms. */
#define IDLE_MS			30000	/* without any for so long, streams are given up; */
#define DATAGRAM_IDLE_MS	1000	/* datagrams, which have no end, are complete */
#define HURRY_IDLE_MS		500
#define LAST_DATA_MS		600000	/* in all */
#define HURRY_LAST_DATA_MS	5000
#define LOOK_MS			50	/* between looks whether the user stops */

static int open_cpu(struct listen_data *d, int cpu, uint32_t first, struct err *err)
{
	int *fd = d->kind == NET_UDP ? &d->sockets[cpu] : &d->listen[cpu];

	d->files[cpu] = files_cpu_create(d->plan, d->note->file, "", cpu, err);
	if (d->files[cpu] < 0)
		return d->files[cpu];
	if (d->kind == NET_MUXER) {
		struct net_addr at;
		int ret = net_peer_addr(d->peer, NET_MUXER, first, &at);

		return ret ? ret : muxer_listen_data(at.host, first, fd, &d->ports[cpu], err);
	}
	return net_listen_data(d->kind, first, fd, &d->ports[cpu], err);
}

int listen_data_open(struct listen_data *d, const struct plan *p, const struct note_guest *note,
		     const struct net_peer *peer, enum net_kind kind, struct tunnels *tunnels,
		     uint64_t max_bytes, struct err *err)
{
	int cpu, n = note->nr_cpus, ret;
	uint32_t next = PORT_FIRST;

	*d = (struct listen_data){
		.plan = p, .note = note, .peer = peer, .kind = kind,
		.max_bytes = max_bytes ? max_bytes : UINT64_MAX,
	};
	d->listen = malloc(n * sizeof(int));
	d->sockets = malloc(n * sizeof(int));
	d->files = malloc(n * sizeof(int));
	d->cpus = calloc(n, sizeof(int));
	d->ports = calloc(n, sizeof(*d->ports));
	if (!d->listen || !d->sockets || !d->files || !d->cpus || !d->ports)
		return -ENOMEM;
	memset(d->listen, -1, n * sizeof(int));
	memset(d->sockets, -1, n * sizeof(int));
	memset(d->files, -1, n * sizeof(int));
	d->n = n;
	d->awaited = (struct awaited){
		.listen = d->listen, .n = n, .peer = peer, .tunnels = tunnels,
		.purpose = AUTH_DATA, .use = TUNNEL_IN,
	};
	for (cpu = 0; cpu < n; cpu++) {
		ret = open_cpu(d, cpu, next, err);
		if (ret)
			return ret;
		next = d->ports[cpu] + 1;
	}
	/* datagrams come without having connected */
	return kind == NET_UDP ? listen_data_start(d, err) : 0;
}

int listen_data_poll_fds(const struct listen_data *d, struct pollfd *fds, int max)
{
	int n = 0;

	if (!d->drain)
		return awaited_poll_fds(&d->awaited, fds, max);
	if (!d->ended && max)
		fds[n++] = (struct pollfd){ drain_ended_fd(d->drain), POLLIN, 0 };
	return n;
}

struct deadline listen_data_deadline(const struct listen_data *d)
{
	return awaited_deadline(&d->awaited);
}

/* Take who has connected and (--auth) knows the key of the session. */
static void take_connections(struct listen_data *d)
{
	for (;;) {
		struct err err = { 0 };
		int cpu, fd, ret = awaited_look(&d->awaited, &cpu, &fd, &err);

		if (!ret)
			return;
		if (ret > 0)
			d->sockets[cpu] = fd;
		else
			listen_complain(ret, &err);
	}
}

int listen_data_look(struct listen_data *d, struct err *err)
{
	if (d->drain || d->kind == NET_UDP)
		return 0;
	take_connections(d);
	return awaited_any(&d->awaited) ? 0 : listen_data_start(d, err);
}

int listen_data_start_last(struct listen_data *d, struct stop *stop, struct err *err)
{
	struct deadline end = deadline_in_ms(AWAITED_HAND_MS);
	struct pollfd fds[1 + AWAITED_MAX] = { { .fd = stop->fd, .events = POLLIN } };

	if (d->drain)
		return 0;
	take_connections(d);
	while (d->awaited.nr_hands && !deadline_passed(end) && !stop_wanted(stop)) {
		/* no new ones: with its last message it has made all that it will make */
		int i, n = 1;

		for (i = 0; i < d->awaited.nr_hands; i++)
			fds[n++] = (struct pollfd){ d->awaited.hands[i]->fd, POLLIN, 0 };
		poll(fds, n, deadline_left_ms(end));
		take_connections(d);
	}
	return listen_data_start(d, err);
}

int listen_data_start(struct listen_data *d, struct err *err)
{
	_cleanup_free_ int *sockets = calloc(d->n, sizeof(int)), *files = calloc(d->n, sizeof(int));
	struct drain_conf conf = {
		.sockets = sockets, .files = files, .quota_bytes = d->max_bytes, .from = *d->peer,
		.datagram_bytes = d->kind == NET_UDP ? d->note->page_size : 0,
		.keep_free_bytes = files_keep_free(d->files[0]),
	};
	int cpu, ret;

	if (d->drain)
		return 0;
	if (!sockets || !files)
		return -ENOMEM;
	d->nr_cpus = 0;
	awaited_release(&d->awaited);
	for (cpu = 0; cpu < d->n; cpu++) {
		net_unlisten(&d->listen[cpu]);
		if (d->sockets[cpu] < 0)
			continue;
		d->cpus[d->nr_cpus++] = cpu;
		sockets[conf.n] = d->sockets[cpu];
		files[conf.n++] = d->files[cpu];
	}
	ret = conf.n ? drain_start(&conf, &d->drain, err) : 0;
	if (!ret)
		memset(d->sockets, -1, d->n * sizeof(int));	/* the drain's now */
	return ret;
}

int listen_data_check(struct listen_data *d, struct err *err)
{
	int ret;

	if (!d->drain || d->ended || io_wait(drain_ended_fd(d->drain), POLLIN, deadline_in_ms(0)))
		return 0;
	d->ended = true;
	ret = drain_finish(d->drain, 0, NULL);
	if (ret == -ENOSPC)
		return err_set(err, ret, "the disk of '%s' is getting full: no more is stored",
			       d->note->file);
	if (ret == -EDQUOT)
		return err_set(err, ret, "it sends more than --max-size allows: no more is stored in '%s'",
			       d->note->file);
	if (ret && ret != -EPIPE)
		return err_set(err, ret, "no more can be stored in '%s'", d->note->file);
	return 0;
}

/* Readers take whole sub-buffers only: cut what a client left of its last one. True if there was any. */
static bool cut_partial_pages(struct listen_data *d)
{
	bool cut = false;
	struct stat st;
	int cpu;

	for (cpu = 0; cpu < d->n; cpu++) {
		if (d->files[cpu] >= 0 && !fstat(d->files[cpu], &st) &&
		    st.st_size % d->note->page_size) {
			cut = true;
			(void)!ftruncate(d->files[cpu],
					 st.st_size - st.st_size % d->note->page_size);
		}
	}
	return cut;
}

static void wait_data(struct listen_data *d, bool hurry, struct stop *stop)
{
	struct deadline end = deadline_in_ms(hurry ? HURRY_LAST_DATA_MS : LAST_DATA_MS);
	int64_t begin_ns = mono_now_ns();
	int64_t idle_ms = hurry ? HURRY_IDLE_MS : d->kind == NET_UDP ? DATAGRAM_IDLE_MS : IDLE_MS;

	while (io_wait(drain_ended_fd(d->drain), POLLIN, deadline_in_ms(LOOK_MS)) == -ETIMEDOUT) {
		int64_t waited_ms = (mono_now_ns() - begin_ns) / 1000000;

		if (deadline_passed(end) || stop_urgent(stop) ||
		    (waited_ms >= idle_ms && drain_idle_ms(d->drain) >= idle_ms))
			break;
	}
}

int listen_data_finish(struct listen_data *d, bool hurry, struct stop *stop, struct err *err)
{
	_cleanup_free_ struct drain_result *results = calloc(d->n, sizeof(*results));
	uint64_t lost = 0, refused = 0;
	int i, ret;

	if (!d->drain)
		return 0;
	if (!results)
		return -ENOMEM;
	wait_data(d, hurry, stop);
	ret = drain_finish(d->drain, 0, results);
	if (cut_partial_pages(d) && !ret)
		ret = -ENODATA;
	for (i = 0; i < d->nr_cpus; i++) {
		lost += results[i].lost;
		refused += results[i].refused;
	}
	if (lost)
		return err_set(err, -ENOBUFS,
			       "%llu datagrams of %u bytes came too fast and are missing in '%s' (record with -t loses none)",
			       (unsigned long long)lost, d->note->page_size, d->note->file);
	if (refused)
		return err_set(err, -EBADMSG, "%llu datagrams were none of the client's data",
			       (unsigned long long)refused);
	/* those that were told already, and ends without an end, are no news */
	if (!ret || d->ended || (hurry && ret != -EDQUOT))
		return 0;
	return err_set(err, ret, ret == -EDQUOT ?
		       "it sent more than --max-size allows: the rest is missing in '%s'" :
		       "the end of the data is missing in '%s'", d->note->file);
}

void listen_data_release(struct listen_data *d)
{
	int cpu;

	drain_free(d->drain);
	awaited_release(&d->awaited);
	for (cpu = 0; cpu < d->n; cpu++) {
		net_unlisten(&d->listen[cpu]);
		fd_close(&d->sockets[cpu]);
		fd_close(&d->files[cpu]);
	}
	free(d->listen);
	free(d->sockets);
	free(d->files);
	free(d->cpus);
	free(d->ports);
	*d = (struct listen_data){ 0 };
}
