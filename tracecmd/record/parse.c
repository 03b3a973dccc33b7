/*
 * parse.c - from the words of record and its family to a plan. See options.h. Layer 6.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "message.h"
#include "record/parse.h"
#include "session/guest-clock.h"

int parse_text(char **to, const char *text)
{
	char *copy = strdup(text);

	if (!copy)
		return -ENOMEM;
	free(*to);
	*to = copy;
	return 0;
}

int parse_path(struct parse *x, const char *option, char **to, const char *text)
{
	return *text ? parse_text(to, text) : refuse(x, "%s: an empty name is no file's", option);
}

int parse_number(struct parse *x, const char *option, const char *text, long long min,
		 long long max, int *ret)
{
	long long v;

	if (opt_number(text, min, max, &v))
		return refuse(x, "%s: '%s' is no number from %lld to %lld", option, text, min, max);
	*ret = v;
	return 0;
}

/* The option as the user wrote it, more or less. */
static void option_word(const struct opt_spec *o, char *word, size_t size)
{
	if (o->id < OPT_LONG)
		snprintf(word, size, "-%c", o->id);
	else
		snprintf(word, size, "--%s", o->name);
}

/* Like one that does not exist: a message, and -EINVAL without one in @x->err, so that help follows. */
static int unknown(const struct opt_spec *o, const char *command)
{
	fprintf(stderr, "%s: invalid option -- '%c'\n", command, o->id);
	return -EINVAL;
}

/*
 * An option that is not for this command. Those that would change what is recorded, or where, are
 * refused; scripts may give the others, and are told.
 */
static int not_for_us(struct parse *x, const struct opt_spec *o, const char *command)
{
	char word[64];

	option_word(o, word, sizeof(word));
	if (x->plan->kind == PLAN_PROXY)
		return refuse(x, "%s is nothing that a guest may ask of its host", word);
	if (x->plan->kind == PLAN_AGENT)
		return o->id == 'o' ? refuse(x, "-o incompatible with agent recording") :
				      refuse(x, "%s is incompatible with agent recording", word);
	/* what cannot have been meant for buffers that are there already: taking them out can't be undone */
	if (x->plan->kind == PLAN_EXTRACT && o->id < OPT_LONG && strchr("evRCMSGHdDK", o->id))
		return unknown(o, command);
	switch (o->id) {
	case 'o':
		return refuse(x, "%s does not take output\nDid you mean 'record'?", command);
	case 'm':
		return refuse(x, "only record take 'm' option");
	case 'A':
		return refuse(x, "-A is only allowed for record operations");
	case 'N':
	case 'V':
		return refuse(x, "-%c only available with record", o->id);
	case OPT_PROXY:
		return refuse(x, "--proxy is only allowed for record operations");
	case OPT_DAEMONIZE:
		return refuse(x, "--daemonize option used for 'record' command only");
	case OPT_FORK:
		return refuse(x, "--fork option used for 'start' command only");
	case OPT_FILE_VERSION:
		return refuse(x, "--file_version has no effect with the command %s\nDid you mean 'record'?",
			      command);
	case OPT_COMPRESSION:
	case 'a':
		return refuse(x, "%s has no effect with the command %s\nDid you mean 'record'?", word,
			      command);
	default:
		cmd_warn(0, "%s has no effect with the command %s", word, command);
		return 0;
	}
}

static int local_option(struct parse *x, int id, const char *arg)
{
	if (strchr("efRvpCOTbMBlngdDFPc", id < OPT_LONG ? id : 1) ||
	    (id >= OPT_MODULE && id <= OPT_NO_FILTER))
		return parse_what(x, id, arg);
	if (strchr("SGH", id < OPT_LONG ? id : 1) || id == OPT_PROFILE || id == OPT_BY_COMM)
		return parse_profile(x, id, arg);
	if (id == 'o' && x->plan->kind == PLAN_PROFILE)
		return parse_path(x, "-o", &x->plan->profile.output, arg);
	if (strchr("om", id < OPT_LONG ? id : 1) || (id >= OPT_TEMP && id <= OPT_ROTATE))
		return parse_file(x, id, arg);
	if (strchr("NVA", id < OPT_LONG ? id : 1) || id >= OPT_NAME)
		return parse_remote(x, id, arg);
	return parse_run(x, id, arg);
}

static int one_option(struct parse *x, const struct optparse *o, int id)
{
	const struct opt_spec *row = opt_row(o->cmd, id);

	/* behind -A only these are about this machine */
	if (x->guest && !strchr("AB", id < OPT_LONG ? id : 1) && id != OPT_NAME &&
	    id != OPT_PROXY && id != OPT_AUTH && id != OPT_GUEST_SIZE)
		return parse_guest_word(x, row, o->arg);
	if (row->commands && !(row->commands & 1u << x->plan->kind))
		return not_for_us(x, row, o->argv[0]);
	return local_option(x, id, o->arg);
}

static int take_command(struct parse *x, int argc, char **argv)
{
	if (!argc)
		return 0;
	if (plan_is_remote(x->plan))
		return refuse(x, "an agent runs no commands");
	if (x->plan->kind == PLAN_EXTRACT)
		return refuse(x, "Command extract does not take any commands\nDid you mean 'record'?");
	x->plan->command = calloc(argc + 1, sizeof(*x->plan->command));
	if (!x->plan->command)
		return -ENOMEM;
	memcpy(x->plan->command, argv, argc * sizeof(*argv));
	return 0;
}

int record_parse(int argc, char **argv, enum plan_kind kind, struct plan *p, struct err *err)
{
	struct parse x = { .plan = p, .err = err };
	struct optparse o;
	int id, ret;

	ret = opt_init(&o, argc, argv);
	if (ret)
		return ret;
	p->kind = kind;
	/* set touches nothing but what it is told to */
	p->keep = kind == PLAN_START || kind == PLAN_SET;
	p->keep_before = kind == PLAN_SET;
	x.instance = &p->instances[0];
	while (!ret && (id = opt_next(&o)) != -1) {
		if (id == '?' || (id == 'h' && !x.guest))
			ret = -EINVAL;
		else
			ret = one_option(&x, &o, id);
	}
	if (!ret)
		ret = take_command(&x, argc - opt_rest(&o), argv + opt_rest(&o));
	if (!ret)
		ret = parse_profile_end(&x);
	if (!ret)
		ret = parse_what_end(&x);
	if (!ret)
		ret = parse_remote_end(&x);
	opt_release(&o);
	return ret;
}

int record_command(int argc, char **argv, enum plan_kind kind, int (*run)(const struct plan *p))
{
	struct err err = { 0 };
	struct plan p;
	int ret;

	ret = plan_init(&p);
	if (!ret)
		ret = record_parse(argc, argv, kind, &p, &err);
	if (ret)
		ret = err.text[0] || ret != -EINVAL ? cmd_fail_err(ret, &err) : usage(argv[0]);
	else if (guest_choose_clock(&p))
		ret = cmd_fail_err(-ENOMEM, &err);
	else
		ret = run(&p);
	plan_release(&p);
	return ret;
}
