/*
 * pitems.c - see pitems.h. Layer 5.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "report/pitems.h"

/* A place: its order, the id of the (starting) event, and what is less for what came more often, or 0. */
#define PLACE_ORDER	56
#define PLACE_ID	40
#define PLACE_COUNT	0xffffffffffull

/* The bytes of an item from the one that matters least: its value's, then its place's. */
#define BYTE_ID		(8 + PLACE_ID / 8)
#define BYTES		16

#define FEW		64		/* of which each is compared with some others */

const struct pevent *pitem_event(const struct profile *p, const struct pitem *i)
{
	return p->events.by_id[i->place >> PLACE_ID & (PEVENT_IDS - 1)];
}

static struct pitem item_of(const struct profile *p, uint32_t number)
{
	const struct profile_entry *e = profile_entry_at(p, number);
	const struct ppair *pair = profile_pair(p, e);
	struct pitem i = { .value = e->key.b, .entry = e };
	uint64_t order = 2, id, less = 0;

	if (pair) {
		order = pair->order;
		id = pair->start_id;
	} else {
		/* 0 as well if it is too large a number */
		less = PLACE_COUNT - (e->count < PLACE_COUNT ? e->count : PLACE_COUNT);
		id = profile_kind(e) - p->events.nr_pairs;
	}
	i.place = order << PLACE_ORDER | id << PLACE_ID | less;
	return i;
}

/* --- the order of those that are compared */

/* Of one event, where the place doesn't tell the count. */
static int by_stats(const struct pitem *x, const struct pitem *y, const struct profile *p)
{
	const struct ppair *pair = profile_pair(p, x->entry);
	struct pstats s = profile_stats(p, x->entry), t = profile_stats(p, y->entry);

	if (pair && pair->label == PLABEL_STATE)
		return x->value < y->value ? -1 : x->value > y->value;
	if (s.total_ns != t.total_ns)
		return s.total_ns > t.total_ns ? -1 : 1;
	if (s.count != t.count)
		return s.count > t.count ? -1 : 1;
	if (x->value != y->value)
		return x->value < y->value ? -1 : 1;
	return x->entry->key.a < y->entry->key.a ? -1 : x->entry->key.a > y->entry->key.a;
}

static int by_place(const void *a, const void *b, void *profile)
{
	const struct pitem *x = a, *y = b;

	if (x->place != y->place)
		return x->place < y->place ? -1 : 1;
	if (!(x->place & PLACE_COUNT))
		return by_stats(x, y, profile);
	return x->value < y->value ? -1 : x->value > y->value;
}

/* --- of those that are dealt out by one byte after the other */

static unsigned int byte_of(const struct pitem *i, unsigned int byte)
{
	return (byte < 8 ? i->value : i->place) >> byte % 8 * 8 & 0xff;
}

/* Deal @n items out to @to by a byte; what has the same stays in its order. */
static void deal(const struct pitem *from, struct pitem *to, uint32_t n, unsigned int byte)
{
	uint32_t next[256] = { 0 }, i, at = 0, count;

	for (i = 0; i < n; i++)
		next[byte_of(&from[i], byte)]++;
	for (i = 0; i < 256; i++) {
		count = next[i];
		next[i] = at;
		at += count;
	}
	for (i = 0; i < n; i++)
		to[next[byte_of(&from[i], byte)]++] = from[i];
}

/* Put @n items into the order of their bytes @first to @last. @spare: room for as many. */
static void sort_bytes(struct pitem *items, struct pitem *spare, uint32_t n, unsigned int first,
		       unsigned int last)
{
	struct pitem differ = { 0 }, *from = items, *to = spare, *dealt;
	unsigned int byte;
	uint32_t i;

	for (i = 1; i < n; i++) {
		differ.place |= items[i].place ^ items[0].place;
		differ.value |= items[i].value ^ items[0].value;
	}
	for (byte = first; byte <= last; byte++) {
		if (!byte_of(&differ, byte))
			continue;
		deal(from, to, n, byte);
		dealt = to;
		to = from;
		from = dealt;
	}
	if (from != items)
		memcpy(items, from, n * sizeof(*items));
}

/* --- a list */

/* How many of @n items, which are those of an event by then, are of the event of the first one. */
static uint32_t of_event(const struct pitem *items, uint32_t n, bool *ret_counted)
{
	uint32_t i;

	*ret_counted = true;
	for (i = 0; i < n && items[i].place >> PLACE_ID == items[0].place >> PLACE_ID; i++)
		*ret_counted &= !!(items[i].place & PLACE_COUNT);
	return i;
}

static void sort(struct pitems *items)
{
	uint32_t i, n = items->count, some;
	bool counted;

	if (n < FEW) {
		qsort_r(items->list, n, sizeof(*items->list), by_place, (void *)items->profile);
		return;
	}
	sort_bytes(items->list, items->spare, n, BYTE_ID, BYTES - 1);
	for (i = 0; i < n; i += some) {
		some = of_event(items->list + i, n - i, &counted);
		if (some < FEW || !counted)
			qsort_r(items->list + i, some, sizeof(*items->list), by_place,
				(void *)items->profile);
		else
			sort_bytes(items->list + i, items->spare, some, 0, BYTE_ID - 1);
	}
}

int pitems_init(struct pitems *items, const struct profile *p)
{
	uint32_t i, most = 0;

	for (i = 0; i < p->owners_known.used; i++) {
		if (most < p->owners[i].nr_entries)
			most = p->owners[i].nr_entries;
	}
	*items = (struct pitems){
		.profile = p, .list = calloc(most + 1, sizeof(struct pitem)),
		.spare = calloc(most + 1, sizeof(struct pitem)),
	};
	return items->list && items->spare ? 0 : -ENOMEM;
}

void pitems_fill(struct pitems *items, const struct profile_owned *o)
{
	uint32_t i;

	items->count = 0;
	for (i = o->entries; i; i = items->list[items->count++].entry->next)
		items->list[items->count] = item_of(items->profile, i - 1);
	sort(items);
}

void pitems_release(struct pitems *items)
{
	free(items->list);
	free(items->spare);
}
