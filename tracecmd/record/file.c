/*
 * file.c - options about the file that is written. See parse.h. Layer 6.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "file-options.h"
#include "record/parse.h"

/* SIZE or TIME, [:KEEP] */
static int set_rotate(struct parse *x, const char *text)
{
	struct plan_rotate *r = &x->plan->rotate;
	_cleanup_free_ char *limit = strdup(text);
	long long bytes, ms, keep = 0;
	char *colon;

	if (!limit)
		return -ENOMEM;
	*r = (struct plan_rotate){ 0 };
	colon = strchr(limit, ':');
	if (colon)
		*colon++ = 0;
	if (colon && opt_number(colon, 1, 1000000, &keep))
		return refuse(x, "--rotate: '%s' is no number of files to keep", colon);
	r->keep = keep;
	/* a bare number would be a size as well as a time: it must say which */
	if (limit[0] && limit[strspn(limit, "0123456789")]) {
		if (!opt_size(limit, &bytes)) {
			r->bytes = bytes;
			return 0;
		}
		if (!opt_time(limit, &ms)) {
			r->ms = ms;
			return 0;
		}
	}
	return refuse(x, "--rotate: '%s' is neither a size (500K, 100MB, 2G) nor a time (500ms, 10s, 5min, 2h)",
		      limit);
}

static int set_limit(struct parse *x, const char *text)
{
	long long bytes;

	if (opt_size(text, &bytes))
		return refuse(x, "--limit-size: '%s' is no size: 500K, 100M, 2G", text);
	x->plan->limit_bytes = bytes;
	return 0;
}

static int set_max(struct parse *x, const char *text)
{
	if (x->plan->max_kb)
		return refuse(x, "-m can only be specified once");
	return parse_number(x, "-m", text, 1, INT32_MAX, &x->plan->max_kb);
}

static int set_output(struct parse *x, const char *text)
{
	if (x->output_given)
		return refuse(x, "only one output file allowed");
	x->output_given = true;
	return parse_path(x, "-o", &x->plan->output, text);
}

/* Stored as it is given, but whoever reads it needs a number. */
static int set_ts_offset(struct parse *x, const char *text)
{
	char *end;

	errno = 0;
	(void)strtoll(text, &end, 0);
	if (end == text || *end || errno)
		return refuse(x, "--ts-offset: '%s' is no number of nanoseconds", text);
	return parse_text(&x->plan->ts_offset, text);
}

int parse_file(struct parse *x, int id, const char *arg)
{
	struct plan *p = x->plan;
	int ret = 0;

	switch (id) {
	case 'o':
		return set_output(x, arg);
	case 'm':
		return set_max(x, arg);
	case OPT_TEMP:
		return parse_path(x, "--temp", &p->temp_dir, arg);
	case OPT_FILE_VERSION:
		return file_version(arg, &p->file_version, x->err) ? -EINVAL : 0;
	case OPT_COMPRESSION:
		p->packed = strcmp(arg, "any") && strcmp(arg, "none");
		return file_compression(arg, &p->zip, x->err) ? -EINVAL : 0;
	case OPT_LIMIT_SIZE:
		return set_limit(x, arg);
	case OPT_ROTATE:
		return set_rotate(x, arg);
	case OPT_DATE:
		p->date = true;
		break;
	default: /* OPT_TS_OFFSET */
		ret = set_ts_offset(x, arg);
	}
	if (!ret && p->date && p->ts_offset)
		return refuse(x, "Can not use both --date and --ts-offset");
	return ret;
}
