/*
 * finish-options.c - see finish.h: the options of a session's files, this machine's and guests'. Layer 5.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/tsc.h"
#include "message.h"
#include "session/boot-info.h"
#include "session/btf.h"
#include "session/finish.h"
#include "session/maps.h"
#include "wire/dat.h"
#include "wire/opts.h"

/* Microseconds from the trace clock to the time of day, for --date. */
static int put_date(struct out_file *o, const struct note_instance *in)
{
	clockid_t id = !strcmp(in->clock, "mono_raw") ? CLOCK_MONOTONIC_RAW :
		       !strcmp(in->clock, "boot") ? CLOCK_BOOTTIME :
		       !strcmp(in->clock, "tai") ? CLOCK_TAI : CLOCK_MONOTONIC;
	struct timespec wall, mono;
	char text[32];

	/*
	 * The other trace clocks (local, global, perf, uptime) count from boot as
	 * CLOCK_MONOTONIC does, to within a few ms.
	 */
	clock_gettime(CLOCK_REALTIME, &wall);
	clock_gettime(id, &mono);
	snprintf(text, sizeof(text), "0x%llx",
		 (wall.tv_sec - mono.tv_sec) * 1000000LL + (wall.tv_nsec - mono.tv_nsec) / 1000);
	return out_option_text(o, DAT_DATE, text);
}

/* The kernel's statistics of one buffer; those of further instances get a heading. */
static int put_cpustats(struct out_file *o, const struct note_instance *in)
{
	struct buf b = BUF_INIT;
	int cpu, ret = 0;

	if (in->name[0]) {
		buf_printf(&b, "\nBuffer: %s\n\n", in->name);
		buf_add(&b, "", 1);
		ret = out_option_buf(o, DAT_CPUSTAT, &b);
	}
	for (cpu = 0; !ret && cpu < in->nr_cpus; cpu++) {
		_cleanup_free_ char *path = NULL;

		if (asprintf(&path, "%s/per_cpu/cpu%d/stats", in->dir, cpu) < 0)
			return -ENOMEM;
		buf_printf(&b, "CPU: %d\n", cpu);
		if (io_read_path(path, &b) && !b.error) {
			buf_release(&b);
			continue;
		}
		buf_add(&b, "", 1);
		ret = out_option_buf(o, DAT_CPUSTAT, &b);
	}
	return ret;
}

int finish_put_guest(struct out_file *o, const struct note_guest *g)
{
	_cleanup_free_ struct opt_guest_cpu *cpus = calloc(g->nr_cpus + 1, sizeof(*cpus));
	struct opt_guest opt = {
		.name = (char *)g->name, .trace_id = g->trace_id, .nr_cpus = g->nr_cpus,
		.cpus = cpus,
	};
	struct buf b = BUF_INIT;
	int i;

	if (!cpus)
		return -ENOMEM;
	for (i = 0; i < g->nr_cpus; i++)
		cpus[i] = (struct opt_guest_cpu){ .vcpu = i, .host_pid = g->vcpu_tid[i] };
	opt_guest_put(&b, ORDER_NATIVE, &opt);
	return out_option_buf(o, DAT_GUEST, &b);
}

bool finish_tsc2nsec(const struct plan *p, enum byte_order order, struct buf *b)
{
	struct opt_tsc2nsec opt = { 0 };
	struct tsc_scale scale;
	bool wanted = false;
	int i;

	for (i = 0; i < p->nr_instances; i++)
		wanted |= plan_uses(p, i) && p->instances[i].tsc2nsec;
	if (!wanted || tsc_scale_read(&scale))
		return false;
	opt.mult = scale.mult;
	opt.shift = scale.shift;
	opt_tsc2nsec_put(b, order, &opt);
	return true;
}

/* plan_check() found it known. */
static int put_tsc2nsec(struct out_file *o, const struct plan *p)
{
	struct buf b = BUF_INIT;

	return finish_tsc2nsec(p, out_order(o), &b) ? out_option_buf(o, DAT_TSC2NSEC, &b) : 0;
}

/* --- all of this machine's ---------------------------------------------------- */

const struct note_instance *finish_main_instance(const struct note *n)
{
	int i;

	for (i = 0; i < n->nr_instances; i++) {
		if (n->instances[i].used)
			return &n->instances[i];
	}
	return &n->instances[0];
}

int finish_put_options(struct out_file *o, const struct plan *p, const struct note *n)
{
	const struct note_instance *first = finish_main_instance(n);
	_cleanup_buf_ struct buf b = BUF_INIT;
	int i, ret = 0;

	if (p->date)
		ret = put_date(o, first);
	else if (p->ts_offset)
		ret = out_option_text(o, DAT_OFFSET, p->ts_offset);
	if (!ret && first->used)
		ret = out_option_clock(o, first->dir, first->clock);
	if (!ret)
		ret = put_tsc2nsec(o, p);
	if (!ret)
		ret = out_option_machine(o);
	for (i = 0; !ret && i < p->profile.hooks.nr; i++)
		ret = out_option_text(o, DAT_HOOK, p->profile.hooks.item[i]);
	put_u64(&b, ORDER_NATIVE, n->trace_id);
	if (!ret)
		ret = out_option_buf(o, DAT_TRACEID, &b);
	for (i = 0; !ret && i < n->nr_instances; i++) {
		if (n->instances[i].used)
			ret = put_cpustats(o, &n->instances[i]);
	}
	for (i = 0; !ret && i < n->nr_guests; i++) {
		/* our host is no guest */
		if (n->guests[i].complete_meta && !n->guests[i].is_host)
			ret = finish_put_guest(o, &n->guests[i]);
	}
	/* other commands empty the buffers before */
	if (!ret && p->kind == PLAN_EXTRACT)
		ret = boot_info_put(o, n, "/proc/modules");
	if (!ret)
		ret = btf_put(o, p, n, "/sys/kernel/btf/vmlinux");
	if (!ret)
		ret = finish_put_late(o, n);
	return ret ? ret : maps_put(o, n);
}

/* --- a guest's ---------------------------------------------------------------- */

static int put_timeshift(struct out_file *o, const struct timeshift *shift, struct err *err)
{
	struct buf b = BUF_INIT;
	int ret = timeshift_put(&b, out_order(o), shift);

	if (ret) {
		buf_release(&b);
		return err_set(err, ret, "cannot store the clock offsets");
	}
	return out_option_buf(o, DAT_TIME_SHIFT, &b);
}

/* A text among the kernel's statistics is what every reader shows. */
static int put_incomplete(struct out_file *o, const struct note_guest *g)
{
	struct buf b = BUF_INIT;

	buf_printf(&b, TRACE_INCOMPLETE "%s\n", g->incomplete);
	buf_add(&b, "", 1);
	return out_option_buf(o, DAT_CPUSTAT, &b);
}

static int put_model(struct out_file *o, const struct opt_tsync *model, struct err *err)
{
	struct buf b = BUF_INIT;
	int ret = opt_tsync_put(&b, out_order(o), model);

	if (ret) {
		buf_release(&b);
		return err_set(err, ret, "cannot store how well the clock is known");
	}
	return out_option_buf(o, DAT_TSYNC, &b);
}

int finish_put_guest_options(struct out_file *o, const struct plan *p, const struct note_guest *g,
			     const struct timeshift *shift, const struct opt_tsync *model,
			     struct err *err)
{
	int ret = shift ? put_timeshift(o, shift, err) : 0;

	if (!ret && model)
		ret = put_model(o, model, err);
	/* by the offsets, its cycles become those of this machine */
	if (!ret && shift && !strcmp(g->clock, "x86-tsc"))
		ret = put_tsc2nsec(o, p);
	if (!ret && g->incomplete[0])
		ret = put_incomplete(o, g);
	return ret;
}
