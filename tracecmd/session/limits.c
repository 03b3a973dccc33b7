/*
 * limits.c - see limits.h. Layer 5.
 */
#include <errno.h>

#include "base/io.h"
#include "rec/budget.h"
#include "session/limits.h"

int limits_init(struct limits *m, const struct plan *p, struct local *l, struct rotate *t,
		struct err *err)
{
	*m = (struct limits){ .plan = p, .local = l, .rotate = t };
	if (!p->limit_bytes && !p->rotate.bytes)
		return 0;
	m->budget = budget_new(UINT64_MAX);
	if (!m->budget)
		return err_set(err, -ENOMEM, "cannot count the data: no memory");
	l->budget = m->budget;
	return 0;
}

/* Say how much data there may be before something is due. */
static void grant(struct limits *m)
{
	uint64_t limit = m->plan->limit_bytes ? m->plan->limit_bytes : UINT64_MAX;
	uint64_t file = m->plan->rotate.bytes ? m->file_begin_bytes + m->plan->rotate.bytes :
						UINT64_MAX;

	if (m->budget)
		budget_set(m->budget, limit < file ? limit : file);
}

/* A new file has been begun. */
static void begin_file(struct limits *m)
{
	m->file_begin_bytes = m->budget ? budget_used(m->budget) : 0;
	m->file_end_ns = m->plan->rotate.ms ? mono_now_ns() + m->plan->rotate.ms * 1000000LL : 0;
	grant(m);
}

void limits_begin(struct limits *m)
{
	m->end_ns = m->plan->duration_ms ? mono_now_ns() + m->plan->duration_ms * 1000000LL : 0;
	begin_file(m);
	progress_begin(&m->progress, m->local);
}

int limits_fd(const struct limits *m)
{
	return m->budget ? budget_fd(m->budget) : -1;
}

/* The earlier one of @ms and what is left until @at_ns, rounded up. */
static int sooner(int ms, int64_t at_ns)
{
	int64_t left = at_ns - mono_now_ns();

	if (!at_ns)
		return ms;
	left = left <= 0 ? 0 : left / 1000000 + 1;
	if (left > INT32_MAX)
		left = INT32_MAX;
	return ms < 0 || left < ms ? (int)left : ms;
}

int limits_wait_ms(const struct limits *m)
{
	return sooner(sooner(progress_wait_ms(&m->progress), m->end_ns), m->file_end_ns);
}

static bool passed(int64_t at_ns)
{
	return at_ns && mono_now_ns() >= at_ns;
}

int limits_check(struct limits *m, struct err *err)
{
	uint64_t used = m->budget ? budget_used(m->budget) : 0;
	const struct plan *p = m->plan;
	int ret;

	if (passed(m->end_ns) || (p->limit_bytes && used >= p->limit_bytes)) {
		m->reached = true;
		return 1;
	}
	if (m->rotate && (passed(m->file_end_ns) ||
			  (p->rotate.bytes && used >= m->file_begin_bytes + p->rotate.bytes))) {
		ret = rotate_next(m->rotate, m->local, err);
		if (ret)
			return ret;
		begin_file(m);
	}
	progress_show(&m->progress);
	return 0;
}

void limits_end(struct limits *m)
{
	progress_end(&m->progress);
}

void limits_release(struct limits *m)
{
	budget_free(m->budget);
	m->budget = NULL;
}
