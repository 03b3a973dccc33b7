/*
 * listen.h - the listener: takes in what others record with -N or -V and writes the files.
 *
 * Layer 5. The listening process forks one for each client, which can harm itself only; should
 * it be killed, the file is finished from the note that both share.
 */
#ifndef SESSION_LISTEN_H
#define SESSION_LISTEN_H

#include <stdbool.h>
#include <stdint.h>

#include "net/auth.h"

struct listen_conf {
	uint32_t port;
	bool vsock;		/* instead of TCP */
	bool auth;		/* serve only who knows the key */
	struct auth_secret auth_key;
	bool daemon;
	bool debug;		/* one client after the other, in this process; no deadlines */
	const char *dir;	/* where files go, NULL: here */
	const char *base;	/* what their names begin with */
	const char *log;	/* file for all that is said, NULL: stdout and stderr */
};

/* Listen until a signal ends it. Returns the exit status; messages have been printed. */
int listen_run(const struct listen_conf *conf);

#endif
