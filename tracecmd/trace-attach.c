/*
 * trace-attach.c - the attach command: traces of a host and a guest, put together later. Layer 6.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "commands.h"
#include "edit/attach.h"
#include "message.h"

#define CPUS_MAX	65536

const struct opt_spec attach_options[] = {
	{ 'c', NULL, OPT_REQUIRED, "how many CPUs the guest has (as its file says)", "number" },
	{ 's', NULL, OPT_REQUIRED,
	  "OFFSET[,SCALE[,FRACTION[,TIME]]] of the next CPU of the guest, the last one of all others:\nhost time = (guest time * SCALE >> FRACTION) + OFFSET (0,1,0,0)",
	  "text" },
	{ 'h', "help", OPT_NONE, "show this help" },
	OPT_END
};

struct parse {
	struct attach_plan plan;
	struct timeshift_sample *samples;
	int *pids;
};

/* A number in C's notation and nothing else; up to 2^64 - 1, or down to -2^63. */
static int number(const char *text, uint64_t *ret)
{
	char *end;

	errno = 0;
	*ret = *text == '-' ? (uint64_t)strtoll(text, &end, 0) : strtoull(text, &end, 0);
	return errno || end == text || *end || isspace((unsigned char)*text) ? -EINVAL : 0;
}

/* One -s. 0 or an exit status after a message. */
static int take_sample(struct parse *x, const char *text)
{
	static const char *const names[] = { "offset", "scaling", "fraction", "timestamp" };
	_cleanup_free_ char *copy = strdup(text);
	uint64_t value[ARRAY_SIZE(names)] = { 0, 1, 0, 0 };
	struct timeshift_sample *more;
	char *rest = copy, *field;
	unsigned int i;

	more = reallocarray(x->samples, x->plan.nr_samples + 1, sizeof(*more));
	if (!more || !copy)
		return cmd_fail(ENOMEM, "out of memory");
	x->samples = more;
	for (i = 0; (field = strsep(&rest, ",")); i++) {
		if (i == ARRAY_SIZE(names))
			return cmd_fail(0, "-s: '%s' has more than offset, scaling, fraction, timestamp",
					text);
		if (*field && number(field, &value[i]))
			return cmd_fail(0, "Bad %s value", names[i]);
	}
	if (!value[1])
		return cmd_fail(0, "Bad scaling value");
	if (value[2] > 63)
		return cmd_fail(0, "Bad fraction value");
	if (value[3] > INT64_MAX)
		return cmd_fail(0, "Bad timestamp value");
	more[x->plan.nr_samples++] = (struct timeshift_sample){
		.offset = (int64_t)value[0], .scaling = value[1], .fraction = value[2],
		.time = (int64_t)value[3],
	};
	x->plan.samples = more;
	return 0;
}

static int attach_option(void *parse, int id, const char *arg)
{
	struct parse *x = parse;
	long long cpus;

	switch (id) {
	case 'c':
		if (opt_number(arg, 1, CPUS_MAX, &cpus))
			return cmd_fail(0, "-c: '%s' is no number of CPUs", arg);
		x->plan.nr_cpus = cpus;
		return 0;
	case 's':
		if (x->plan.nr_samples == CPUS_MAX)
			return cmd_fail(0, "-s: there are no more than %d CPUs", CPUS_MAX);
		return take_sample(x, arg);
	default:
		return usage("attach");
	}
}

/* The words behind the options. 0 or an exit status after a message. */
static int attach_words(void *parse, int argc, char **argv)
{
	struct parse *x = parse;
	long long pid;
	int i;

	if (argc < 3)
		return usage_why("attach", "%s", !argc ? "the files of host and guest are missing" :
				 argc == 1 ? "the guest's file is missing" :
				 "the PIDs of the guest's threads are missing");
	x->plan.host = argv[0];
	x->plan.guest = argv[1];
	x->plan.nr_pids = argc - 2;
	x->plan.pids = x->pids = calloc(argc, sizeof(*x->pids));
	if (!x->pids)
		return cmd_fail(ENOMEM, "out of memory");
	for (i = 0; i < x->plan.nr_pids; i++) {
		if (opt_number(argv[i + 2], 1, INT32_MAX, &pid))
			return cmd_fail(0, "'%s' is no pid of a thread", argv[i + 2]);
		x->pids[i] = pid;
	}
	if (!x->plan.nr_samples)
		return cmd_fail(0, "No samples given\n-s OFFSET says how far the guest's clock is from the host's; -s 0 that they are one");
	return 0;
}

static const struct opt_take take = { attach_option, attach_words };

int cmd_attach(int argc, char **argv)
{
	struct parse x = { 0 };
	struct err err = { 0 };
	int ret = opt_take_all(argc, argv, &take, &x);

	if (!ret) {
		ret = attach_run(&x.plan, &err);
		ret = ret ? cmd_fail_err(ret, &err) : 0;
	}
	free(x.samples);
	free(x.pids);
	return ret;
}
