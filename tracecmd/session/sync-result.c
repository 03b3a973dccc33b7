/*
 * sync-result.c - see sync-result.h. Layer 5.
 */
#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "message.h"
#include "session/sync-result.h"
#include "tsync/estimate.h"
#include "tsync/model.h"

static int make_model(const struct sync_outcome *o, struct opt_tsync *ret)
{
	struct model_conf conf = {
		.method = o->proto->name,
		.host_clock = o->host_clock, .guest_clock = o->guest_clock,
		.peer_id = o->host_id,
		.same_machine = o->same_machine,
		.by_host_cpu = o->conf->layout == TIMESHIFT_FORK,
		.raw = o->conf->raw,
	};

	return tsync_model_make(o->samples, &conf, ret);
}

/* CPUs of one machine have one clock, or something is amiss with it. */
static void tell_apart(const struct sync_outcome *o, const struct opt_tsync *model)
{
	_cleanup_buf_ struct buf text = BUF_INIT;

	if (!(model->flags & OPT_TSYNC_APART))
		return;
	opt_tsync_text_apart(&text, model);
	if (!text.error)
		cmd_warn(0, "guest %s: clocks differ between %s CPUs %s; each of them has its own offset",
			 o->guest, model->kind == OPT_TSYNC_HOST_CPUS ? "the host's" : "its",
			 (char *)text.data);
}

int sync_result(const struct sync_outcome *o, struct timeshift *ret_shift,
		struct opt_tsync *ret_model, struct err *err)
{
	const struct plan_tsync *t = o->conf;
	int ret;

	if (!o->samples->count)
		return 0;
	ret = make_model(o, ret_model);
	if (ret == -ERANGE)
		cmd_warn(0, "guest %s: its clock steps all the time, no line fits", o->guest);
	else if (ret && ret != -ENODATA)
		return err_set(err, ret, "guest %s: %s", o->guest, strerror(-ret));
	if (!ret)
		tell_apart(o, ret_model);
	/* samples that are no measurements are better than lines through them */
	if (!ret && t->ptp_flags & TSYNC_PTP_BOUNDS && o->proto->flags & TIMESHIFT_FL_INTERPOLATE)
		ret = tsync_model_timeshift(ret_model, t->layout, o->proto->flags, o->nr_cpus,
					    ret_shift);
	/* or as asked for, or because bounds are on one side only */
	if (!ret_shift->nr_cpus)
		ret = tsync_samples_timeshift(o->samples, t->layout, o->host_id, o->proto->flags,
					      o->nr_cpus, ret_shift);
	return ret ? err_set(err, ret, "guest %s: the clock offsets make no TimeShift", o->guest) : 0;
}

void sync_take_threads(const struct tsync_samples *samples, struct note_guest *g)
{
	size_t i;

	for (i = 0; i < samples->count; i++) {
		const struct tsync_result *r = &samples->results[i];

		if (r->tid <= 0 || r->guest_cpu < 0 || r->guest_cpu >= g->nr_cpus)
			continue;
		if (g->vcpu_tid[r->guest_cpu] < 0)
			g->vcpu_tid[r->guest_cpu] = r->tid;
		else if (g->vcpu_tid[r->guest_cpu] != r->tid)
			log_debug("guest %s: CPU %d ran in thread %d, not %d", g->name,
				  r->guest_cpu, (int)r->tid, g->vcpu_tid[r->guest_cpu]);
	}
}
