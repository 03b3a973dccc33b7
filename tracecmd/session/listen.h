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
	const char *muxer;	/* with that: only of the guest whose vsock is this socket, see net/muxer.h; NULL */
	bool auth;		/* serve only who knows the key */
	struct auth_secret auth_key;
	int max_clients;	/* at once */
	int max_per_host;	/* of these, of one address: it cannot keep others out */
	uint64_t max_files;	/* written in all, 0: no limit */
	uint64_t max_bytes;	/* of a client's data, 0: what the disk has room for */
	bool daemon;
	bool debug;		/* one client after the other, in this process; no deadlines */
	const char *dir;	/* where files go, NULL: here */
	const char *base;	/* what their names begin with */
	const char *log;	/* file for all that is said, NULL: stdout and stderr */
};

/* Listen until a signal ends it. Returns the exit status; messages have been printed. */
int listen_run(const struct listen_conf *conf);

#endif
