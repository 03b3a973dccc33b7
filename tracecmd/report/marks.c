/*
 * marks.c - see marks.h. Layer 5.
 */
#include <errno.h>

#include "report/marks.h"

static void add_gap(enum tracecmd_gap what, unsigned long long value, unsigned int length, void *data)
{
	struct buf *b = data;

	switch (what) {
	case TRACECMD_GAP_PADDING:
		buf_printf(b, "\n PADDING: delta:%llu length:%u", value, length);
		break;
	case TRACECMD_GAP_EXTEND:
		buf_printf(b, "\n TIME EXTEND: delta:%llu length:%u", value, length);
		break;
	case TRACECMD_GAP_STAMP:
		buf_printf(b, "\n TIME STAMP: timestamp:%llu length:%u", value, length);
		break;
	}
}

/* What goes behind the text of @record. */
static void make_tail(struct marks *m, const struct stream *s, const struct tep_record *record,
		      const struct tracecmd_place *at, const char *more)
{
	buf_printf(&m->tail, " [%u:0x%x:%d]", at->delta, at->offset, record->size);
	tracecmd_each_gap(s->handle, record, add_gap, &m->tail);
	if (more)
		buf_add_str(&m->tail, more);
}

int marks_make(struct marks *m, bool debug, const struct stream *s, const struct tep_record *record,
	       const char **more)
{
	struct tracecmd_place at;

	m->before = NULL;
	buf_reset(&m->head);
	buf_reset(&m->tail);
	if (tracecmd_get_place(s->handle, record, &at))
		return errno == ENOMEM ? -ENOMEM : 0;
	if (at.first) {
		buf_printf(&m->head, "CPU:%d [SUBBUFFER START]", record->cpu);
		if (debug)
			buf_printf(&m->head, " [%llu:0x%llx]", at.page_ts, at.page_offset);
		buf_add_str(&m->head, "\n");
		m->before = (const char *)m->head.data;
	}
	if (debug) {
		make_tail(m, s, record, &at, *more);
		*more = (const char *)m->tail.data;
	}
	return m->head.error || m->tail.error ? -ENOMEM : 0;
}

void marks_release(struct marks *m)
{
	buf_release(&m->head);
	buf_release(&m->tail);
}
