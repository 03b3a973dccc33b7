/*
 * note.c - see note.h. Layer 5.
 */
#include <stdio.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "session/note.h"

uint64_t note_trace_id(void)
{
	struct timespec ts;
	uint64_t id = 0;

	if (getrandom(&id, sizeof(id), GRND_NONBLOCK) != sizeof(id) || !id) {
		clock_gettime(CLOCK_MONOTONIC_RAW, &ts);
		id = (ts.tv_sec * 1000000007ULL + ts.tv_nsec) * 2654435761ULL + getpid();
	}
	return id ? id : 1;
}

void note_incomplete(struct note_guest *g, const char *why)
{
	if (!g->incomplete[0])
		snprintf(g->incomplete, sizeof(g->incomplete), "%s", why);
}

struct note *note_new(void)
{
	struct note *n = mmap(NULL, sizeof(*n), PROT_READ | PROT_WRITE,
			      MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (n == MAP_FAILED)
		return NULL;
	n->trace_id = note_trace_id();
	n->command_stdout = n->ready_fd = n->journal_fd = n->maps_fd = n->late_fd = -1;
	return n;
}

void note_free(struct note *n)
{
	if (!n)
		return;
	fd_close(&n->command_stdout);
	fd_close(&n->ready_fd);
	fd_close(&n->maps_fd);
	fd_close(&n->late_fd);
	munmap(n, sizeof(*n));
}
