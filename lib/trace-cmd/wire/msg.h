/*
 * msg.h - the messages of protocol 3, between structs and bytes.
 *
 * Layer 1, pure. One table gives each command's number, name and sizes. All
 * integers are big endian. Decoding checks every length; a longer fixed part
 * than known is skipped, a shorter one is zero-filled unless a field in
 * it is needed.
 */
#ifndef WIRE_MSG_H
#define WIRE_MSG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/cursor.h"

#define MSG_HEADER_LEN	12
#define MSG_MAX_LEN	8192
#define MSG_MAX_DATA	(MSG_MAX_LEN - MSG_HEADER_LEN)	/* of SEND_DATA */
#define MSG_MAX_CPUS	4096
#define TSYNC_NAME_LEN	16			/* NUL included */

enum msg_cmd {
	MSG_CLOSE, MSG_TINIT, MSG_RINIT, MSG_SEND_DATA, MSG_FIN_DATA, MSG_NOT_SUPP,
	MSG_TRACE_REQ, MSG_TRACE_RESP, MSG_CLOSE_RESP, MSG_TIME_SYNC, MSG_TRACE_PROXY, MSG_CONT,
	MSG_COUNT
};

/* A received message; all pointers lead into the receiver's buffer. */
struct msg {
	uint32_t cmd;
	const uint8_t *fixed;
	size_t fixed_len;
	const uint8_t *var;
	size_t var_len;
};

const char *msg_name(uint32_t cmd);

/*
 * Length of the message that starts with these 12 bytes. 0; -EBADMSG (size < 12
 * or > 8192, or cmd_size > size - 12).
 */
int msg_parse_header(const uint8_t header[MSG_HEADER_LEN], size_t *ret_len);

/*
 * A whole message, @len as told by msg_parse_header(). 0; -EBADMSG; -ENOTSUP an
 * unknown command with a body.
 */
int msg_parse(const uint8_t *data, size_t len, struct msg *ret);

/* Append a message. 0; -EMSGSIZE beyond MSG_MAX_LEN. */
int msg_put(struct buf *b, uint32_t cmd, const void *fixed, size_t fixed_len,
	    const void *var, size_t var_len);

/* --- TRACE_REQ, TRACE_PROXY ---------------------------------------------- */

#define TRACE_REQ_FL_FIFOS 1

/* Ids of parameters. Those from 0x7473 on are ours; others skip them. */
enum {
	MSG_PARAM_ARGS = 0,
	MSG_PARAM_TSYNC_PROTOS = 1,
	/* u32be TSYNC_REQ_*: how the agent's end shall synchronise */
	MSG_PARAM_TSYNC_FLAGS = 0x74730001,
};
#define TSYNC_REQ_CHOOSE	1	/* the bits below count, not the agent's defaults */
#define TSYNC_REQ_FASTEST	2	/* fastest response, else histogram */
#define TSYNC_REQ_MARKER	4	/* ftrace markers, else CLOCK_MONOTONIC_RAW */
#define TSYNC_REQ_REPORT	8	/* send the guest's stamps after each OFFSET */
#define TSYNC_REQ_BOUNDS	16	/* the middle of the bounds, not what TSYNC_REQ_FASTEST says */

/* TRACE_PROXY is a request of a guest to its host, with two more fields. */
struct msg_trace_req {
	bool proxy;		/* TRACE_PROXY */
	uint32_t nr_cpus;	/* of who asks; as sent: any number. TRACE_REQ: 0 */
	uint32_t siblings;	/* how many guests it knows beside itself; nobody uses it */
	uint32_t flags;
	uint64_t trace_id;
	char **argv;		/* heap, NULL-terminated, may be NULL */
	int argc;
	char **protos;		/* likewise; a name of more than 15 characters is refused */
	int nr_protos;
	bool has_tsync_flags;
	uint32_t tsync_flags;
};

void msg_trace_req_release(struct msg_trace_req *r);
/* MSG_TRACE_REQ or MSG_TRACE_PROXY. 0; -EBADMSG; -ENOMEM. */
int msg_trace_req_parse(const struct msg *m, struct msg_trace_req *ret);
/* 0; -EMSGSIZE; -EINVAL a protocol name that is empty or too long; b->error. */
int msg_trace_req_put(struct buf *b, const struct msg_trace_req *r);

/* --- TRACE_RESP --------------------------------------------------------- */

#define TRACE_RESP_FL_FIFOS		1
#define TRACE_RESP_FL_TSYNC_REPORT	0x10000	/* ours: TSYNC_REQ_REPORT was understood */
#define TRACE_RESP_FL_PROXY		0x20000	/* ours: a proxy will do what TRACE_PROXY asks for */

struct msg_trace_resp {
	uint32_t flags;
	uint32_t nr_cpus;	/* 1..MSG_MAX_CPUS */
	uint32_t page_size;	/* power of two */
	uint64_t trace_id;
	char tsync_proto[TSYNC_NAME_LEN];	/* always terminated; "" = none */
	uint32_t tsync_port;
	uint32_t *ports;	/* heap, one a CPU; 0 only with TRACE_REQ_FL_FIFOS */
};

void msg_trace_resp_release(struct msg_trace_resp *r);
/* _parse: 0; -EBADMSG; -ENOMEM. _put: 0; -EMSGSIZE too many CPUs; -EINVAL; b->error. */
int msg_trace_resp_parse(const struct msg *m, struct msg_trace_resp *ret);
int msg_trace_resp_put(struct buf *b, const struct msg_trace_resp *r);

/* --- TIME_SYNC ---------------------------------------------------------- */

struct msg_tsync {
	char proto[TSYNC_NAME_LEN];	/* always terminated */
	uint32_t id;
	const uint8_t *data;		/* payload */
	size_t len;
};

/* _parse: 0; -EBADMSG. _put: 0; -EMSGSIZE; -EINVAL a name that is empty or too long; b->error. */
int msg_tsync_parse(const struct msg *m, struct msg_tsync *ret);
int msg_tsync_put(struct buf *b, const char *proto, uint32_t id, const void *data, size_t len);

#endif
