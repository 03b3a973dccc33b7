/*
 * trace-extract.c - the extract command. Layer 6.
 */
#include "commands.h"
#include "record/options.h"
#include "session/extract.h"

int cmd_extract(int argc, char **argv)
{
	return record_command(argc, argv, PLAN_EXTRACT, session_extract);
}
