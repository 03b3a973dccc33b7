/*
 * trace-stream.c - the stream command. Layer 6.
 */
#include "commands.h"
#include "record/options.h"
#include "session/record.h"

int cmd_stream(int argc, char **argv)
{
	return record_command(argc, argv, PLAN_STREAM, session_record);
}
