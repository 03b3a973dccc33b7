/*
 * direct.c - see direct.h. Layer 4.
 */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "tsync/direct.h"
#include "tsync/tsync.h"

static const struct {
	const char *name;
	clockid_t clock;
	int64_t epsilon;
} clocks[] = {
	{ "mono", CLOCK_MONOTONIC, 12 },
	{ "mono_raw", CLOCK_MONOTONIC_RAW, 2 },
	{ "boot", CLOCK_BOOTTIME, 12 },
	{ "tai", CLOCK_TAI, 12 },
};

static int64_t read_clock(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

#if defined(__x86_64__) || defined(__i386__)
#define HAVE_TSC true

/* lfence on either side: loads and stamps keep the program's order. */
static int64_t read_tsc(void)
{
	uint32_t low, high;

	__asm__ __volatile__("lfence\n\trdtsc\n\tlfence" : "=a" (low), "=d" (high) : : "memory");
	return (int64_t)((uint64_t)high << 32 | low);
}
#else
#define HAVE_TSC false

static int64_t read_tsc(void)
{
	return 0;
}
#endif

/* Against CLOCK_MONOTONIC_RAW over a tenth of a millisecond: good enough for thresholds. */
static int64_t tsc_per_us(void)
{
	int64_t tsc = read_tsc(), start = read_clock(CLOCK_MONOTONIC_RAW), passed;

	do
		passed = read_clock(CLOCK_MONOTONIC_RAW) - start;
	while (passed < 100000);
	tsc = read_tsc() - tsc;
	return tsc * 1000 / passed > 0 ? tsc * 1000 / passed : 1;
}

/*
 * In a time namespace (of a container, or one that was moved here) the clocks but tai are shifted for us, not
 * for the kernel's tracing.
 */
bool direct_shifted(clockid_t clock)
{
	_cleanup_fclose_ FILE *f = clock == CLOCK_TAI ? NULL : fopen("/proc/self/timens_offsets", "re");
	const char *wanted = clock == CLOCK_BOOTTIME ? "boottime" : "monotonic";
	long long s, ns;
	char name[32];

	/* kernels without the file have no such namespaces */
	while (f && fscanf(f, "%31s %lld %lld", name, &s, &ns) == 3)
		if (!strcmp(name, wanted))
			return s || ns;
	return false;
}

int64_t direct_epsilon(const char *clock)
{
	size_t i;

	for (i = 0; clock && i < ARRAY_SIZE(clocks); i++)
		if (!strcmp(clock, clocks[i].name))
			return clocks[i].epsilon;
	return 0;
}

/* The name of the counter that the kernel's clocks go by; empty: not known. */
static void read_counter(char name[32])
{
	_cleanup_fclose_ FILE *f = fopen("/sys/devices/system/clocksource/clocksource0/current_clocksource", "re");

	if (!f || fscanf(f, "%31s", name) != 1)
		name[0] = 0;
}

static bool is_one_of(const char *name, const char *const *names)
{
	while (*names && strcmp(name, *names))
		names++;
	return *names;
}

bool direct_is_linear_by(const char *clock, const char *counter)
{
	static const char *const linear[] = { "local", "perf", "global", "mono_raw", NULL };
	/* those that sched_clock() is made of as well, */
	static const char *const counters[] = { "tsc", "kvm-clock", "arch_sys_counter", NULL };
	/* and these of sched_clock() as it is */
	static const char *const plain[] = { "local", "mono_raw", NULL };

	if (!clock || !is_one_of(clock, linear) || !is_one_of(counter, counters))
		return false;
	return strcmp(counter, "kvm-clock") || is_one_of(clock, plain);
}

bool direct_is_linear(const char *clock)
{
	char counter[32];

	read_counter(counter);
	return direct_is_linear_by(clock, counter);
}

void direct_init(struct tsync_direct *d, const struct tsync_conf *conf)
{
	size_t i;

	*d = (struct tsync_direct){
		.conf = conf,
		.clock = CLOCK_MONOTONIC_RAW,
		.per_us = 1000,
		.is_trace_clock = conf->now,
	};
	if (conf->now || !conf->clock)
		return;
	if (HAVE_TSC && !strcmp(conf->clock, "x86-tsc")) {
		d->tsc = d->is_trace_clock = true;
		d->per_us = tsc_per_us();
		return;
	}
	for (i = 0; i < ARRAY_SIZE(clocks); i++) {
		if (strcmp(conf->clock, clocks[i].name) || direct_shifted(clocks[i].clock))
			continue;
		d->clock = clocks[i].clock;
		d->is_trace_clock = true;
		d->epsilon = clocks[i].epsilon;
	}
}

int64_t direct_now(const struct tsync_direct *d)
{
	if (d->tsc)
		return read_tsc();
	return d->conf->now ? d->conf->now(d->conf->now_data) : read_clock(d->clock);
}
