/*
 * tinit.h - how record and a listener begin: the greeting in text, TINIT and RINIT.
 *
 * Layer 1, pure. The listener says "tracecmd". A client of protocol 3 answers with its
 * version, gets ours, sends a magic number, gets "OK", and goes on with messages. One of
 * protocol 1 answers with the number of its CPUs, the page size and options, all in text,
 * gets the ports in text, and goes on with bare bytes.
 */
#ifndef WIRE_TINIT_H
#define WIRE_TINIT_H

#include "wire/msg.h"

#define GREET_HELLO		"tracecmd"	/* listener; without a NUL */
#define GREET_HELLO_LEN		8
#define GREET_VERSION		"-1V3"		/* client; with its NUL */
#define GREET_REPLY		"V3"		/* listener; with its NUL */
#define GREET_REPLY_LEN		3
#define GREET_MAGIC		"766679\0"	/* client; with two NULs */
#define GREET_MAGIC_LEN		8
#define GREET_OK		"OK"		/* listener; without a NUL */
#define GREET_OK_LEN		2

/* A UDP datagram holds a sub-buffer of at most this many bytes. */
#define TINIT_DATAGRAM_MAX	65507

/* What a client wants. */
struct tinit {
	uint32_t nr_cpus;	/* 1..MSG_MAX_CPUS */
	uint32_t page_size;	/* sub-buffer, bytes: power of two, 4 KiB to 16 MiB */
	bool tcp;		/* data over TCP; */
	bool vsock;		/* over vsock; neither: over UDP */
};

/*
 * _parse: 0; -EBADMSG; -EOPNOTSUPP a page that no datagram can hold. Unknown options are
 * passed over. _put: 0; b->error.
 */
int tinit_parse(const struct msg *m, struct tinit *ret);
int tinit_put(struct buf *b, const struct tinit *t);

/*
 * One port a CPU. _parse fills in @ports, of @nr_cpus entries: 0; -EBADMSG, also if there
 * are more or fewer. _put: 0; -EMSGSIZE too many CPUs; b->error.
 */
int rinit_parse(const struct msg *m, uint32_t *ports, uint32_t nr_cpus);
int rinit_put(struct buf *b, const uint32_t *ports, uint32_t nr_cpus);

/* --- the listener's view of the text ------------------------------------------ */

#define GREET_TEXT_MAX	64	/* bytes of one text, NUL included */

enum greet_event {
	GREET_MORE,		/* nothing to do before the next byte */
	GREET_SEND_REPLY,	/* send GREET_REPLY */
	GREET_SEND_OK,		/* send GREET_OK; messages follow */
	GREET_SEND_PORTS,	/* protocol 1: want is complete, send the ports */
};

/* Bytes are put in one by one, so that none of what follows is taken. */
struct greet {
	int state;
	char text[GREET_TEXT_MAX];
	size_t len;
	char unknown[GREET_TEXT_MAX];	/* a version we don't know, heard once */
	uint32_t options, option_len;	/* still to come */
	struct tinit want;		/* protocol 1 */
};

#define GREET_INIT { 0 }

/*
 * The next byte of the client. A greet_event; -EBADMSG nonsense; -EPROTONOSUPPORT a version
 * we don't speak, twice; -EOPNOTSUPP an option we don't know, or a page that no datagram can hold.
 */
int greet_byte(struct greet *g, uint8_t byte);

/* --- the client's view of protocol 1 ------------------------------------------- */

/* What a client says after the hello. 0; b->error. */
int greet_put_v1(struct buf *b, const struct tinit *t);

/* "1500,1501" as @nr_cpus ports. 0; -EBADMSG. */
int greet_ports_parse(const char *text, uint32_t *ports, uint32_t nr_cpus);
/* The same, written, with its NUL. */
int greet_ports_put(struct buf *b, const uint32_t *ports, uint32_t nr_cpus);

#endif
