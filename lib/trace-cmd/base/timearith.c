/*
 * timearith.c - see timearith.h. Layer 0.
 */
#include "base/timearith.h"

int64_t line_at(uint64_t t, uint64_t t0, int64_t v0, uint64_t t1, int64_t v1)
{
	int64_t dt = (int64_t)(t1 - t0);
	__int128 product;

	if (!dt)
		return v0;
	product = (__int128)(int64_t)(t - t0) * ((__int128)v1 - v0) + dt / 2;
	return (int64_t)((uint64_t)v0 + (uint64_t)(product / dt));
}
