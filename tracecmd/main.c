/*
 * main.c - dispatch to the command named first. Layer 6.
 */
#include <signal.h>
#include <string.h>

#include "commands.h"

int main(int argc, char **argv)
{
	const struct command *cmd = argc > 1 ? command_find(argv[1]) : NULL;

	/* a peer or reader that went away is an error of the write, not our death */
	signal(SIGPIPE, SIG_IGN);
	if (!cmd)
		return usage_all();
	return cmd->run(argc - 1, argv + 1);
}
