/*
 * lost.c - see lost.h. Layer 5.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/io.h"
#include "session/lost.h"

/* A buffer worth to be tried next, in terms of the one that was too small. */
#define LARGER 4

/* The number behind @name at the start of a line of @text, 0 if it isn't there. */
static uint64_t number_of(const char *text, const char *name)
{
	const char *at = strstr(text, name);

	return at && (at == text || at[-1] == '\n') ? strtoull(at + strlen(name), NULL, 10) : 0;
}

int lost_read(const char *dir, int cpu, struct lost *ret)
{
	_cleanup_buf_ struct buf b = BUF_INIT;
	_cleanup_free_ char *path = NULL;
	const char *text;
	int error;

	if (asprintf(&path, "%s/per_cpu/cpu%d/stats", dir, cpu) < 0)
		return -ENOMEM;
	error = io_read_path(path, &b);
	if (error || !b.len)
		return error ? error : -ENODATA;
	text = (const char *)b.data;
	/* "overrun" is a part of "commit overrun", too */
	*ret = (struct lost){
		.commit = number_of(text, "commit overrun: "),
		.dropped = number_of(text, "dropped events: "),
	};
	text = strstr(text, "\noverrun: ");
	ret->overrun = text ? number_of(text + 1, "overrun: ") : 0;
	return 0;
}

static uint64_t all(const struct lost *l)
{
	return l->overrun + l->commit + l->dropped;
}

void lost_begin(struct note_instance *in)
{
	struct lost now;
	int cpu;

	in->lost_before = 0;
	for (cpu = 0; cpu < in->nr_cpus; cpu++)
		in->lost_before += lost_read(in->dir, cpu, &now) ? 0 : all(&now);
}

uint64_t lost_sum(const struct note_instance *in)
{
	uint64_t sum = 0;
	struct lost now;
	int cpu;

	for (cpu = 0; cpu < in->nr_cpus; cpu++)
		sum += lost_read(in->dir, cpu, &now) ? 0 : all(&now);
	/* somebody may have emptied the buffer, which begins to count anew */
	return sum >= in->lost_before ? sum - in->lost_before : sum;
}

/* A CPU's line, if it has lost anything. */
static void print_cpu(int cpu, const struct lost *l)
{
	if (!all(l))
		return;
	printf("CPU %d:", cpu);
	if (l->overrun)
		printf(" %llu events lost", (unsigned long long)l->overrun);
	if (l->commit)
		printf(" %llu events lost due to commit overrun", (unsigned long long)l->commit);
	if (l->dropped)
		printf(" %llu events dropped", (unsigned long long)l->dropped);
	printf("\n");
}

/* KB of the ring buffer of each CPU; 0: unknown, or not the same for all. */
static uint64_t buffer_kb(const struct note_instance *in)
{
	_cleanup_buf_ struct buf b = BUF_INIT;
	_cleanup_free_ char *path = NULL;

	if (asprintf(&path, "%s/buffer_size_kb", in->dir) < 0 || io_read_path(path, &b) || !b.len)
		return 0;
	return strtoull((char *)b.data, NULL, 10);
}

uint64_t lost_print(const struct plan *p, const struct note_instance *in, uint64_t *ret_kb)
{
	struct lost now;
	int cpu;

	if (in->name[0] && !p->quiet)
		printf("\nBuffer: %s\n\n", in->name);
	for (cpu = 0; cpu < in->nr_cpus && !p->quiet; cpu++) {
		if (lost_read(in->dir, cpu, &now))
			printf("CPU %d: no overrun found?\n", cpu);
		else
			print_cpu(cpu, &now);
	}
	fflush(stdout);
	if (ret_kb)
		*ret_kb = buffer_kb(in);
	return lost_sum(in);
}

void lost_advise(const struct plan *p, uint64_t events, uint64_t kb)
{
	long long free_kb = (long long)sysconf(_SC_AVPHYS_PAGES) * sysconf(_SC_PAGESIZE) / 1024;
	long long want_kb = (long long)kb * LARGER, cpus = sysconf(_SC_NPROCESSORS_CONF);

	if (p->quiet || !events)
		return;
	if (!kb || want_kb > INT32_MAX || want_kb * cpus > free_kb / 2)
		fprintf(stderr, "%llu events were lost. Fewer events (-e, -f) fit the buffers better\n",
			(unsigned long long)events);
	else
		fprintf(stderr, "%llu events were lost. A larger buffer helps: -b %lld\n",
			(unsigned long long)events, want_kb);
}
