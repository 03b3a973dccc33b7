/*
 * main.c - dispatch to the command named first. Layer 6.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"

/* Without them a file we create would become the standard output, and take our messages. */
static int open_standard_files(void)
{
	int fd;

	do {
		fd = open("/dev/null", O_RDWR);
	} while (fd >= 0 && fd <= 2);
	return fd < 0 ? -1 : close(fd);
}

int main(int argc, char **argv)
{
	const struct command *cmd = argc > 1 ? command_find(argv[1]) : NULL;

	if (open_standard_files())
		return 1;
	/* a peer or reader that went away is an error of the write, not our death */
	signal(SIGPIPE, SIG_IGN);
	/* ignored by who started us, the ends of our own processes would never be heard of */
	signal(SIGCHLD, SIG_DFL);
	if (!cmd) {
		/* who asks for help gets it without a complaint */
		if (argc > 1 && argv[1][0] != '-' && strcmp(argv[1], "help"))
			fprintf(stderr, "trace-cmd: there is no command '%s'\n", argv[1]);
		return usage_all();
	}
	return cmd->run(argc - 1, argv + 1);
}
