/*
 * pstacks.h - kernel stacks of a profile: kept once each, shown as trees.
 *
 * Layer 5. A tree begins with the innermost function. What all of a node's stacks go on
 * with is listed below it; where they part, it branches.
 */
#ifndef REPORT_PSTACKS_H
#define REPORT_PSTACKS_H

#include <stdbool.h>

#include "event-parse.h"
#include "report/ptable.h"
#include "report/textout.h"

/* How often something was, and how long it took. */
struct pstats {
	uint64_t count;
	uint64_t total_ns, max_ns, min_ns;
	uint64_t max_ts, min_ts;	/* when the longest and the shortest had ended */
};

void pstats_add(struct pstats *s, uint64_t ns, uint64_t ts);
/* "(ts:SECONDS.MICROSECONDS)" */
void pstats_print_ts(struct textout *out, uint64_t ts);

void pstats_merge(struct pstats *to, const struct pstats *from);

struct pstack {
	uint32_t start, len;		/* in frames */
};

struct pstacks {
	uint64_t *frames;
	uint32_t nr_frames, frames_room;
	struct pstack *list;
	uint32_t list_room;
	struct ptable known;		/* by two hashes of their frames */
};

#define PSTACK_FRAMES	1024		/* the innermost ones of a stack that are kept */

/*
 * The number of the stack of @len frames at @frames. PTABLE_NONE: out of memory, or no frames.
 */
uint32_t pstacks_number(struct pstacks *s, const uint64_t *frames, uint32_t len);
void pstacks_release(struct pstacks *s);

/* A stack and what came with it. */
struct pstack_use {
	uint32_t stack;
	uint32_t next;			/* of the same entry, + 1 */
	struct pstats stats;
};

/* Uses whose stacks are the same up to some depth. */
struct pstack_node {
	struct pstack_use *uses;
	uint32_t nr_uses;
	uint64_t address;		/* of their frame there */
	struct pstats stats;
};

/* Bring @n uses into an order that keeps together what has the same frames. */
void pstacks_sort(const struct pstacks *s, struct pstack_use *uses, uint32_t n);

/*
 * Part sorted uses by their frame at @depth into @nodes, which may be NULL to count them; those
 * whose stacks end before it are left out. The number of nodes.
 */
uint32_t pstacks_part(const struct pstacks *s, struct pstack_use *uses, uint32_t n, uint32_t depth,
		      struct pstack_node *nodes);

/* The same nodes on the heap, the longest time first, then the most often. NULL: out of memory. */
struct pstack_node *pstacks_nodes(const struct pstacks *s, struct pstack_use *uses, uint32_t n,
				  uint32_t depth, uint32_t *ret_count);

/*
 * The only node at @depth, if all @n uses have it. False: they part there, or some end.
 */
bool pstacks_only(const struct pstacks *s, struct pstack_use *uses, uint32_t n, uint32_t depth,
		  struct pstack_node *ret);

/* Show @n uses as a tree; their order gets changed. 0; -ENOMEM. */
int pstacks_print(const struct pstacks *s, struct pstack_use *uses, uint32_t n,
		  struct tep_handle *tep, struct textout *out);

#endif
