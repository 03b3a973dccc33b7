/*
 * trace-set.c - the set command. Layer 6.
 */
#include "commands.h"
#include "record/options.h"
#include "session/start.h"

int cmd_set(int argc, char **argv)
{
	return record_command(argc, argv, PLAN_SET, session_start);
}
