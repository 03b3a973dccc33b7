/*
 * printer.c - see printer.h. Layer 2.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "fmt/entry.h"
#include "fmt/nested.h"
#include "fmt/plan.h"
#include "fmt/printer.h"
#include "trace-seq.h"

#define IDS		65536	/* an id has 16 bits */
#define PIDS		(1 << 22)	/* the most that Linux gives */
#define MANY_NAMES	(1 << 16)	/* before libtraceevent must settle them */

/* What is compiled, of the printers of one file or of several that are alike. */
struct compiled {
	unsigned int refs;		/* whole printers */
	pthread_mutex_t lock;		/* of the arena, and of what is added to entries */
	struct arena arena;
	struct entry *entries[IDS];
};

struct printer {
	struct printer *whole;		/* NULL: this one */
	pthread_mutex_t lock;		/* of the whole one: around libtraceevent */
	struct tep_handle *tep;
	unsigned int flags;
	bool swap, native;		/* byte order; native: as libtraceevent sees it, too */
	struct compiled *compiled;
	struct entry **entries;		/* its */
	struct plan_memory *memory;	/* own, or that of a share in the same thread */
	struct plan_memory own;
	uint8_t *named;			/* a bit for each pid whose name is settled */
	unsigned int told;		/* names that were taken */
	struct nest nest;		/* of the function tracer */
	struct trace_seq seq;
	uint8_t *scratch;		/* a record as libtraceevent gets it */
	size_t scratch_size;
	unsigned long long plans, others;
};

static struct compiled *compiled_new(void)
{
	struct compiled *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->refs = 1;
	pthread_mutex_init(&c->lock, NULL);
	return c;
}

static void compiled_unref(struct compiled *c)
{
	if (!c || --c->refs)
		return;
	arena_release(&c->arena);
	pthread_mutex_destroy(&c->lock);
	free(c);
}

struct printer *printer_new(struct tep_handle *tep, unsigned int flags)
{
	struct printer *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->tep = tep;
	p->flags = flags;
	p->swap = value_swapped(tep);
	p->native = !p->swap && tep_is_file_bigendian(tep) == tep_is_local_bigendian(tep);
	pthread_mutex_init(&p->lock, NULL);
	trace_seq_init(&p->seq);
	p->compiled = compiled_new();
	p->named = calloc(PIDS / 8, 1);
	p->memory = &p->own;
	if (!p->compiled || !p->named || plan_memory_init(&p->own, tep, &p->lock)) {
		printer_free(p);
		return NULL;
	}
	p->entries = p->compiled->entries;
	return p;
}

void printer_free(struct printer *p)
{
	if (!p)
		return;
	trace_seq_destroy(&p->seq);
	free(p->scratch);
	nest_release(&p->nest);
	plan_memory_release(&p->own);
	if (!p->whole) {
		compiled_unref(p->compiled);
		free(p->named);
		pthread_mutex_destroy(&p->lock);
	}
	free(p);
}

struct printer *printer_share(struct printer *p)
{
	struct printer *share = calloc(1, sizeof(*share));

	if (!share)
		return NULL;
	share->whole = p;
	share->tep = p->tep;
	share->flags = p->flags;
	share->swap = p->swap;
	share->native = p->native;
	share->compiled = p->compiled;
	share->entries = p->entries;
	share->memory = &share->own;
	trace_seq_init(&share->seq);
	if (plan_memory_init(&share->own, p->tep, &p->lock)) {
		printer_free(share);
		return NULL;
	}
	return share;
}

bool printer_join(struct printer *p, struct printer *other)
{
	if (p->flags != other->flags || p->swap != other->swap || p->native != other->native ||
	    !p->whole != !other->whole)
		return false;
	if (p->whole) {
		if (p->compiled != other->compiled)
			return false;
		plan_memory_release(&p->own);
		p->memory = other->memory;
		return true;
	}
	other->compiled->refs++;
	compiled_unref(p->compiled);
	p->compiled = other->compiled;
	p->entries = p->compiled->entries;
	return true;
}

pthread_mutex_t *printer_mutex(struct printer *p)
{
	return p->whole ? &p->whole->lock : &p->lock;
}

void printer_lock(struct printer *p)
{
	pthread_mutex_lock(printer_mutex(p));
}

void printer_unlock(struct printer *p)
{
	pthread_mutex_unlock(printer_mutex(p));
}

/* --- events ------------------------------------------------------------------- */

static struct entry *entry_new_of(struct printer *p, const struct tep_event *event,
				  struct tep_record *record, int *ret_error)
{
	struct entry *e;
	uint16_t id16;
	int id;

	*ret_error = -EBADMSG;
	if (record->size < COMMON_SIZE)
		return NULL;
	if (event) {
		id = event->id;
	} else if (p->native) {
		memcpy(&id16, record->data, sizeof(id16));
		id = id16;
	} else {
		id = tep_data_type(p->tep, record);
	}
	*ret_error = -ENOENT;
	if (id < 0 || id >= IDS)
		return NULL;
	e = p->entries[id];
	if (e)
		return e;
	printer_lock(p);
	if (!event)
		event = tep_find_event(p->tep, id);
	if (event) {
		*ret_error = -ENOMEM;
		pthread_mutex_lock(&p->compiled->lock);
		p->entries[id] = entry_new(&p->compiled->arena, (struct tep_event *)event, p->flags);
		pthread_mutex_unlock(&p->compiled->lock);
	}
	printer_unlock(p);
	return p->entries[id];
}

/* The entry of a record's event, made if need be. NULL with @ret_error: there is none. */
static inline struct entry *entry_of(struct printer *p, const struct tep_event *event,
				     struct tep_record *record, int *ret_error)
{
	struct entry *e;
	uint16_t id16;

	if (!event && p->native && record->size >= COMMON_SIZE) {
		memcpy(&id16, record->data, sizeof(id16));
		e = p->entries[id16];
		if (e)
			return e;
	}
	return entry_new_of(p, event, record, ret_error);
}

/* --- printing --------------------------------------------------------------- */

static inline bool is_settled(const struct printer *p, int pid)
{
	return (unsigned int)pid >= PIDS || p->named[pid / 8] >> pid % 8 & 1;
}

/*
 * The plugins tell libtraceevent the names of tasks on the way; so do we, and as often:
 * until it is first asked for a name it takes several for one task, and which of them it
 * gives then depends on all that came. After that it refuses a second name. A trace of the
 * idle task alone never asks: at some point we do.
 */
static void tell_new_names(struct printer *p, const struct entry *e, const struct fmt_record *r)
{
	const struct native_field *comms[2];
	unsigned int i, n;
	int pids[2];

	n = native_tasks(&e->native, r, pids, comms);
	for (i = 0; i < n; i++) {
		char comm[257];
		size_t len;

		if (is_settled(p, pids[i]))
			continue;
		len = strnlen((const char *)r->data + comms[i]->offset, comms[i]->size);
		memcpy(comm, r->data + comms[i]->offset, len);
		comm[len] = '\0';
		printer_lock(p);
		if (tep_register_comm(p->tep, comm, pids[i]))
			p->named[pids[i] / 8] |= 1 << pids[i] % 8;
		else if (++p->told == MANY_NAMES)
			tep_data_comm_from_pid(p->tep, pids[i]);
		printer_unlock(p);
	}
}

/* Most records are of tasks that have their names. */
static inline void tell_names(struct printer *p, const struct entry *e, const struct fmt_record *r)
{
	const struct native *n = &e->native;

	if (native_has_tasks(n) &&
	    (!is_settled(p, (int)native_read(n, r, &n->pid)) ||
	     (n->kind == NATIVE_SWITCH && !is_settled(p, (int)native_read(n, r, &n->next_pid)))))
		tell_new_names(p, e, r);
}

/*
 * @record with zeros behind it, as libtraceevent gets it, which looks for the end of a string
 * and takes arrays to be whole. 0; -ENOMEM.
 */
static int scratch_copy(struct printer *p, const struct entry *e, struct tep_record *record)
{
	uint32_t len = record->size, full = len > e->full_size ? len : e->full_size;
	size_t size = (size_t)full + guards_tail(&e->guards, full);

	if (size > p->scratch_size) {
		uint8_t *more = realloc(p->scratch, size);

		if (!more)
			return -ENOMEM;
		p->scratch = more;
		p->scratch_size = size;
	}
	memcpy(p->scratch, record->data, len);
	memset(p->scratch + len, 0, size - len);
	record->data = p->scratch;
	return 0;
}

/* The fields, without what the print format has to say about them. */
static void print_fields(struct printer *p, struct entry *e, const struct tep_record *record)
{
	/* the entry's may be another file's, whose parser others may be asking now */
	struct tep_event *event = tep_find_event(p->tep, e->event->id);
	struct tep_format_field *f;

	for (f = event ? event->format.fields : NULL; f; f = f->next) {
		trace_seq_printf(&p->seq, " %s=", f->name);
		tep_print_field(&p->seq, record->data, f);
	}
}

static int print_other(struct printer *p, struct entry *e, const struct tep_record *record,
		       struct text *out)
{
	bool raw = e->event->flags & TEP_EVENT_FL_PRINTRAW;
	struct fmt_record r = { .size = record->size };
	struct tep_record copy = *record;

	if (r.size > FULL_SIZE_MAX)
		return -EBADMSG;
	if (scratch_copy(p, e, &copy))
		return -ENOMEM;
	r.data = copy.data;
	if (r.size < e->guard_size ||
	    !guards_pass(&e->guards, &r, r.size > e->full_size ? r.size : e->full_size))
		return -EBADMSG;
	trace_seq_reset(&p->seq);
	printer_lock(p);
	if (e->guards.unsafe)
		print_fields(p, e, &copy);
	else
		tep_print_event(p->tep, &p->seq, &copy, "%s",
				raw ? TEP_PRINT_INFO_RAW : TEP_PRINT_INFO);
	printer_unlock(p);
	trace_seq_terminate(&p->seq);
	text_add(out, p->seq.buffer, p->seq.len);
	p->others++;
	return out->error ? -ENOMEM : 0;
}

/* By the plan, at @to. Returns the end; NULL: it can't be said. */
static inline char *put_plan(struct printer *p, struct entry *e, struct fmt_record *r, char *to)
{
	if (e->native.kind != NATIVE_NONE)
		to = native_run(&e->native, &p->memory->symbols, r, to);
	return to ? plan_run(e->plan, p->memory, r, to) : NULL;
}

/* The same. False: nothing was printed. */
static bool print_plan(struct printer *p, struct entry *e, struct fmt_record *r, struct text *out)
{
	char *to = text_reserve(out, native_room(&e->native, r) + plan_room(e->plan, r));

	to = to ? put_plan(p, e, r, to) : NULL;
	if (!to)
		return false;
	text_commit(out, to);
	return true;
}

/* Both ways; the plan goes if it is wrong. */
static int print_checked(struct printer *p, struct entry *e, struct tep_record *record,
			 struct fmt_record *r, struct text *out)
{
	size_t start = out->len, middle;
	bool said = print_plan(p, e, r, out);
	int ret;

	middle = out->len;
	ret = print_other(p, e, record, out);
	if (ret)
		return ret;
	native_learn(&e->native, r, out->data + middle, out->len - middle);
	if (!said)
		return 0;
	if (out->len - middle != middle - start ||
	    memcmp(out->data + start, out->data + middle, middle - start)) {
		e->plan = NULL;
		memmove(out->data + start, out->data + middle, out->len - middle);
		out->len -= middle - start;
		return 0;
	}
	out->len = middle;
	if (!--e->checks)
		entry_set_ready(e);
	return 0;
}

/* Of the function tracer: the nest is kept from the first record on, also while the plugin prints. */
static int print_function(struct printer *p, struct entry *e, struct tep_record *record,
			  struct text *out)
{
	struct symbols *symbols = &p->memory->symbols;
	size_t start = out->len;
	int ret;

	if (e->checks && nested_agrees(&e->native, p->tep, symbols, record))
		e->checks = 0;
	ret = nested_print(&e->native, &p->nest, symbols, record, out);
	if (ret == -ENOMEM)
		return ret;
	if (!ret && !e->checks) {
		p->plans++;
		return out->error ? -ENOMEM : 0;
	}
	out->len = start;
	if (e->checks && !--e->checks)
		e->plan = NULL;
	return print_other(p, e, record, out);
}

bool printer_ready(struct printer *p, struct tep_record *record)
{
	struct fmt_record r = { .data = record->data, .size = record->size };
	int error;
	struct entry *e = entry_of(p, NULL, record, &error);

	if (!e || r.size < e->ready_size || !arrays_sound(e, record, p->swap))
		return false;
	if (!native_has_tasks(&e->native))
		return true;
	if (!native_can(&e->native, &r))
		return false;
	tell_names(p, e, &r);
	return true;
}

/* What printer_ready() has passed. */
static int print_share(struct printer *p, struct entry *e, struct tep_record *record,
		       struct fmt_record *r, struct text *out)
{
	if (print_plan(p, e, r, out)) {
		p->plans++;
		return out->error ? -ENOMEM : 0;
	}
	return print_other(p, e, record, out);
}

ssize_t printer_put(struct printer *p, struct tep_record *record, char *to, size_t size)
{
	struct fmt_record r = { .data = record->data, .size = record->size };
	int error;
	struct entry *e = entry_of(p, NULL, record, &error);
	char *end;

	if (!e || !e->plan || e->room + (uint64_t)e->room_each * r.size > size)
		return -ENOSPC;
	end = put_plan(p, e, &r, to);
	if (!end)
		return -ENOSPC;
	p->plans++;
	return end - to;
}

int printer_print(struct printer *p, const struct tep_event *event, struct tep_record *record,
		  struct text *out)
{
	struct fmt_record r = { .data = record->data, .size = record->size };
	int error;
	struct entry *e = entry_of(p, event, record, &error);

	if (!e)
		return error;
	if (p->whole)
		return print_share(p, e, record, &r, out);
	if (!record_sound(e, record, p->swap))
		return -EBADMSG;
	if (!e->plan || r.size < e->plan_size)
		return print_other(p, e, record, out);
	if (e->native.kind == NATIVE_FUNCTION)
		return print_function(p, e, record, out);
	if (e->checks)
		return print_checked(p, e, record, &r, out);
	if (print_plan(p, e, &r, out)) {
		if (e->native.kind != NATIVE_NONE)
			tell_names(p, e, &r);
		p->plans++;
		return out->error ? -ENOMEM : 0;
	}
	r.punt = false;
	error = print_other(p, e, record, out);
	if (!error && e->native.kind == NATIVE_SWITCH) {
		size_t len = strlen(p->seq.buffer);

		native_learn(&e->native, &r, p->seq.buffer, len);
	}
	return error;
}

bool printer_has_plan(struct printer *p, const struct tep_event *event)
{
	struct tep_record record = { .size = COMMON_SIZE };
	int error;
	const struct entry *e = entry_of(p, event, &record, &error);

	return e && e->plan;
}

void printer_counts(const struct printer *p, unsigned long long *ret_plans,
		    unsigned long long *ret_others)
{
	*ret_plans = p->plans;
	*ret_others = p->others;
}
