/*
 * series.c - see series.h. Layer 4, pure.
 */
#include <errno.h>
#include <string.h>

#include "base/timearith.h"
#include "tsync/series.h"

void series_reset(struct series *s, uint32_t id)
{
	memset(s, 0, sizeof(*s));
	s->id = id;
}

int series_set(struct series *s, enum series_field field, uint32_t number, int64_t time)
{
	struct probe *p;

	if (number < 1 || number > PTP_PROBES)
		return -EINVAL;
	p = &s->probe[number - 1];
	if (p->have & (1 << field))
		return -EEXIST;
	p->time[field] = time;
	p->have |= 1 << field;
	return 0;
}

unsigned int series_count(const struct series *s, enum series_field field)
{
	unsigned int i, count = 0;

	for (i = 0; i < PTP_PROBES; i++)
		count += (s->probe[i].have >> field) & 1;
	return count;
}

bool probe_view(const struct probe *p, struct probe_view *ret)
{
	int64_t send = p->time[SERIES_SEND], client = p->time[SERIES_CLIENT];
	int64_t receive = p->time[SERIES_RECEIVE];
	struct probe_view v;

	if (p->have != (1 << SERIES_FIELDS) - 1 || receive < send)
		return false;
	if (__builtin_sub_overflow(receive, send, &v.response) ||
	    __builtin_sub_overflow(client, receive, &v.lo) ||
	    __builtin_sub_overflow(client, send, &v.hi))
		return false;
	v.midpoint = midpoint_s64(send, receive);
	/* between lo and hi, so it fits, too */
	v.offset = client - v.midpoint;
	*ret = v;
	return true;
}

/* One field of all probes into the slots from @first on. Returns the count of slots up to the last. */
static uint32_t field_to_slots(const struct series *s, enum series_field field,
			       struct ptp_list *list, unsigned int first)
{
	unsigned int i, used = 0;

	for (i = 0; i < PTP_PROBES; i++) {
		if (!(s->probe[i].have & (1 << field)))
			continue;
		list->slot[first + i].time = s->probe[i].time[field];
		list->slot[first + i].probe = i + 1;
		used = first + i + 1;
	}
	return used;
}

/* The reverse; a slot that does not hold its own number is an unused one. */
static void field_from_slots(struct series *s, enum series_field field,
			     const struct ptp_list *list, unsigned int first)
{
	unsigned int i;

	for (i = 0; i < PTP_PROBES && first + i < list->count; i++)
		if (list->slot[first + i].probe == i + 1)
			series_set(s, field, i + 1, list->slot[first + i].time);
}

void series_to_client_list(const struct series *s, struct ptp_list *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->series = s->id;
	ret->count = field_to_slots(s, SERIES_CLIENT, ret, 0);
}

void series_take_client_list(struct series *s, const struct ptp_list *list)
{
	field_from_slots(s, SERIES_CLIENT, list, 0);
}

void series_to_report(const struct series *s, struct ptp_list *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->series = s->id;
	ret->count = PTP_SLOTS;
	field_to_slots(s, SERIES_SEND, ret, 0);
	field_to_slots(s, SERIES_RECEIVE, ret, PTP_PROBES);
}

void series_take_report(struct series *s, const struct ptp_list *list)
{
	field_from_slots(s, SERIES_SEND, list, 0);
	field_from_slots(s, SERIES_RECEIVE, list, PTP_PROBES);
}
