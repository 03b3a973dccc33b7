/*
 * vmap.c - see vmap.h. Layer 2.
 */
#include <errno.h>
#include <stdlib.h>

#include "in/handle.h"

/* Index of the last GUEST option with @trace_id, -1 if there is none. */
static int guest_index(const struct in_info *info, uint64_t trace_id)
{
	unsigned int i = info->nr_guests;

	while (i--)
		if (info->guests[i].trace_id == trace_id)
			return (int)i;
	return -1;
}

/* The threads of a guest by vCPU, -1 where the option names none. NULL: out of memory. */
static int *guest_pids(struct tracecmd_input *host, unsigned int i)
{
	const struct in_info *info = &host->file->info;
	const struct opt_guest *g = &info->guests[i];
	uint32_t cpu;
	int *pids;

	if (!host->vmap.pids)
		host->vmap.pids = calloc(info->nr_guests, sizeof(*host->vmap.pids));
	if (!host->vmap.pids)
		return NULL;
	if (host->vmap.pids[i])
		return host->vmap.pids[i];
	pids = malloc(((size_t)g->nr_cpus + 1) * sizeof(*pids));
	if (!pids)
		return NULL;
	for (cpu = 0; cpu < g->nr_cpus; cpu++)
		pids[cpu] = -1;
	for (cpu = 0; cpu < g->nr_cpus; cpu++)
		pids[g->cpus[cpu].vcpu] = g->cpus[cpu].host_pid;
	host->vmap.pids[i] = pids;
	return pids;
}

int in_vmap_guest(struct tracecmd_input *host, uint64_t trace_id, const char **ret_name,
		  unsigned int *ret_cpus, const int **ret_pids)
{
	/* instances have no guests */
	int i = host->parent ? -1 : guest_index(&host->file->info, trace_id);
	const int *pids;

	if (i < 0)
		return -ENOENT;
	pids = guest_pids(host, (unsigned int)i);
	if (!pids)
		return -ENOMEM;
	*ret_name = host->file->info.guests[i].name;
	*ret_cpus = host->file->info.guests[i].nr_cpus;
	*ret_pids = pids;
	return 0;
}

/* Take @guest out of its host's list. */
static void unlink_guest(struct tracecmd_input *guest)
{
	struct tracecmd_input **at;

	if (!guest->vmap.host)
		return;
	for (at = &guest->vmap.host->vmap.guests; *at; at = &(*at)->vmap.next) {
		if (*at != guest)
			continue;
		*at = guest->vmap.next;
		break;
	}
	guest->vmap.host = guest->vmap.next = NULL;
}

int in_vmap_link(struct tracecmd_input *host, struct tracecmd_input *guest)
{
	const struct in_info *info = &guest->file->info;
	struct tracecmd_input **end;
	const char *name;
	unsigned int i, n;
	const int *pids;
	int ret;

	if (!info->has_trace_id || guest == host)
		return 0;
	ret = in_vmap_guest(host, info->trace_id, &name, &n, &pids);
	if (ret == -ENOENT)
		return 0;
	if (ret)
		return ret;
	if (guest->vmap.host == host)
		return 1;
	unlink_guest(guest);
	free(guest->vmap.maps);
	guest->vmap.nr_maps = 0;
	guest->vmap.maps = calloc((size_t)n + 1, sizeof(*guest->vmap.maps));
	if (!guest->vmap.maps)
		return -ENOMEM;
	for (i = 0; i < n; i++)
		guest->vmap.maps[i] = (struct tracecmd_cpu_map){
			.guest = guest, .host_pid = pids[i],
		};
	guest->vmap.nr_maps = n;
	guest->vmap.host = host;
	for (end = &host->vmap.guests; *end; end = &(*end)->vmap.next)
		;
	*end = guest;
	return 1;
}

void in_vmap_release(struct tracecmd_input *h)
{
	unsigned int i;

	unlink_guest(h);
	while (h->vmap.guests)
		unlink_guest(h->vmap.guests);
	free(h->vmap.maps);
	for (i = 0; h->vmap.pids && i < h->file->info.nr_guests; i++)
		free(h->vmap.pids[i]);
	free(h->vmap.pids);
}

static struct tracecmd_cpu_map *find_in(struct tracecmd_input *guest, int host_pid)
{
	unsigned int i;

	for (i = 0; i < guest->vmap.nr_maps; i++)
		if (guest->vmap.maps[i].host_pid == host_pid)
			return &guest->vmap.maps[i];
	return NULL;
}

/* Among the guests linked to @host. */
static struct tracecmd_cpu_map *find_of(struct tracecmd_input *host, int host_pid)
{
	struct tracecmd_input *guest;

	for (guest = host->vmap.guests; guest; guest = guest->vmap.next) {
		struct tracecmd_cpu_map *map = find_in(guest, host_pid);

		if (map)
			return map;
	}
	return NULL;
}

struct tracecmd_cpu_map *in_vmap_find(struct tracecmd_input *h, int host_pid)
{
	struct tracecmd_cpu_map *map;

	if (host_pid < 0)
		return NULL;
	map = find_of(h, host_pid);
	if (!map && h->vmap.host)
		map = find_of(h->vmap.host, host_pid);
	/* a guest whose host was closed has still its own */
	return map ? map : find_in(h, host_pid);
}
