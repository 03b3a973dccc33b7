/*
 * timearith.h - 64-bit time arithmetic that neither overflows nor divides by zero.
 *
 * Layer 0. Differences are signed 64-bit, products 128-bit.
 */
#ifndef BASE_TIMEARITH_H
#define BASE_TIMEARITH_H

#include <stdint.h>

/* (a * b) >> shift, modulo 2^64; the product has 128 bits. shift 0..127. */
static inline uint64_t mul_shift_u64(uint64_t a, uint64_t b, unsigned int shift)
{
	return (uint64_t)(((unsigned __int128)a * b) >> shift);
}

/*
 * The value at @t on the line through (@t0, @v0) and (@t1, @v1):
 *
 *   v0 + trunc(((t - t0) * (v1 - v0) + trunc((t1 - t0) / 2)) / (t1 - t0))
 *
 * trunc rounds towards zero. All are modulo 2^64 as timestamps are; @t1 == @t0 gives @v0.
 */
int64_t line_at(uint64_t t, uint64_t t0, int64_t v0, uint64_t t1, int64_t v1);

/* (a + b) / 2 rounded down, without overflow. */
static inline int64_t midpoint_s64(int64_t a, int64_t b)
{
	return (a & b) + ((a ^ b) >> 1);
}

/* a - b, or what is nearest to it. */
static inline int64_t difference_s64(int64_t a, int64_t b)
{
	int64_t d;

	if (__builtin_sub_overflow(a, b, &d))
		return a < b ? INT64_MIN : INT64_MAX;
	return d;
}

#endif
