/*
 * listen-client.h - one client of the listener, from its greeting to its file.
 *
 * Layer 5. Everything a client says is hostile until proven otherwise: each wait has a
 * deadline, each amount a limit, and no word of it reaches the name of a file.
 */
#ifndef SESSION_LISTEN_CLIENT_H
#define SESSION_LISTEN_CLIENT_H

#include "net/addr.h"
#include "session/listen.h"
#include "session/note.h"
#include "session/stop.h"

/* What is needed to finish a client's file. */
struct listen_note {
	struct note_guest guest;	/* guest.file is "" before there are files */
	bool bare;			/* protocol 1: the metadata may lack its end */
};

/*
 * Serve the client at @fd, which is closed in the end. Returns the exit status of the process that does so; what went
 * wrong has been said.
 */
int listen_client(const struct listen_conf *conf, int fd, const struct net_peer *peer,
		  struct listen_note *note, struct stop *stop);

/* The process that served a client was killed: make a file of what there is. Returns the exit status. */
int listen_salvage(struct listen_note *note);

#endif
