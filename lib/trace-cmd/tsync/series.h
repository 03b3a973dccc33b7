/*
 * series.h - the probes of one round: when each was sent, seen by the client, and answered.
 *
 * Layer 4, pure. The guest (server) sends at S and receives the echo at R, both
 * in its own clock; the host (client) sees the probe at C in its clock. Stamps
 * come in any order and may be missing; a probe counts when it has all three.
 */
#ifndef TSYNC_SERIES_H
#define TSYNC_SERIES_H

#include <stdbool.h>
#include <stdint.h>

#include "wire/ptp.h"

enum series_field {
	SERIES_SEND,		/* S, guest clock */
	SERIES_CLIENT,		/* C, host clock */
	SERIES_RECEIVE,		/* R, guest clock */
	SERIES_FIELDS
};

struct probe {
	int64_t time[SERIES_FIELDS];
	uint8_t have;			/* bit n: time[n] is there */
};

struct series {
	uint32_t id;			/* chosen by the guest, rises by one a round */
	struct probe probe[PTP_PROBES];	/* that of number n at n - 1 */
};

/* What a complete probe tells; all in clock units. */
struct probe_view {
	int64_t midpoint;	/* (S + R) / 2, guest clock */
	int64_t offset;		/* C - midpoint */
	int64_t response;	/* R - S, not negative */
	int64_t lo, hi;		/* C - R and C - S: by causality the true offset lies between */
};

/* Forget all stamps; the next round is @id. */
void series_reset(struct series *s, uint32_t id);

/* Note a stamp. 0; -EINVAL for a number outside 1..PTP_PROBES; -EEXIST if it is there already. */
int series_set(struct series *s, enum series_field field, uint32_t number, int64_t time);

/* How many probes have this stamp. */
unsigned int series_count(const struct series *s, enum series_field field);

/*
 * False if a stamp is missing, if the answer came before the question (R < S)
 * or if a difference does not fit 64 bits: such a probe tells nothing.
 */
bool probe_view(const struct probe *p, struct probe_view *ret);

/* The host's stamps as the list for the guest, and back. The count covers the last slot in use. */
void series_to_client_list(const struct series *s, struct ptp_list *ret);
void series_take_client_list(struct series *s, const struct ptp_list *list);

/* The guest's stamps as its report: sending times in the first half, receiving in the second. */
void series_to_report(const struct series *s, struct ptp_list *ret);
void series_take_report(struct series *s, const struct ptp_list *list);

#endif
