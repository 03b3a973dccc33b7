/*
 * api-guest.c - public functions: a host's guests and their CPUs.
 */
#include <errno.h>

#include "in/handle.h"

unsigned long long tracecmd_get_traceid(struct tracecmd_input *handle)
{
	return handle ? handle->file->info.trace_id : 0;
}

int tracecmd_get_guest_cpumap(struct tracecmd_input *handle, unsigned long long trace_id,
			      const char **name, int *vcpu_count, const int **cpu_pid)
{
	const char *guest = NULL;
	const int *pids = NULL;
	unsigned int n = 0;
	int ret = handle ? in_vmap_guest(handle, trace_id, &guest, &n, &pids) : -EINVAL;

	if (ret) {
		errno = -ret;
		return -1;
	}
	if (name)
		*name = guest;
	if (vcpu_count)
		*vcpu_count = (int)n;
	if (cpu_pid)
		*cpu_pid = pids;
	return 0;
}

int tracecmd_map_vcpus(struct tracecmd_input **handles, int nr_handles)
{
	int i, linked = 0;

	if (!handles || nr_handles < 1 || !handles[0]) {
		errno = EINVAL;
		return -1;
	}
	for (i = 1; i < nr_handles; i++) {
		int ret = handles[i] ? in_vmap_link(handles[0], handles[i]) : 0;

		if (ret < 0) {
			errno = -ret;
			return -1;
		}
		linked += ret;
	}
	return linked;
}

struct tracecmd_cpu_map *tracecmd_get_cpu_map(struct tracecmd_input *handle, int cpu)
{
	if (!handle || cpu < 0 || (unsigned int)cpu >= handle->vmap.nr_maps)
		return NULL;
	return &handle->vmap.maps[cpu];
}

struct tracecmd_cpu_map *tracecmd_map_find_by_host_pid(struct tracecmd_input *handle, int host_pid)
{
	return handle ? in_vmap_find(handle, host_pid) : NULL;
}

struct tracecmd_input *tracecmd_map_get_guest(struct tracecmd_cpu_map *map)
{
	return map ? map->guest : NULL;
}

int tracecmd_map_get_host_pid(struct tracecmd_cpu_map *map)
{
	return map ? map->host_pid : -1;
}

void tracecmd_map_set_private(struct tracecmd_cpu_map *map, void *priv)
{
	if (map)
		map->private = priv;
}

void *tracecmd_map_get_private(struct tracecmd_cpu_map *map)
{
	return map ? map->private : NULL;
}
