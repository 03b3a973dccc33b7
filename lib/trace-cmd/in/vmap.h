/*
 * vmap.h - which host thread ran which CPU of a guest.
 *
 * Layer 2. The maps of a guest belong to its handle; the host's handle has a list
 * of the guests that are linked to it.
 */
#ifndef IN_VMAP_H
#define IN_VMAP_H

#include <stdint.h>

struct tracecmd_input;

struct tracecmd_cpu_map {
	struct tracecmd_input *guest;
	int host_pid;		/* -1 unknown */
	void *private;
};

struct in_vmap {
	/* a guest's */
	struct tracecmd_cpu_map *maps;	/* by vCPU */
	unsigned int nr_maps;
	struct tracecmd_input *host;	/* NULL: not linked, or the host was closed */
	struct tracecmd_input *next;	/* the host's next guest */
	/* a host's */
	struct tracecmd_input *guests;
	int **pids;			/* for each GUEST option, made when asked for */
};

/* Link @guest if @host's file knows it. 1 linked; 0 not known; -ENOMEM. */
int in_vmap_link(struct tracecmd_input *host, struct tracecmd_input *guest);

/* Forget all links of a handle that goes away. */
void in_vmap_release(struct tracecmd_input *h);

/* The map with that thread among all guests of @h or of @h's host. NULL: none. */
struct tracecmd_cpu_map *in_vmap_find(struct tracecmd_input *h, int host_pid);

/* What @host's file says of a guest. 0; -ENOENT; -ENOMEM. */
int in_vmap_guest(struct tracecmd_input *host, uint64_t trace_id, const char **ret_name,
		  unsigned int *ret_cpus, const int **ret_pids);

#endif
