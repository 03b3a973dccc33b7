/*
 * listen-file.h - the file of a client: its name, its metadata, its end.
 *
 * Layer 5. A name is made of the client's address, which nobody can choose freely, and is taken
 * by creating the file: no other, and no link of somebody else's, is ever written over.
 */
#ifndef SESSION_LISTEN_FILE_H
#define SESSION_LISTEN_FILE_H

#include <stdbool.h>

#include "net/addr.h"
#include "session/listen.h"
#include "session/note.h"

/*
 * Create "DIR/BASE.HOST:PORT.dat", or with "-1", "-2"... behind the port where there is such a file;
 * note its name in @g. The metadata is to be written to @ret_fd. 0; -errno described in @err.
 */
int listen_file_create(const struct listen_conf *conf, const struct net_peer *peer,
		       struct note_guest *g, int *ret_fd, struct err *err);

/* True if less than @keep_free bytes are free on the disk of @fd. */
bool listen_disk_is_full(int fd, uint64_t keep_free);

/*
 * Make a trace.dat of metadata and data. @bare: the metadata may lack its end. 0; -errno described in
 * @err: if the metadata is to blame, all but data is removed.
 */
int listen_file_finish(const struct plan *p, struct note_guest *g, bool bare,
		       struct err *err);

/*
 * There will be no file: remove what there is but for data, if any has come. Returns -EBADMSG,
 * and says in @err, in front of what is there, what became of the data.
 */
int listen_file_abandon(const struct plan *p, const struct note_guest *g, struct err *err);

#endif
