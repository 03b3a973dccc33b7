/*
 * progress.c - see progress.h. Layer 5.
 */
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/io.h"
#include "session/lost.h"
#include "session/progress.h"

#define EVERY_NS	1000000000LL
#define COLUMNS_DEFAULT	80

void progress_begin(struct progress *g, const struct local *l)
{
	const struct plan *p = l->plan;

	*g = (struct progress){ .begin_ns = mono_now_ns() };
	g->last_ns = g->begin_ns;
	if (p->kind == PLAN_RECORD && !p->quiet && !p->daemonize && isatty(STDERR_FILENO))
		g->local = l;
}

int progress_wait_ms(const struct progress *g)
{
	int64_t left_ns = g->last_ns + EVERY_NS - mono_now_ns();

	if (!g->local)
		return -1;
	return left_ns <= 0 ? 0 : (int)(left_ns / 1000000) + 1;
}

/* Append "1.2M" and the like. */
static void add_size(struct buf *b, uint64_t bytes)
{
	static const char units[] = "BKMGTPE";
	double n = (double)bytes;
	int i = 0;

	while (n >= 1000 && units[i + 1]) {
		n /= 1024;
		i++;
	}
	buf_printf(b, i && n < 10 ? "%.1f%c" : "%.0f%c", n, units[i]);
}

/* Bytes and losses of CPU @cpu, all instances together. */
static uint64_t cpu_bytes(const struct local *l, int cpu)
{
	uint64_t bytes = 0;
	int i;

	for (i = 0; i < l->nr_instances; i++) {
		const struct local_instance *in = &l->instances[i];

		if (in->recorders && cpu < in->nr_cpus && in->recorders[cpu])
			bytes += recorder_bytes(in->recorders[cpu]);
	}
	return bytes;
}

static uint64_t lost_events(const struct local *l)
{
	uint64_t events = 0;
	int i;

	for (i = 0; i < l->nr_instances; i++)
		events += l->instances[i].setup ? lost_sum(l->instances[i].note) : 0;
	return events;
}

static int columns(void)
{
	struct winsize w;

	return ioctl(STDERR_FILENO, TIOCGWINSZ, &w) || w.ws_col < 20 ? COLUMNS_DEFAULT : w.ws_col;
}

/* The line itself: time, rate, losses, then as many CPUs as fit. */
static void make_line(struct progress *g, struct buf *b, int64_t now_ns)
{
	const struct local *l = g->local;
	long long s = (now_ns - g->begin_ns) / 1000000000;
	uint64_t sum = 0, lost = lost_events(l);
	int i, cpu, nr_cpus = 0;

	for (i = 0; i < l->nr_instances; i++)
		nr_cpus = l->instances[i].nr_cpus > nr_cpus ? l->instances[i].nr_cpus : nr_cpus;
	for (cpu = 0; cpu < nr_cpus; cpu++)
		sum += cpu_bytes(l, cpu);
	buf_printf(b, "%lld:%02lld:%02lld  ", s / 3600, s / 60 % 60, s % 60);
	add_size(b, (uint64_t)((double)(sum - g->last_bytes) * 1e9 / (now_ns - g->last_ns)));
	buf_printf(b, "/s  ");
	if (lost)
		buf_printf(b, "%llu events lost  ", (unsigned long long)lost);
	add_size(b, sum);
	for (cpu = 0; cpu < nr_cpus; cpu++) {
		buf_printf(b, " %d:", cpu);
		add_size(b, cpu_bytes(l, cpu));
	}
	g->last_bytes = sum;
	g->last_ns = now_ns;
}

void progress_show(struct progress *g)
{
	_cleanup_buf_ struct buf b = BUF_INIT;
	int width;

	if (progress_wait_ms(g))
		return;
	make_line(g, &b, mono_now_ns());
	if (b.error)
		return;
	width = columns() - 1;
	/* cleared to the end: the last line may have been longer */
	fprintf(stderr, "\r%.*s\033[K", (int)b.len < width ? (int)b.len : width, (char *)b.data);
	fflush(stderr);
	g->shown = true;
}

void progress_end(struct progress *g)
{
	if (g->shown)
		fprintf(stderr, "\r\033[K");
	g->shown = false;
	g->local = NULL;
}
