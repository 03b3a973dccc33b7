/*
 * auth.h - proving to each other the knowledge of a key, and keys for one connection.
 *
 * Layer 3. The one who connects is the client. Both sides send a fresh X25519 key and prove that they know
 * the secret; the keys of the connection depend on all of that, so that nothing heard before is of use. The
 * secret of a control connection is the one of the key file; that of the others of its session comes out of
 * its handshake, and what a connection is for (also: which CPU's data) is part of what is proven. What is
 * on the wire is in Documentation/formats/protocol.md. Without libsodium at build time loading a key fails.
 */
#ifndef NET_AUTH_H
#define NET_AUTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/io.h"

#define AUTH_SECRET_LEN		32
#define AUTH_KEY_MIN		32	/* bytes in a key file */
#define AUTH_KEY_MAX		4096
#define AUTH_BANNER		"TCAUTH\0001"
#define AUTH_BANNER_LEN		8
#define AUTH_HELLO_LEN		80	/* client: banner, purpose, index, X25519 key, proof */
#define AUTH_REPLY_LEN		88	/* server: X25519 key, proof, head of its stream */
#define AUTH_FINISH_LEN		56	/* client: proof, head of its stream */
#define AUTH_HEAD_LEN		24

enum auth_purpose { AUTH_CONTROL = 1, AUTH_DATA = 2, AUTH_SYNC = 3 };

struct auth_secret {
	uint8_t bytes[AUTH_SECRET_LEN];
};

/* The secret in the file @path. 0; -EACCES others may read it; -EINVAL it is too short, or no file; -EOPNOTSUPP; -errno; described in @err. */
int auth_key_load(const char *path, struct auth_secret *ret, struct err *err);

/* What comes of a handshake. */
struct auth_keys {
	uint8_t send[32], receive[32];
	struct auth_secret session;	/* for further connections */
	uint8_t send_state[64], receive_state[64];	/* of the streams, see tunnel.c */
};

/* One side of a handshake: what has come so far, and what is expected. */
struct auth_hand {
	struct auth_secret secret;
	bool server;
	uint8_t purpose;
	uint32_t index;			/* AUTH_DATA: the CPU */
	int step;
	uint8_t private_key[32], own_public[32];
	uint8_t hello[AUTH_HELLO_LEN];
	uint8_t reply[AUTH_REPLY_LEN];
	uint8_t finish[AUTH_FINISH_LEN];
	size_t have;			/* bytes of what is being received */
	struct auth_keys keys;
};

void auth_hand_init(struct auth_hand *h, const struct auth_secret *secret, bool server,
		    enum auth_purpose purpose, uint32_t index);

/* Overwrite all that is secret. */
void auth_hand_wipe(struct auth_hand *h);

/*
 * Bytes that shall be sent at the beginning: 8 of a server, its banner; a client's hello. Returns how many, in @ret (at
 * most AUTH_HELLO_LEN); -errno.
 */
int auth_hand_begin(struct auth_hand *h, uint8_t *ret);

/*
 * Take bytes of the peer: as many as @ret_used says. What is to be sent goes to @ret (AUTH_REPLY_LEN bytes of
 * room), how much to @ret_len. 1: go on; 0: the keys are there; -EPROTO: that is no such handshake, or
 * another version; -EACCES: the peer doesn't know the secret, or wants something else.
 */
int auth_hand_take(struct auth_hand *h, const uint8_t *data, size_t len, size_t *ret_used,
		   uint8_t *ret, size_t *ret_len);

/* One non-blocking step on the socket @fd. -EAGAIN: wait for it to be readable; else as auth_hand_take(); -EPIPE; -errno. */
int auth_hand_step(struct auth_hand *h, int fd);

/* The whole handshake. 0; -ETIMEDOUT; -ECANCELED; -ECONNRESET the peer hung up; as above; described in @err. */
int auth_hand_shake(struct auth_hand *h, int fd, struct deadline d, struct err *err);

/* In words, for messages: what it means that a handshake gave @error. */
const char *auth_why(int error);

/* Are these first bytes of a peer those of one that wants a handshake? */
bool auth_is_banner(const void *data, size_t len);

#endif
