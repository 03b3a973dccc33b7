/*
 * tsc.h - the CPU's own counter, which trace clock x86-tsc shows as it is, and what else CPUID tells.
 *
 * Layer 4. On other machines there is none: tsc_here() is false and nothing else is to be called.
 */
#ifndef TSYNC_TSC_H
#define TSYNC_TSC_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>
#define TSC_HERE 1
#else
#define TSC_HERE 0
#endif

static inline bool tsc_here(void)
{
	return TSC_HERE;
}

/* Whether @clock, a trace clock, is this counter. */
static inline bool tsc_is_clock(const char *clock)
{
	return tsc_here() && clock && !strcmp(clock, "x86-tsc");
}

/* Now; what comes before in the program has happened, what comes after has not begun. */
static inline int64_t tsc_now(void)
{
#if TSC_HERE
	uint32_t low, high;

	__asm__ volatile("lfence; rdtsc; lfence" : "=a"(low), "=d"(high) : : "memory");
	return (int64_t)((uint64_t)high << 32 | low);
#else
	return 0;
#endif
}

/*
 * Execute CPUID with @function and @index. In a guest it always exits to the host, which
 * sees both numbers.
 */
static inline void tsc_cpuid(uint32_t function, uint32_t index)
{
#if TSC_HERE
	uint32_t a = function, b, c = index, d;

	__asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d) : : "memory");
#else
	(void)function;
	(void)index;
#endif
}

/* The APIC id of the CPU this runs on. */
static inline uint32_t tsc_apic_id(void)
{
#if TSC_HERE
	uint32_t a, b, c, d;

	if (__get_cpuid_count(0xb, 0, &a, &b, &c, &d) && b)
		return d;
	if (__get_cpuid(1, &a, &b, &c, &d))
		return b >> 24;
#endif
	return 0;
}

#endif
