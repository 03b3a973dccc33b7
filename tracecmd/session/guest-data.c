/*
 * guest-data.c - the data of a guest's CPUs, from its agent into files: see guest.h. Layer 5.
 *
 * How much a guest sends is its own business, up to the point where the disk gets
 * so full that the host's trace would suffer, or what else needs it.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "message.h"
#include "session/files.h"
#include "session/guest.h"
#include "session/virt.h"

/* Deadlines, ms. */
#define CONNECT_ALL_MS		60000	/* for the connections of all CPUs */
#define IDLE_MS			30000	/* the last data: without IDLE_BYTES for so long, ... */
#define LAST_DATA_MS		600000	/* ... and so long in all */
#define IDLE_BYTES		(64 << 10)
#define FIFO_IDLE_MS		1000	/* the same of FIFOs, which have no end */
#define LOST_IDLE_MS		1000	/* the same for a guest that is lost */
#define LOST_LAST_DATA_MS	5000
#define LOOK_MS			100	/* between looks whether the user stops */

/* An array of @n descriptors, none of them open. */
static int *no_fds(int n)
{
	int *fds = malloc(n * sizeof(*fds));

	if (fds)
		memset(fds, -1, n * sizeof(*fds));
	return fds;
}

/* --- FIFOs ------------------------------------------------------------------------ */

static void close_fifos(struct guest *g)
{
	int i;

	for (i = 0; i < g->nr_fifos; i++)
		fd_close(&g->fifos[i]);
	free(g->fifos);
	g->fifos = NULL;
	g->nr_fifos = 0;
}

void guest_fifos_open(struct guest *g)
{
	/* what goes through FIFOs is neither encrypted nor proven to be the agent's */
	if (g->plan->no_fifos || g->plan->auth || g->conf->proxy)
		return;
	g->fifos = no_fds(VIRT_MAX_CPUS);
	if (g->fifos)
		g->nr_fifos = virt_open(g->own->name, g->fifos, VIRT_MAX_CPUS);
	if (!g->nr_fifos)
		close_fifos(g);
}

void guest_fifos_agree(struct guest *g)
{
	int n = g->own->nr_cpus, i;

	if (!g->fifos)
		return;
	if (!(g->resp.flags & TRACE_RESP_FL_FIFOS)) {
		close_fifos(g);
		return;
	}
	if (g->nr_fifos != n)
		cmd_warn(0, "number of FIFOs (%d) for guest %s differs from number of virtual CPUs (%d)",
			 g->nr_fifos, g->own->name, n);
	for (i = n; i < g->nr_fifos; i++)
		fd_close(&g->fifos[i]);
	/* the agent waits for us to compare clocks; without that it may be writing already */
	if (g->resp.tsync_proto[0])
		virt_settle(g->fifos, g->nr_fifos);
}

/* --- connections ------------------------------------------------------------------- */

/* File and connection of one CPU. */
static int connect_cpu(struct guest *g, int cpu, struct deadline all, struct err *err)
{
	struct deadline one = deadline_in_ms(GUEST_CONNECT_MS);
	struct net_addr addr = g->addr;
	int ret;

	g->files[cpu] = files_cpu_create(g->plan, g->own->file, "", cpu, err);
	if (g->files[cpu] < 0)
		return g->files[cpu];
	if (g->fifos) {
		g->sockets[cpu] = cpu < g->nr_fifos ? g->fifos[cpu] : -1;
		if (cpu < g->nr_fifos)
			g->fifos[cpu] = -1;
		return 0;
	}
	addr.port = g->resp.ports[cpu];
	ret = net_connect(&addr, deadline_min(one, all), &g->sockets[cpu], err);
	if (ret)
		return ret;
	/* the agent comes to it one CPU after the other */
	ret = tunnels_wrap(&g->tunnels, &g->sockets[cpu], false, AUTH_DATA, cpu, TUNNEL_IN, all,
			   err);
	/* it is not the one that knew the key before: that concerns no other guest */
	g->broke = ret && ret != -ECANCELED;
	return ret;
}

int guest_data_connect(struct guest *g, struct err *err)
{
	struct deadline all = deadline_or_stop(deadline_in_ms(CONNECT_ALL_MS), g->stop->fd);
	int cpu, ret, n = g->own->nr_cpus;
	struct drain_conf conf;

	g->sockets = no_fds(n);
	g->files = no_fds(n);
	if (!g->sockets || !g->files)
		return -ENOMEM;
	for (cpu = 0; cpu < n; cpu++) {
		if (stop_wanted(g->stop))
			return -ECANCELED;
		ret = connect_cpu(g, cpu, all, err);
		if (ret)
			return ret;
	}
	/* what has none comes from nowhere: the drain gets those that are there */
	conf = (struct drain_conf){
		.n = g->fifos && g->nr_fifos < n ? g->nr_fifos : n,
		.sockets = g->sockets, .files = g->files,
		.quota_bytes = g->plan->guest_bytes ? g->plan->guest_bytes : UINT64_MAX,
		.keep_free_bytes = files_keep_free(g->files[0]),
	};
	ret = drain_start(&conf, &g->drain, err);
	if (!ret)
		memset(g->sockets, -1, n * sizeof(int));	/* the drain's now */
	return ret;
}

int guest_data_fd(const struct guest *g)
{
	return g->drain && !g->lost && !g->data_ended ? drain_ended_fd(g->drain) : -1;
}

bool guest_data_too_much(const struct guest *g)
{
	return g->drain && drain_over_quota(g->drain);
}

int guest_data_check(struct guest *g, struct err *err)
{
	int ret;

	if (guest_data_fd(g) < 0 || io_wait(guest_data_fd(g), POLLIN, deadline_in_ms(0)))
		return 0;
	g->data_ended = true;
	ret = drain_finish(g->drain, 0, NULL);
	if (ret == -ENOSPC)
		return err_set(err, ret,
			       "%s %s: the disk of '%s' is getting full, no more of its data is stored; %s",
			       guest_kind(g), g->own->name, g->own->file, guest_others(g));
	if (ret == -EDQUOT)
		return err_set(err, ret,
			       "%s %s sends more than --guest-size allows, no more of its data is stored; %s",
			       guest_kind(g), g->own->name, guest_others(g));
	if (ret && ret != -EPIPE)
		return err_set(err, ret, "guest %s: no more of its data can be stored: %s",
			       g->own->name, strerror(-ret));
	return -EPIPE;
}

/* Readers take whole sub-buffers only: cut what a guest left of its last one. True if there was any. */
static bool cut_partial_pages(struct guest *g)
{
	bool cut = false;
	struct stat st;
	int cpu;

	for (cpu = 0; cpu < g->own->nr_cpus; cpu++) {
		if (fstat(g->files[cpu], &st) || !(st.st_size % g->own->page_size))
			continue;
		cut = true;
		(void)!ftruncate(g->files[cpu], st.st_size - st.st_size % g->own->page_size);
	}
	return cut;
}

/*
 * Wait for the end of all data, as long as it makes progress: a byte now and then is none. A guest need not
 * ever end by itself, nor fall silent.
 */
static void wait_data(struct guest *g)
{
	struct deadline d = g->lost ? deadline_in_ms(LOST_LAST_DATA_MS) : guest_in_ms(g, LAST_DATA_MS);
	int idle_ms = g->lost ? LOST_IDLE_MS : g->fifos ? FIFO_IDLE_MS : IDLE_MS;
	struct deadline idle = g->lost ? deadline_in_ms(idle_ms) : g->close_by;
	struct deadline soon = deadline_in_ms(LOST_IDLE_MS);
	uint64_t seen = drain_bytes(g->drain);

	/* a FIFO has no end: the monitor of the machine keeps it open. What the guest has written comes at once. */
	if (g->fifos)
		idle = deadline_in_ms(idle_ms);
	else if (idle.at_ns < soon.at_ns)
		idle = soon;
	while (io_wait(drain_ended_fd(g->drain), POLLIN, deadline_in_ms(LOOK_MS)) == -ETIMEDOUT) {
		uint64_t now = drain_bytes(g->drain);

		if (now - seen >= IDLE_BYTES) {
			seen = now;
			idle = g->lost || g->fifos ? deadline_in_ms(idle_ms) : guest_in_ms(g, idle_ms);
		}
		if (deadline_passed(d) || deadline_passed(idle) || stop_urgent(g->stop))
			return;
	}
}

int guest_data_finish(struct guest *g)
{
	int ret;

	if (!g->drain)
		return 0;
	wait_data(g);
	ret = drain_finish(g->drain, 0, NULL);
	if (g->fifos && ret == -ETIMEDOUT)
		ret = 0;
	if (cut_partial_pages(g) && !ret)
		ret = -ENODATA;
	/* told when it happened */
	return g->data_ended ? 0 : ret;
}

void guest_data_release(struct guest *g)
{
	int cpu;

	drain_free(g->drain);
	for (cpu = 0; cpu < g->own->nr_cpus; cpu++) {
		if (g->sockets)
			fd_close(&g->sockets[cpu]);
		if (g->files)
			fd_close(&g->files[cpu]);
	}
	close_fifos(g);
	free(g->sockets);
	free(g->files);
}
