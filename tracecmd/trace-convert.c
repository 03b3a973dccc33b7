/*
 * trace-convert.c - the convert command: a file in another version or compression. Layer 6.
 */
#include "base/log.h"
#include "commands.h"
#include "edit/convert.h"
#include "file-options.h"
#include "message.h"

enum { OPT_VERSION = OPT_LONG, OPT_COMPRESSION, OPT_VERBOSE };

const struct opt_spec convert_options[] = {
	{ 'i', NULL, OPT_REQUIRED, "the FILE to read (trace.dat)", "file" },
	{ 'o', NULL, OPT_REQUIRED, "the FILE to write; may also be the last word", "file" },
	{ OPT_VERSION, "file-version", OPT_REQUIRED, "6 or 7 (the default)", "6 7" },
	{ OPT_COMPRESSION, "compression", OPT_REQUIRED,
	  "none, zlib, zstd, or any: the best there is (the default of version 7)", "compression" },
	{ OPT_VERBOSE, "verbose", OPT_OPTIONAL, "say more: none, crit, err, warn, info, debug, all",
	  "none crit err warn info debug all" },
	{ 'h', "help", OPT_NONE, "show this help" },
	OPT_END
};

struct parse {
	struct convert_plan plan;
	bool zip_given;
};

/* One option. 0 or an exit status after a message. */
static int convert_option(void *parse, int id, const char *arg)
{
	struct parse *x = parse;
	struct err err = { 0 };
	int level;

	switch (id) {
	case 'i':
		if (x->plan.input)
			return cmd_fail(0, "Only one input file is supported, %s already set",
					x->plan.input);
		x->plan.input = arg;
		return 0;
	case 'o':
		if (x->plan.output)
			return cmd_fail(0, "Only one output file is supported, %s already set",
					x->plan.output);
		x->plan.output = arg;
		return 0;
	case OPT_VERSION:
		return file_version(arg, &x->plan.version, &err) ? cmd_fail_err(0, &err) : 0;
	case OPT_COMPRESSION:
		x->zip_given = true;
		return file_compression(arg, &x->plan.zip, &err) ? cmd_fail_err(0, &err) : 0;
	case OPT_VERBOSE:
		level = opt_verbosity(arg);
		if (level < 0)
			return cmd_fail(0, "invalid verbose level %s", arg);
		log_set_level(level);
		return 0;
	default:
		return usage("convert");
	}
}

/* The words behind the options, and what wasn't said. 0 or an exit status after a message. */
static int convert_rest(void *parse, int argc, char **argv)
{
	struct parse *x = parse;

	if (argc > 1)
		return usage_why("convert", "unexpected argument '%s'", argv[1]);
	if (argc && x->plan.output)
		return cmd_fail(0, "Only one output file is supported, %s already set",
				x->plan.output);
	if (argc)
		x->plan.output = argv[0];
	if (!x->plan.output)
		return usage_why("convert", "the output file is missing");
	if (x->plan.version < 7 && x->zip_given && x->plan.zip)
		return cmd_fail(0, "version 6 has no compression: use --file-version 7 or --compression none");
	if (x->plan.version < 7)
		x->plan.zip = NULL;
	if (!x->plan.input)
		x->plan.input = "trace.dat";
	return 0;
}

static const struct opt_take take = { convert_option, convert_rest };

int cmd_convert(int argc, char **argv)
{
	struct parse x = { .plan = { .version = 7, .zip = zip_best() } };
	struct err err = { 0 };
	int ret = opt_take_all(argc, argv, &take, &x);

	if (ret)
		return ret;
	ret = convert_run(&x.plan, &err);
	return ret ? cmd_fail_err(ret, &err) : 0;
}
