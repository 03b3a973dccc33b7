/*
 * options.h - the options that record and its family share: one table, one parser.
 *
 * Layer 6. A row says which commands it is for; their help and completion show no
 * others, but all are parsed, so that it can be said which command they are not for.
 */
#ifndef RECORD_OPTIONS_H
#define RECORD_OPTIONS_H

#include "base/err.h"
#include "optparse.h"
#include "session/plan.h"

/* Commands, as bits: opt_spec.commands, command.bit. */
enum {
	FOR_RECORD	= 1 << PLAN_RECORD,
	FOR_START	= 1 << PLAN_START,
	FOR_SET		= 1 << PLAN_SET,
	FOR_STREAM	= 1 << PLAN_STREAM,
	FOR_EXTRACT	= 1 << PLAN_EXTRACT,
	FOR_PROFILE	= 1 << PLAN_PROFILE,
	FOR_AGENT	= 1 << PLAN_AGENT,	/* what a host may ask of an agent */
	FOR_PROXY	= 1 << PLAN_PROXY,	/* what a guest may ask of its host */
};

/*
 * Parse @argv (argv[0] "record", "start", ...; "record" also for PLAN_AGENT and PLAN_PROXY) into a plan of @kind.
 * 0; -EINVAL with @err described, or with an empty @err: show the help.
 */
int record_parse(int argc, char **argv, enum plan_kind kind, struct plan *p, struct err *err);

/* The whole of such a command: parse, then @run. Returns the exit status. */
int record_command(int argc, char **argv, enum plan_kind kind, int (*run)(const struct plan *p));

#endif
