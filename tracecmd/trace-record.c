/*
 * trace-record.c - the record command. Layer 6.
 */
#include "commands.h"
#include "record/options.h"
#include "session/record.h"

int cmd_record(int argc, char **argv)
{
	return record_command(argc, argv, PLAN_RECORD, session_record);
}
