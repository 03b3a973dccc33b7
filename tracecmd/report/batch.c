/*
 * batch.c - see batch.h. Layer 5.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "report/batch.h"

#define EARLY_KEPT	(64u << 10)	/* bytes of memory that an empty batch keeps for early text */

/* textout has no more room. */
static int add_early(void *to, const void *data, size_t len)
{
	return buf_add(to, data, len);
}

int batch_init(struct batch *b)
{
	*b = (struct batch){ .early = BUF_INIT };
	b->event = malloc(BATCH_EVENTS * sizeof(*b->event));
	b->pins = tracecmd_pins_alloc();
	if (!b->event || !b->pins || textout_init(&b->out, -1))
		return -ENOMEM;
	b->out.write = add_early;
	b->out.to = &b->early;
	return 0;
}

void batch_release(struct batch *b)
{
	tracecmd_pins_free(b->pins);
	scraps_release(&b->scraps);
	textout_release(&b->out);
	buf_release(&b->early);
	free(b->event);
	*b = (struct batch){ .event = NULL };
}

int batch_add(struct batch *b, struct shown_order *o, struct stream *s, struct tep_record *record,
	      const char *more, long long lost)
{
	struct shown *e = &b->event[b->count];
	struct shown_extra *x;
	int ret = tracecmd_pins_add(b->pins, record) ? -ENOMEM : 0;

	if (!ret)
		ret = shown_prepare(o, s, record, &b->scraps, e);
	if (ret)
		return ret;
	b->bytes += record->size;
	b->pinned = tracecmd_pins_bytes(b->pins);
	b->count++;
	if (!more && !lost && !o->before)
		return 0;
	x = shown_extra(o, e, &b->scraps);
	if (!x)
		return -ENOMEM;
	x->lost = lost;
	x->more = more ? scraps_add(&b->scraps, more, strlen(more)) : NULL;
	x->before = o->before ? scraps_add(&b->scraps, o->before, strlen(o->before)) : NULL;
	return (more && !x->more) || (o->before && !x->before) ? -ENOMEM : 0;
}

int tools_init(struct tools *t, const struct inputs *in)
{
	const struct report_plan *plan = in->plan;

	*t = (struct tools){
		.in = in,
		.line = {
			.look = &plan->line, .labels = in->labels, .label_width = in->label_width,
		},
	};
	t->line.out = &t->out;
	t->line.printers = &t->printers;
	if (plan_is_for_people(plan))
		return 0;
	t->columns = columns_new(plan, &t->out, &t->printers);
	return t->columns ? 0 : -ENOMEM;
}

void tools_release(struct tools *t)
{
	columns_free(t->columns);
	printers_release(&t->printers);
	*t = (struct tools){ .in = NULL };
}

void batch_print(struct batch *b, struct tools *t)
{
	unsigned int i;

	t->out = b->out;
	for (i = 0; i < b->count && !b->error && !t->out.error; i++) {
		if (t->columns)
			b->error = columns_shown(t->columns, &b->event[i]);
		else
			line_shown(&t->line, &b->event[i]);
	}
	b->out = t->out;
	if (!b->error)
		b->error = b->out.error;
}

int batch_write(struct batch *b, struct textout *out)
{
	int ret = b->error;

	if (!ret) {
		textout_write(out, b->early.data, b->early.len);
		textout_write(out, b->out.data, b->out.len);
		ret = out->error;
	}
	tracecmd_pins_clear(b->pins);
	scraps_clear(&b->scraps);
	b->out.len = 0;
	if (b->early.alloc > EARLY_KEPT)
		buf_release(&b->early);
	else
		buf_reset(&b->early);
	b->count = 0;
	b->bytes = 0;
	b->pinned = 0;
	return ret;
}
