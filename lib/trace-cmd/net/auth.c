/*
 * auth.c - see auth.h. Layer 3.
 *
 * The pattern is the usual one: ephemeral Diffie-Hellman, mixed with a shared secret. Each proof is a keyed hash
 * (BLAKE2b) over its own label and all that was said before, so that none serves in another place,
 * in the other direction, or another time.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "net/auth.h"
#include "wire/cursor.h"

bool auth_is_banner(const void *data, size_t len)
{
	return len >= 6 && !memcmp(data, AUTH_BANNER, 6);
}

const char *auth_why(int error)
{
	switch (error) {
	case -EACCES:
		return "it does not know the key of --auth, or has another one";
	case -EPROTO:
		return "it does not authenticate (--auth FILE, on both sides), or by another version";
	case -ECONNRESET:
	case -EPIPE:
		return "it hung up: it has another key, or was not started with --auth";
	case -ECANCELED:
		return "ended before it had proven itself";
	case -ETIMEDOUT:
		return "it does not answer: was it started with --auth?";
	default:
		return strerror(-error);
	}
}

#ifdef HAVE_SODIUM

#include <sodium.h>

_Static_assert(AUTH_HEAD_LEN == crypto_secretstream_xchacha20poly1305_HEADERBYTES, "head");

/* Places in the hello. */
#define PURPOSE_AT	8
#define INDEX_AT	12
#define PUBLIC_AT	16
#define PROOF_AT	48
#define PROOF_LEN	32

enum { SERVER_HELLO, SERVER_FINISH, CLIENT_BANNER, CLIENT_REPLY, DONE, FAILED };

/* --- key files ------------------------------------------------------------------------ */

/* Only its owner, who is us or root, may know what is in it. 0; -errno described in @err. */
static int check_owner(int fd, const char *path, struct err *err)
{
	struct stat st;

	if (fstat(fd, &st))
		return err_set(err, -errno, "cannot read the key file '%s'", path);
	if (!S_ISREG(st.st_mode))
		return err_set(err, -EINVAL, "the key file '%s' is no regular file", path);
	if (st.st_mode & 077)
		return err_set(err, -EACCES,
			       "others may read or change the key file '%s': chmod 600 it, and make a new key if it was ever in use",
			       path);
	if (st.st_uid != geteuid() && st.st_uid)
		return err_set(err, -EACCES, "the key file '%s' belongs to somebody else", path);
	return 0;
}

int auth_key_load(const char *path, struct auth_secret *ret, struct err *err)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	static const char label[] = "trace-cmd auth 1 key";
	uint8_t text[AUTH_KEY_MAX + 1];
	ssize_t len;
	int error;

	if (fd < 0)
		return err_set(err, -errno, "cannot read the key file '%s'", path);
	error = check_owner(fd, path, err);
	if (error)
		return error;
	len = read(fd, text, sizeof(text));
	if (len < 0)
		return err_set(err, -errno, "cannot read the key file '%s'", path);
	if (len < AUTH_KEY_MIN || len > AUTH_KEY_MAX)
		error = err_set(err, -EINVAL,
				"the key file '%s' has %zd bytes, of %d to %d: make one with head -c 32 /dev/urandom > FILE",
				path, len, AUTH_KEY_MIN, AUTH_KEY_MAX);
	else if (sodium_init() < 0 ||
		 crypto_generichash(ret->bytes, sizeof(ret->bytes), text, len,
				    (const uint8_t *)label, sizeof(label)))
		error = err_set(err, -EIO, "libsodium does not work");
	sodium_memzero(text, sizeof(text));
	return error;
}

/* --- what is reckoned -------------------------------------------------------------------- */

/* Keyed hash of a label and some parts, of @len bytes. */
static void keyed_hash(const struct auth_secret *secret, const char *label, const void *const *part,
		       const size_t *part_len, int parts, uint8_t *ret, size_t len)
{
	crypto_generichash_state state;
	int i;

	crypto_generichash_init(&state, secret->bytes, sizeof(secret->bytes), len);
	/* with its end, so that no label begins another */
	crypto_generichash_update(&state, (const uint8_t *)label, strlen(label) + 1);
	for (i = 0; i < parts; i++)
		crypto_generichash_update(&state, part[i], part_len[i]);
	crypto_generichash_final(&state, ret, len);
	sodium_memzero(&state, sizeof(state));
}

/* The client's first proof: of the secret, not yet of being there. */
static void hello_proof(const struct auth_hand *h, uint8_t ret[PROOF_LEN])
{
	const void *part[] = { h->hello };
	const size_t len[] = { PROOF_AT };

	keyed_hash(&h->secret, "client hello", part, len, 1, ret, PROOF_LEN);
}

/* What both have in common after the reply: all else is reckoned with it. 0; -EACCES. */
static int common(const struct auth_hand *h, struct auth_secret *ret)
{
	const uint8_t *peer = h->server ? h->hello + PUBLIC_AT : h->reply;
	uint8_t shared[crypto_scalarmult_BYTES];
	const void *part[] = { h->hello, h->reply, shared };
	const size_t len[] = { AUTH_HELLO_LEN, 32, sizeof(shared) };

	/* a key that makes the result known to all is refused */
	if (crypto_scalarmult(shared, h->private_key, peer))
		return -EACCES;
	keyed_hash(&h->secret, "common", part, len, 3, ret->bytes, sizeof(ret->bytes));
	sodium_memzero(shared, sizeof(shared));
	return 0;
}

static void reply_proof(const struct auth_hand *h, const struct auth_secret *all, uint8_t *ret)
{
	const void *part[] = { h->reply + 64 };
	const size_t len[] = { AUTH_HEAD_LEN };

	keyed_hash(all, "server proof", part, len, 1, ret, PROOF_LEN);
}

static void finish_proof(const struct auth_hand *h, const struct auth_secret *all, uint8_t *ret)
{
	const void *part[] = { h->reply, h->finish + PROOF_LEN };
	const size_t len[] = { AUTH_REPLY_LEN, AUTH_HEAD_LEN };

	keyed_hash(all, "client proof", part, len, 2, ret, PROOF_LEN);
}

/* Keys of the streams, and of the session. */
static void derive(struct auth_hand *h, const struct auth_secret *all)
{
	struct auth_keys *k = &h->keys;

	keyed_hash(all, "client stream", NULL, NULL, 0, h->server ? k->receive : k->send, 32);
	keyed_hash(all, "server stream", NULL, NULL, 0, h->server ? k->send : k->receive, 32);
	keyed_hash(all, "session", NULL, NULL, 0, k->session.bytes, sizeof(k->session.bytes));
}

/* The head of our stream, made with its key. */
static void begin_stream(struct auth_keys *k, uint8_t *ret_head)
{
	crypto_secretstream_xchacha20poly1305_state state;

	_Static_assert(sizeof(state) <= sizeof(k->send_state), "state");
	crypto_secretstream_xchacha20poly1305_init_push(&state, ret_head, k->send);
	memcpy(k->send_state, &state, sizeof(state));
	sodium_memzero(&state, sizeof(state));
}

static int begin_peer_stream(struct auth_keys *k, const uint8_t *head)
{
	crypto_secretstream_xchacha20poly1305_state state;
	int ret = crypto_secretstream_xchacha20poly1305_init_pull(&state, head, k->receive);

	memcpy(k->receive_state, &state, sizeof(state));
	sodium_memzero(&state, sizeof(state));
	return ret ? -EPROTO : 0;
}

/* --- the steps ------------------------------------------------------------------------------- */

void auth_hand_init(struct auth_hand *h, const struct auth_secret *secret, bool server,
		    enum auth_purpose purpose, uint32_t index)
{
	*h = (struct auth_hand){
		.secret = *secret, .server = server, .purpose = purpose, .index = index,
		.step = server ? SERVER_HELLO : CLIENT_BANNER,
	};
}

void auth_hand_wipe(struct auth_hand *h)
{
	sodium_memzero(h, sizeof(*h));
	h->step = FAILED;
}

int auth_hand_begin(struct auth_hand *h, uint8_t *ret)
{
	if (sodium_init() < 0)
		return -EIO;
	randombytes_buf(h->private_key, sizeof(h->private_key));
	crypto_scalarmult_base(h->own_public, h->private_key);
	if (h->server) {
		memcpy(ret, AUTH_BANNER, AUTH_BANNER_LEN);
		return AUTH_BANNER_LEN;
	}
	memcpy(h->hello, AUTH_BANNER, AUTH_BANNER_LEN);
	h->hello[PURPOSE_AT] = h->purpose;
	store_u32(h->hello + INDEX_AT, ORDER_BIG, h->index);
	memcpy(h->hello + PUBLIC_AT, h->own_public, 32);
	hello_proof(h, h->hello + PROOF_AT);
	memcpy(ret, h->hello, AUTH_HELLO_LEN);
	return AUTH_HELLO_LEN;
}

/* The hello is there: check it, reply. */
static int take_hello(struct auth_hand *h, uint8_t *ret, size_t *ret_len)
{
	uint8_t want[AUTH_HELLO_LEN] = AUTH_BANNER, proof[PROOF_LEN];
	struct auth_secret all;
	int error;

	if (memcmp(h->hello, AUTH_BANNER, AUTH_BANNER_LEN))
		return -EPROTO;
	hello_proof(h, proof);
	want[PURPOSE_AT] = h->purpose;
	store_u32(want + INDEX_AT, ORDER_BIG, h->index);
	/* a right proof for another purpose is none */
	if (sodium_memcmp(proof, h->hello + PROOF_AT, PROOF_LEN) ||
	    memcmp(want, h->hello, PUBLIC_AT))
		return -EACCES;
	memcpy(h->reply, h->own_public, 32);
	error = common(h, &all);
	if (error)
		return error;
	derive(h, &all);
	begin_stream(&h->keys, h->reply + 64);
	reply_proof(h, &all, h->reply + 32);
	sodium_memzero(&all, sizeof(all));
	memcpy(ret, h->reply, AUTH_REPLY_LEN);
	*ret_len = AUTH_REPLY_LEN;
	h->step = SERVER_FINISH;
	return 1;
}

static int take_finish(struct auth_hand *h)
{
	struct auth_secret all;
	uint8_t proof[PROOF_LEN];
	int error = common(h, &all);

	if (error)
		return error;
	finish_proof(h, &all, proof);
	sodium_memzero(&all, sizeof(all));
	if (sodium_memcmp(proof, h->finish, PROOF_LEN))
		return -EACCES;
	h->step = DONE;
	return begin_peer_stream(&h->keys, h->finish + PROOF_LEN);
}

static int take_reply(struct auth_hand *h, uint8_t *ret, size_t *ret_len)
{
	struct auth_secret all;
	uint8_t proof[PROOF_LEN];
	int error;

	/* our own words come back */
	if (!memcmp(h->reply, h->own_public, 32))
		return -EACCES;
	error = common(h, &all);
	if (error)
		return error;
	reply_proof(h, &all, proof);
	if (sodium_memcmp(proof, h->reply + 32, PROOF_LEN)) {
		sodium_memzero(&all, sizeof(all));
		return -EACCES;
	}
	derive(h, &all);
	begin_stream(&h->keys, h->finish + PROOF_LEN);
	finish_proof(h, &all, h->finish);
	sodium_memzero(&all, sizeof(all));
	memcpy(ret, h->finish, AUTH_FINISH_LEN);
	*ret_len = AUTH_FINISH_LEN;
	h->step = DONE;
	return begin_peer_stream(&h->keys, h->reply + 64);
}

/* Where what is expected now goes to, and how much it is. */
static uint8_t *expected(struct auth_hand *h, size_t *ret_len)
{
	switch (h->step) {
	case SERVER_HELLO:
		*ret_len = AUTH_HELLO_LEN;
		return h->hello;
	case SERVER_FINISH:
		*ret_len = AUTH_FINISH_LEN;
		return h->finish;
	case CLIENT_BANNER:
		/* the place is free until the reply comes */
		*ret_len = AUTH_BANNER_LEN;
		return h->reply;
	case CLIENT_REPLY:
		*ret_len = AUTH_REPLY_LEN;
		return h->reply;
	default:
		return NULL;
	}
}

/* All that is expected has come. */
static int advance(struct auth_hand *h, uint8_t *ret, size_t *ret_len)
{
	h->have = 0;
	switch (h->step) {
	case SERVER_HELLO:
		return take_hello(h, ret, ret_len);
	case SERVER_FINISH:
		return take_finish(h);
	case CLIENT_BANNER:
		if (memcmp(h->reply, AUTH_BANNER, AUTH_BANNER_LEN))
			return -EPROTO;
		h->step = CLIENT_REPLY;
		return 1;
	default:
		return take_reply(h, ret, ret_len);
	}
}

int auth_hand_take(struct auth_hand *h, const uint8_t *data, size_t len, size_t *ret_used,
		   uint8_t *ret, size_t *ret_len)
{
	size_t need, part;
	uint8_t *to = expected(h, &need);
	int error;

	*ret_used = *ret_len = 0;
	if (!to)
		return -EPROTO;
	part = len < need - h->have ? len : need - h->have;
	memcpy(to + h->have, data, part);
	h->have += part;
	*ret_used = part;
	/* somebody who means something else is not waited for */
	if ((h->step == SERVER_HELLO || h->step == CLIENT_BANNER) &&
	    memcmp(to, AUTH_BANNER, h->have < AUTH_BANNER_LEN ? h->have : AUTH_BANNER_LEN))
		error = -EPROTO;
	else
		error = h->have < need ? 1 : advance(h, ret, ret_len);
	if (error < 0)
		h->step = FAILED;
	return error;
}

#else

int auth_key_load(const char *path, struct auth_secret *ret, struct err *err)
{
	return err_set(err, -EOPNOTSUPP,
		       "--auth is not possible: trace-cmd was built without libsodium (libsodium-dev)");
}

void auth_hand_init(struct auth_hand *h, const struct auth_secret *secret, bool server,
		    enum auth_purpose purpose, uint32_t index)
{
	memset(h, 0, sizeof(*h));
}

void auth_hand_wipe(struct auth_hand *h)
{
	memset(h, 0, sizeof(*h));
}

int auth_hand_begin(struct auth_hand *h, uint8_t *ret)
{
	return -EOPNOTSUPP;
}

int auth_hand_take(struct auth_hand *h, const uint8_t *data, size_t len, size_t *ret_used,
		   uint8_t *ret, size_t *ret_len)
{
	*ret_used = *ret_len = 0;
	return -EOPNOTSUPP;
}

#endif

/* --- on a socket -------------------------------------------------------------------------------- */

/* These few bytes fit into any socket's buffer. */
static int send_all(int fd, const uint8_t *data, size_t len)
{
	ssize_t n = len ? send(fd, data, len, MSG_NOSIGNAL | MSG_DONTWAIT) : 0;

	return n < 0 && errno != ECONNRESET ? -errno : (size_t)n != len ? -EPIPE : 0;
}

/* What is not read when a socket is closed resets it, and what we said may be lost by that. */
static void discard(int fd)
{
	uint8_t block[4096];
	int i;

	for (i = 0; i < 16 && recv(fd, block, sizeof(block), MSG_DONTWAIT) > 0; i++)
		;
}

int auth_hand_step(struct auth_hand *h, int fd)
{
	uint8_t byte[AUTH_REPLY_LEN], out[AUTH_REPLY_LEN];

	for (;;) {
		size_t used, len;
		/* nothing of what follows the handshake may be taken: look first */
		ssize_t n = recv(fd, byte, sizeof(byte), MSG_DONTWAIT | MSG_PEEK);
		int ret;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? -EAGAIN : errno == ECONNRESET ? -EPIPE : -errno;
		if (!n)
			return -EPIPE;
		ret = auth_hand_take(h, byte, n, &used, out, &len);
		if (used && recv(fd, byte, used, MSG_DONTWAIT) != (ssize_t)used)
			return -EPIPE;
		if (ret < 0) {
			discard(fd);
			return ret;
		}
		if (send_all(fd, out, len))
			return -EPIPE;
		if (!ret)
			return 0;
	}
}

int auth_hand_shake(struct auth_hand *h, int fd, struct deadline d, struct err *err)
{
	uint8_t first[AUTH_HELLO_LEN];
	int ret = auth_hand_begin(h, first);

	if (ret > 0)
		ret = send_all(fd, first, ret);
	while (!ret) {
		ret = auth_hand_step(h, fd);
		if (!ret)
			return 0;
		if (ret == -EAGAIN)
			ret = io_wait(fd, POLLIN, d);
	}
	if (ret == -EPIPE)
		ret = -ECONNRESET;
	return err_set(err, ret, "%s", auth_why(ret));
}
