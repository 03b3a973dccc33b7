/*
 * halves.c - see halves.h. Layer 5.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "session/files.h"
#include "session/halves.h"

#define STEP_BYTES	(1u << 20)	/* copied at a time; a multiple of all page sizes up to it */

uint64_t halves_bytes(int max_kb, uint32_t page_size)
{
	uint64_t half = (uint64_t)max_kb * 1024 / 2;

	return half - half % page_size;
}

/* Whoever asks for more has copied what it got; of that the last step stays. */
static void give_back(const struct halves *h, int i, uint64_t bytes)
{
	if (h->consume && bytes)
		fallocate(h->fd[i], FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, bytes);
}

/* The next part of a file as a range. */
static ssize_t next_part(struct out_source *s, void *data, size_t size,
			 struct out_range *ret_range)
{
	struct halves *h = (struct halves *)s;
	uint64_t left;

	while (h->next < 2 && h->at == h->size[h->next]) {
		give_back(h, h->next, h->before);
		h->next++;
		h->at = h->before = 0;
	}
	if (h->next == 2)
		return 0;
	give_back(h, h->next, h->before);
	left = h->size[h->next] - h->at;
	*ret_range = (struct out_range){
		.fd = h->fd[h->next], .offset = h->at, .size = left < STEP_BYTES ? left : STEP_BYTES,
	};
	h->before = h->at;
	h->at += ret_range->size;
	return 0;
}

/* The time stamp of the first sub-buffer in @fd. */
static uint64_t begins(int fd)
{
	uint64_t stamp;

	return io_pread_full(fd, &stamp, sizeof(stamp), 0) ? 0 : stamp;
}

void halves_open(struct halves *h, const struct plan *p, const char *output, const char *instance,
		 int cpu, uint32_t page_size, bool consume)
{
	struct stat st;
	int i;

	*h = (struct halves){ .source.next = next_part, .consume = consume };
	h->fd[0] = files_cpu_open(p, output, instance, cpu);
	h->fd[1] = files_cpu_open_other(p, output, instance, cpu);
	for (i = 0; i < 2; i++) {
		if (h->fd[i] >= 0 && !fstat(h->fd[i], &st) && S_ISREG(st.st_mode))
			h->size[i] = st.st_size - st.st_size % page_size;
	}
	if (h->size[0] && h->size[1] && begins(h->fd[1]) < begins(h->fd[0])) {
		int fd = h->fd[0];
		uint64_t size = h->size[0];

		h->fd[0] = h->fd[1];
		h->size[0] = h->size[1];
		h->fd[1] = fd;
		h->size[1] = size;
	}
}

void halves_close(struct halves *h)
{
	fd_close(&h->fd[0]);
	fd_close(&h->fd[1]);
}
