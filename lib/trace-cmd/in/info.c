/*
 * info.c - see info.h. Layer 2.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "in/file.h"

#define CPUSTAT_MAX (64u << 20)
#define HOOKS_MAX	(1 << 20)

/* Keep the text of an option, replacing an earlier one. The file put a NUL behind it. */
static int take_text(const struct in_option *o, char **ret)
{
	char *copy = strdup((const char *)o->data);

	if (!copy)
		return -ENOMEM;
	free(*ret);
	*ret = copy;
	return 0;
}

/* A number in C's notation; what follows it is ignored. */
static int64_t text_number(const struct in_option *o)
{
	return (int64_t)strtoll((const char *)o->data, NULL, 0);
}

/* The word in brackets of "[local] global counter", NULL if there is none. */
static int take_clock(struct in_info *info, const struct in_option *o)
{
	const char *open = strchr((const char *)o->data, '[');
	const char *close = open ? strchr(open, ']') : NULL;

	info->has_trace_clock = true;
	if (take_text(o, &info->trace_clock))
		return -ENOMEM;
	if (!close || close == open + 1)
		return 0;
	free(info->clock);
	info->clock = strndup(open + 1, close - open - 1);
	return info->clock ? 0 : -ENOMEM;
}

static int take_cpustat(struct in_info *info, const struct in_option *o)
{
	const char *text = (const char *)o->data;

	buf_add(&info->cpustat, text, strnlen(text, o->size));
	buf_add(&info->cpustat, "\n", 1);
	return info->cpustat.error == -ENOMEM ? -ENOMEM : 0;
}

static int take_guest(struct in_info *info, const struct in_option *o, enum byte_order order)
{
	struct opt_guest g, *more;
	int ret = opt_guest_parse(o->data, o->size, order, &g);

	if (ret)
		return ret;
	more = reallocarray(info->guests, info->nr_guests + 1, sizeof(*more));
	if (!more) {
		opt_guest_release(&g);
		return -ENOMEM;
	}
	info->guests = more;
	more[info->nr_guests++] = g;
	return 0;
}

static int take_timeshift(struct in_info *info, const struct in_option *o, enum byte_order order)
{
	struct timeshift ts;
	int ret = timeshift_parse(o->data, o->size, order, &ts);

	if (ret)
		return ret;
	timeshift_prepare(&ts);
	if (info->has_timeshift)
		timeshift_release(&info->timeshift);
	info->timeshift = ts;
	info->has_timeshift = true;
	return 0;
}

static int take_tsync(struct in_info *info, const struct in_option *o, enum byte_order order)
{
	struct opt_tsync t;
	int ret = opt_tsync_parse(o->data, o->size, order, &t);

	if (ret)
		return ret;
	opt_tsync_release(&info->tsync);
	info->tsync = t;
	info->has_tsync = true;
	return 0;
}

static int take_tsc2nsec(struct in_info *info, const struct in_option *o, enum byte_order order)
{
	int ret = opt_tsc2nsec_parse(o->data, o->size, order, &info->tsc2nsec);

	if (!ret)
		info->has_tsc2nsec = true;
	return ret;
}

/* An unsigned number of @len bytes. */
static int take_number(const struct in_option *o, enum byte_order order, size_t len,
		       uint64_t *ret, bool *ret_has)
{
	struct cursor c = cursor_over(o->data, o->size, order);
	uint64_t v = len == 8 ? cursor_u64(&c) : cursor_u32(&c);

	if (c.failed)
		return -EBADMSG;
	*ret = v;
	*ret_has = true;
	return 0;
}

static int take_cpu_count(struct in_info *info, const struct in_option *o, enum byte_order order)
{
	uint64_t v;
	bool has;
	int ret = take_number(o, order, 4, &v, &has);

	if (ret)
		return ret;
	if (v > DAT_CPU_LIMIT)
		return -EBADMSG;
	info->cpu_count = v;
	info->has_cpu_count = true;
	return 0;
}

static int take_hook(struct in_info *info, const struct in_option *o)
{
	size_t len = strnlen((const char *)o->data, o->size);

	buf_add(&info->hooks, o->data, len);
	return buf_add(&info->hooks, "", 1) == -ENOMEM ? -ENOMEM : 0;
}

/* Decode one option. 0; -EBADMSG; -ENOMEM. */
static int take_option(struct in_info *info, const struct in_option *o, enum byte_order order)
{
	switch (o->id) {
	case DAT_DATE:
		/* microseconds in the file; modulo 2^64 as all of a timestamp's arithmetic */
		info->date_ns = (int64_t)((uint64_t)info->date_ns + (uint64_t)text_number(o) * 1000);
		return 0;
	case DAT_OFFSET:
		info->offset_ns = (int64_t)((uint64_t)info->offset_ns + (uint64_t)text_number(o));
		return 0;
	case DAT_CPUSTAT:
		return take_cpustat(info, o);
	case DAT_TRACECLOCK:
		return take_clock(info, o);
	case DAT_HOOK:
		return take_hook(info, o);
	case DAT_UNAME:
		return take_text(o, &info->uname);
	case DAT_VERSION:
		return take_text(o, &info->version);
	case DAT_CPUCOUNT:
		return take_cpu_count(info, o, order);
	case DAT_TRACEID:
		return take_number(o, order, 8, &info->trace_id, &info->has_trace_id);
	case DAT_TIME_SHIFT:
		return take_timeshift(info, o, order);
	case DAT_TSYNC:
		return take_tsync(info, o, order);
	case DAT_GUEST:
		return take_guest(info, o, order);
	case DAT_TSC2NSEC:
		return take_tsc2nsec(info, o, order);
	default:
		return 0;
	}
}

int in_info_read(struct in_file *f)
{
	unsigned int i;

	buf_init(&f->info.cpustat, CPUSTAT_MAX);
	buf_init(&f->info.hooks, HOOKS_MAX);
	for (i = 0; i < f->nr_options; i++) {
		int ret = take_option(&f->info, &f->options[i], f->head.order);

		if (ret == -ENOMEM)
			return ret;
		if (ret)
			log_debug("%s: option %u of %u bytes is malformed", f->src.name,
				  f->options[i].id, f->options[i].size);
	}
	return 0;
}

bool in_info_shifts(const struct in_info *info, const char *name, const char *clock)
{
	if (!name[0])
		return true;
	return info->has_tsync && clock && clock[0] && !strcmp(clock, info->tsync.guest_clock);
}

void in_info_release(struct in_info *info)
{
	unsigned int i;

	free(info->uname);
	free(info->version);
	free(info->trace_clock);
	free(info->clock);
	buf_release(&info->cpustat);
	buf_release(&info->hooks);
	if (info->has_timeshift)
		timeshift_release(&info->timeshift);
	opt_tsync_release(&info->tsync);
	for (i = 0; i < info->nr_guests; i++)
		opt_guest_release(&info->guests[i]);
	free(info->guests);
	*info = (struct in_info){ 0 };
}
