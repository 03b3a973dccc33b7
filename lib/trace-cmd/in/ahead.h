/*
 * ahead.h - compressed chunks that are unpacked before a walk comes to them, by other threads.
 *
 * Layer 2. Who walks from chunk to chunk has those that follow put into a queue, from which any
 * thread takes them; when the walk is there it finds them unpacked, or unpacks them itself. What
 * fails is tried again by the walk, so that it is noted where and as it would be without other
 * threads. All but in_ahead_work() is for the thread that walks.
 */
#ifndef IN_AHEAD_H
#define IN_AHEAD_H

#include <pthread.h>
#include <stdbool.h>

#include "in/chunks.h"

#define IN_AHEAD_DEPTH	4		/* chunks of a CPU, at most */
#define IN_AHEAD_EACH	(160u << 10)	/* bytes of a CPU's chunks, */
#define IN_AHEAD_BYTES	(2u << 20)	/* and these, divided among all CPUs */
#define IN_AHEAD_AFTER	4		/* chunks that are walked first: threads cost more than a few */

struct in_ahead_cpu;

/* A chunk that somebody else is to unpack. */
struct in_piece {
	struct in_piece *next;		/* in the queue */
	const struct in_data *data;
	const struct in_chunk_pos *pos;
	struct in_chunk *chunk;
	enum { IN_PIECE_WAITS, IN_PIECE_RUNS, IN_PIECE_GOOD, IN_PIECE_FAILED } state;
};

/* What threads unpack with, when they don't. */
struct in_ahead_tools {
	struct in_ahead_tools *next;
	const struct zip_algo *algo;
	struct in_unpack unpack;
};

struct in_ahead {
	void (*more)(void *data);	/* called for each piece that is put into the queue */
	void *more_data;
	struct in_data **data;		/* all that were added */
	unsigned int nr_data;
	unsigned int nr_cpus;		/* of them, with chunks that somebody can unpack */
	unsigned int depth;		/* chunks of a CPU at a time */
	unsigned int walked;		/* chunks so far, up to IN_AHEAD_AFTER */
	pthread_mutex_t lock;		/* of all that follows, and of the states of pieces */
	pthread_cond_t done;		/* a piece is */
	struct in_piece *first, *last;	/* that wait */
	struct in_ahead_tools *tools;	/* that nobody uses */
};

/* For @threads threads besides the one that walks. NULL: out of memory. */
struct in_ahead *in_ahead_new(unsigned int threads, void (*more)(void *data), void *data);

/* Let what is walked of @d be unpacked ahead, until in_ahead_free(), if it is compressed. 0; -ENOMEM. */
int in_ahead_add(struct in_ahead *a, struct in_data *d);

/* When nobody is in in_ahead_work() any more, and before the data is closed. NULL is fine. */
void in_ahead_free(struct in_ahead *a);

/* In any thread: unpack a piece. False: there is none. */
bool in_ahead_work(struct in_ahead *a);

/* --- for pages.c --- */

/* The chunk at @pos, the caller's from now on, if it is unpacked or about to be; or NULL. */
struct in_chunk *in_ahead_take(struct in_data *d, unsigned int cpu, const struct in_chunk_pos *pos);

/* A walk has the chunk at @pos now, and goes on behind it. */
void in_ahead_go_on(struct in_data *d, unsigned int cpu, const struct in_chunk_pos *pos);

/* Drop all chunks of @d that were unpacked ahead. */
void in_ahead_drop(struct in_data *d);

#endif
