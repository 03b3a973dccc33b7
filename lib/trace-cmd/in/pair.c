/*
 * pair.c - see pair.h. Layer 2.
 */
#include "in/pair.h"

/* Decode the next events of lane @i, whose page stays where it is. False: there is no common one. */
static bool look_ahead(struct in_pair *pair, unsigned int i)
{
	struct in_pair_lane *l = &pair->lane[i];
	const struct in_timeline *timeline = l->source->timeline;
	const struct timeshift_cpu *shift = l->source->shift;
	const struct in_page *p = &l->stream->page;
	struct in_pair_event *e = pair->event[i], *end = e + pair->ahead;
	uint32_t pos = p->pos, quick = p->quick, head, type, next;
	struct raw_time time = { p->time };

	l->data = p->data;
	l->key = l->stream->page_key;
	/* the first event of a page may tell of lost ones */
	if (l->stream->ahead || p->lost)
		return false;
	/* as in in_page_peek_common() */
	for (; e < end && pos + 8 <= quick; e++, pos = next) {
		memcpy(&head, l->data + pos, sizeof(head));
		type = head & 31;
		next = pos + 4 + 4 * type;
		if (type - 1 >= 28 || next > quick)
			break;
		time.count += head >> 5;
		*e = (struct in_pair_event){
			.ns = in_time_convert(timeline, shift, time).ns, .count = time.count,
			.pos = pos, .size = 4 * type,
		};
	}
	*e = (struct in_pair_event){ .size = 0 };
	return e > pair->event[i];
}

bool in_pair_begin(struct in_pair *p, const struct in_merge *m)
{
	unsigned int i;

	p->ahead = IN_PAIR_FIRST;
	for (i = 0; i < 2; i++) {
		p->lane[i].source = &m->source[i];
		p->lane[i].stream = m->source[i].stream;
		if (!look_ahead(p, i))
			return false;
	}
	for (i = 0; i < 2; i++)
		p->lane[i].stream->pair = p;
	return true;
}

/* The same, of the next page if this one has no events left. */
static bool look_further(struct in_pair *p, unsigned int i)
{
	struct in_stream *s = p->lane[i].stream;
	bool ret;

	in_stream_turn_page(s);
	ret = look_ahead(p, i);
	s->pair = p;
	return ret;
}

bool in_pair_look(struct in_pair *p, bool first, bool second)
{
	if (p->lane[0].stream->pair != p || p->lane[1].stream->pair != p)
		return false;
	p->ahead = p->ahead < IN_PAIR_AHEAD / 2 ? 2 * p->ahead : IN_PAIR_AHEAD;
	return (!first || look_further(p, 0)) && (!second || look_further(p, 1));
}
