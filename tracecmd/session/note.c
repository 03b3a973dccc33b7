/*
 * note.c - see note.h. Layer 5.
 */
#include <sys/mman.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

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

struct note *note_new(void)
{
	struct note *n = mmap(NULL, sizeof(*n), PROT_READ | PROT_WRITE,
			      MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (n == MAP_FAILED)
		return NULL;
	n->trace_id = note_trace_id();
	return n;
}

void note_free(struct note *n)
{
	if (n)
		munmap(n, sizeof(*n));
}
