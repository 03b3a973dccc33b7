/*
 * guest.c - see guest.h. Layer 5.
 */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "clocks/guest.h"
#include "in/handle.h"

#define OPEN_FLAGS (TRACECMD_FL_RAW_TS | TRACECMD_FL_LOAD_NO_PLUGINS)

#define BOUNDED_NS	1000
#define COARSE_NS	10000

static int open_file(const char *path, struct tracecmd_input **ret, struct err *err)
{
	char text[ERR_TEXT_MAX / 2] = "";

	errno = 0;
	*ret = tracecmd_open_err(path, OPEN_FLAGS, text, sizeof(text));
	if (*ret)
		return 0;
	return err_set(err, errno ? -errno : -EINVAL, "cannot read '%s': %s", path,
		       text[0] ? text : strerror(errno));
}

int host_open(struct host *h, const char *path, struct err *err)
{
	int mult, shift, ret;

	*h = (struct host){ .path = path };
	ret = open_file(path, &h->handle, err);
	if (ret)
		return ret;
	h->clock = tracecmd_get_trace_clock(h->handle);
	if (!h->clock)
		h->clock = "?";
	if (!tracecmd_get_tsc2nsec(h->handle, &mult, &shift, NULL) && shift < 64)
		h->ns_per_count = (double)mult / (double)(UINT64_C(1) << shift);
	else if (in_clock_is_ns(tracecmd_get_trace_clock(h->handle)))
		h->ns_per_count = 1;
	return 0;
}

void host_close(struct host *h)
{
	tracecmd_close(h->handle);
	h->handle = NULL;
}

int guest_open(struct guest *g, const struct host *h, const char *path, struct err *err)
{
	unsigned long long host_id = tracecmd_get_traceid(h->handle);
	const struct in_info *info;
	int ret;

	*g = (struct guest){ .path = path, .name = "" };
	causality_init(&g->causality);
	ret = open_file(path, &g->handle, err);
	if (ret)
		return ret;
	info = &g->handle->file->info;
	g->trace_id = tracecmd_get_traceid(g->handle);
	g->shifted = info->has_timeshift;
	if (info->has_timeshift && info->timeshift.peer_id != host_id)
		return err_set(err, -EINVAL, "'%s' was recorded with another host than that of '%s'",
			       path, h->path);
	if (info->has_tsync)
		g->known = &info->tsync;
	tracecmd_get_guest_cpumap(h->handle, g->trace_id, &g->name, NULL, NULL);
	return 0;
}

void guest_close(struct guest *g)
{
	findings_free(&g->evidence, take_ptr(g->findings));
	evidence_release(&g->evidence);
	tracecmd_close(g->handle);
	g->handle = NULL;
}

int guest_theta(void *guest, int cpu, int64_t time, struct theta *ret)
{
	const struct guest *g = guest;
	const struct in_info *info = &g->handle->file->info;
	const struct timeshift_cpu *samples = timeshift_find(&info->timeshift, cpu < 0 ? 0 : cpu, -1);
	int interpolate = info->timeshift.flags & TIMESHIFT_FL_INTERPOLATE;
	struct opt_tsync_value v;

	if (!g->shifted || !samples)
		return -ENODATA;
	ret->mid = (int64_t)(timeshift_apply(samples, interpolate, time) - (uint64_t)time);
	ret->bounded = g->known && !opt_tsync_at(g->known, cpu, -1, time, &v) &&
		       v.lo != INT64_MIN && v.hi != INT64_MAX;
	if (ret->bounded) {
		ret->lo = v.lo;
		ret->hi = v.hi;
	}
	return 0;
}

int guest_collect(struct guest *g, theta_fn theta, void *data, bool want_bounds, struct err *err)
{
	int i, ret;

	findings_free(&g->evidence, g->findings);
	ret = evidence_judge(&g->evidence, g->handle, theta, data, want_bounds, &g->findings, err);
	causality_init(&g->causality);
	for (i = 0; g->findings && i <= g->evidence.nr_vcpus; i++)
		causality_add(&g->causality, &g->findings[i].causality);
	g->judged = g->causality.checked || g->causality.packets;
	return ret ? err_prefix(err, ret, "%s", g->path) : 0;
}

int guest_judge(struct guest *g, const struct host *h, struct err *err)
{
	struct err later = { 0 };
	int ret, i, second;

	ret = evidence_read_host(&g->evidence, h->handle, g->trace_id, err);
	if (ret)
		err_prefix(err, ret, "%s", h->path);
	if (ret == -ENOMEM || ret == -ENOENT)
		return ret;
	for (i = 0; i < g->evidence.nr_vcpus; i++)
		g->gaps += g->evidence.gaps[i].count;
	second = guest_collect(g, guest_theta, g, false, ret ? &later : err);
	return ret ? ret : second;
}

/* Whether all bounds are KVM's own numbers: the protocol of that name may go on without them. */
static bool by_kvm(const struct opt_tsync *t)
{
	uint32_t i, k;

	for (i = 0; i < t->nr_groups; i++) {
		for (k = 0; k < t->groups[i].nr_segments; k++) {
			const struct opt_tsync_segment *s = &t->groups[i].segments[k];

			if (!(s->flags & OPT_TSYNC_SEG_KNOWN) || s->lo_source != BOUND_KVM ||
			    s->hi_source != BOUND_KVM)
				return false;
		}
	}
	return true;
}

enum grade guest_grade(const struct guest *g, const struct host *h)
{
	int64_t worst = g->known ? opt_tsync_worst(g->known) : -1;
	bool violated = g->causality.violated || g->causality.packets_violated;
	double ns = worst * (h->ns_per_count ? h->ns_per_count : 1);

	if (!g->shifted)
		return GRADE_NONE;
	if (violated || worst < 0 || ns > COARSE_NS)
		return GRADE_COARSE;
	if (by_kvm(g->known))
		return GRADE_EXACT;
	if (ns <= BOUNDED_NS)
		return GRADE_BOUNDED;
	return g->causality.checked ? GRADE_ORDERED : GRADE_STATED;
}

const char *grade_name(enum grade grade)
{
	static const char *const names[] = {
		[GRADE_EXACT] = "EXACT", [GRADE_BOUNDED] = "BOUNDED", [GRADE_ORDERED] = "ORDERED",
		[GRADE_STATED] = "STATED", [GRADE_COARSE] = "COARSE", [GRADE_NONE] = "NONE",
	};

	return names[grade];
}
