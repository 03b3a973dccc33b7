/*
 * trace-start.c - the start command. Layer 6.
 */
#include "commands.h"
#include "record/options.h"
#include "session/start.h"

int cmd_start(int argc, char **argv)
{
	return record_command(argc, argv, PLAN_START, session_start);
}
