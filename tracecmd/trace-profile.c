/*
 * trace-profile.c - the profile command. Layer 6.
 */
#include "commands.h"
#include "record/options.h"
#include "session/record.h"

int cmd_profile(int argc, char **argv)
{
	return record_command(argc, argv, PLAN_PROFILE, session_record);
}
