/*
 * order.h - the events of many ring buffers in the order of time, while they come.
 *
 * Layer 5. An event may be given out once everything earlier has been read. All CPUs are
 * looked at again and again; what happened before the end of one look has been read by the end
 * of the next, wherever it happened. So an event waits for the end of the look after
 * the one that read it, and at least @hold_ns, for clocks of CPUs that are not quite the same.
 * A CPU that could not be read to its end holds up what is later than its own last event.
 */
#ifndef LIVE_ORDER_H
#define LIVE_ORDER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/heap.h"
#include "live/source.h"

struct live_order {
	struct live_source *source;
	unsigned int count, alloc;
	struct heap heap;	/* sources with an event ahead, by its time */
	bool taken;		/* the first one's event was given out */
	bool held;		/* the user of it has to wait with that */
	uint64_t newest_ns;	/* of all that was read */
	uint64_t mark_ns;	/* the same at a moment some looks ago */
	int64_t marked_ns;	/* that moment, CLOCK_MONOTONIC */
	int64_t hold_ns;
	uint64_t settled_ns;	/* of CPUs read to their end, nothing unread is earlier */
	uint64_t limit_ns;	/* of all: events up to this time may be given out */
	bool full;		/* a source reads no more before something is given out */
	bool ended;
};

void live_order_init(struct live_order *o, int64_t hold_ns);
void live_order_release(struct live_order *o);

/*
 * Add a source as for live_source_init(); @fd is taken over, also on failure. Equal times
 * come in the order of adding. 0; -ENOMEM.
 */
int live_order_add(struct live_order *o, unsigned int buffer, unsigned int cpu, int fd,
		   uint32_t page_size, const struct in_timeline *timeline);

/* Look at all sources once; @now_ns: CLOCK_MONOTONIC. 0; -errno. */
int live_order_look(struct live_order *o, int64_t now_ns);

/* Tracing is off: the looks that follow read each source to its end, and no event waits. */
void live_order_end(struct live_order *o);

/* True if there is more to read or to be given out right now; what is held is not. */
bool live_order_busy(const struct live_order *o);

/*
 * The source of the next event, which is in its ev and time. NULL: it has to wait, or there
 * is none. Valid until the next call.
 */
struct live_source *live_order_next(struct live_order *o);

/* The event that live_order_next() has just given is to be given again. */
void live_order_hold(struct live_order *o);

#endif
