/*
 * handle.h - what the public struct tracecmd_input is: one buffer of an open file,
 * with the parser and the positions on its CPUs.
 *
 * Layer 2, the top of in/: the functions of the public header only check
 * their arguments and call these.
 */
#ifndef IN_HANDLE_H
#define IN_HANDLE_H

#include <pthread.h>
#include <stdbool.h>

#include "trace-cmd.h"
#include "in/file.h"
#include "in/formats.h"
#include "in/ksyms.h"
#include "in/filter.h"
#include "in/record.h"
#include "in/stream.h"
#include "in/text.h"
#include "in/time.h"
#include "in/types.h"
#include "in/vmap.h"

typedef int (*in_record_fn)(struct tracecmd_input *handle, struct tep_record *rec, int cpu,
			    void *data);
typedef int (*in_follow_fn)(struct tracecmd_input *handle, struct tep_event *event,
			    struct tep_record *rec, int cpu, void *data);

struct in_follower {
	struct in_follower *next;
	struct tep_event *event;	/* NULL: for missed events */
	in_follow_fn fn;
	void *data;
};

/* A CPU's position. */
struct in_position {
	struct in_stream stream;
	const struct timeshift_cpu *shift;	/* as in_timeline_cpu() */
};

struct in_iterate;

struct tracecmd_input {
	unsigned int refs;
	struct tracecmd_input *parent;	/* of an instance: a reference; else NULL */
	struct in_file *file;		/* a reference */
	const struct in_buffer *buffer;	/* NULL: the file has no top buffer */
	int flags;			/* enum tracecmd_open_flags */
	struct tep_handle *tep;		/* of a file, once it was asked for: in_handle_tep() */
	struct tep_plugin_list *plugins;
	struct in_formats formats;	/* of a file: those that tep doesn't have yet */
	struct in_ksyms *ksyms;		/* of a file, once it was asked for: in_handle_ksyms() */
	struct in_types types;		/* of a file: in_types_get() */
	struct in_file *same;		/* of a file: a reference to one that in_handle_same_events() was true of */
	pthread_mutex_t *guard;		/* of a file: around what asks tep while others may; or NULL */
	const struct in_iterate *peers;	/* of a file: the handles that are read with it, now */
	unsigned int nr_cpus;
	bool ready;			/* in_handle_init() was called */
	struct in_data *data;		/* NULL: text, no buffer, or not ready */
	struct in_position *cpus;	/* nr_cpus, if data */
	struct in_stream probe;		/* for reading at a key */
	struct in_timeline timeline;
	struct in_record_pool *pool;
	struct in_text text;		/* a latency tracer's */
	struct in_filters filters;
	struct in_follower *followers;	/* of events */
	struct in_follower *missed_followers;
	bool watched;			/* there are filters, or followers of events */
	struct in_vmap vmap;
	void *private;
};

/* How a handle is opened: exactly one of @path and @fd (path NULL). */
struct in_open {
	const char *path;
	int fd;
	int flags;		/* enum tracecmd_open_flags */
	bool head;		/* metadata only */
};

/* The handle of the file that @h belongs to. */
static inline struct tracecmd_input *in_handle_file(struct tracecmd_input *h)
{
	while (h->parent)
		h = h->parent;
	return h;
}

/* As in_file_open(), and -ENOMEM. */
int in_handle_open(const struct in_open *how, struct tracecmd_input **ret_handle, struct err *err);

/* Prepare reading data. 0; -EBUSY done before; -ENOMEM. */
int in_handle_init(struct tracecmd_input *h);

/* A handle for the @i-th instance. 0; -EINVAL; -ENOMEM. */
int in_handle_instance(struct tracecmd_input *h, unsigned int i, struct tracecmd_input **ret_handle);

void in_handle_unref(struct tracecmd_input *h);

/* The @i-th buffer besides the top one, NULL out of range. */
const struct in_buffer *in_handle_buffer(const struct tracecmd_input *h, unsigned int i);

/*
 * The parser with the file's metadata, which takes longer to make than all else when a
 * file is opened: so it is made when first asked for. NULL with errno: out of memory.
 */
struct tep_handle *in_handle_tep(struct tracecmd_input *h);

/*
 * Have the parser know the event @id (negative: all events), if the file was opened so that it
 * learns them later. 0; -ENOMEM.
 */
int in_handle_formats(struct tracecmd_input *h, int id);

/* The same for all events that a filter, of which this is the text, may be about. */
int in_handle_formats_named(struct tracecmd_input *h, const char *filter);

/*
 * Let the file of @h know the handles that are read with it by @it, or (@peers NULL) not any more. An
 * iteration in a callback of another one leaves that as it is.
 */
void in_handle_set_peers(struct tracecmd_input *h, const struct in_iterate *it,
			 const struct in_iterate *peers);

/*
 * The file's functions, likewise; those of a file that is read with it if their texts are the
 * same. NULL with errno: out of memory.
 */
struct in_ksyms *in_handle_ksyms(struct tracecmd_input *h);

/*
 * True if the files of both describe events and functions in the same bytes, and are parsed alike. That is
 * remembered for @h.
 */
bool in_handle_same_events(struct tracecmd_input *h, struct tracecmd_input *other);

/*
 * Take the functions from @text, which is owned from now on, instead of those of the file. 0;
 * -EBUSY: they have been asked for; -ENOMEM.
 */
int in_handle_set_ksyms(struct tracecmd_input *h, struct buf *text);

/* A new record of an event of @cpu. NULL: out of memory. */
struct tep_record *in_handle_record(struct tracecmd_input *h, unsigned int cpu,
				    const struct in_event *ev);

/* The position of @cpu, NULL if there is no such CPU or the data isn't prepared. */
struct in_position *in_handle_position(struct tracecmd_input *h, int cpu);

/* The record with @key, wherever; positions stay. NULL: none. */
struct tep_record *in_handle_record_at(struct tracecmd_input *h, uint64_t key, int *ret_cpu);

/* The earliest of the first times of all CPUs, 0 if there is none. */
uint64_t in_handle_first_time(struct tracecmd_input *h);

/* True if times count ns after all corrections. */
bool in_handle_time_is_ns(const struct tracecmd_input *h);

/* Call @fn for @event's records; NULL: for those after missed events. 0; -ENOMEM. */
int in_handle_follow(struct tracecmd_input *h, struct tep_event *event, in_follow_fn fn, void *data);

#endif
