/*
 * early.c - see early.h. Layer 5.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/log.h"
#include "session/comms.h"
#include "session/early.h"
#include "session/symbols.h"
#include "wire/dat.h"

#define POLITE_NICE 10	/* while the traced command runs it comes first */

/* The parts that don't change, as a file holds them. */
static const unsigned int part_ids[] = {
	DAT_HEADER_INFO, DAT_FTRACE_EVENTS, DAT_EVENT_FORMATS, DAT_KALLSYMS, DAT_PRINTK,
};

/* Symbols take longest, and can be had before tracing is set up; the third thread reads what can't. */
enum { READ_SYMBOLS, PRESS_SYMBOLS, READ_REST, READERS };

struct reader {
	struct early *early;
	int (*run)(struct early *e);
	pthread_t thread;
	bool started;			/* and not joined yet */
	/* under the lock */
	pid_t tid;
	bool ended;
	/* the thread's until it has ended */
	int result;
};

struct early {
	const struct plan *plan;
	const struct ksyms *known;	/* read before; may be NULL */
	struct symbols *symbols;	/* NULL, or read by one thread, compressed by the second */
	struct reader reader[READERS];
	pthread_mutex_t lock;
	pthread_cond_t changed;
	/* under the lock */
	const char *tracing_dir;	/* NULL: not set up yet */
	bool modules_read;
	bool stop;
	/* the threads' until they have ended */
	struct buf modules;		/* what was loaded before anything was read */
	struct buf part[ARRAY_SIZE(part_ids)];
	bool packed;
};

/* --- the parts ----------------------------------------------------------- */

/* The formats of events that @p asks for. */
static int read_formats(struct meta *m, const struct plan *p, const char *tracing_dir,
			struct err *err)
{
	char **names = p->all_formats ? NULL : setup_event_names(p->instances, p->nr_instances);
	struct meta_events events = { (const char *const *)names, 0 };
	unsigned int i;
	int ret;

	while (names && names[events.count])
		events.count++;
	ret = meta_read_formats(m, tracing_dir, &events, err);
	for (i = 0; i < events.count; i++)
		free(names[i]);
	free(names);
	return ret;
}

static const struct buf *part_of(const struct meta *m, unsigned int id)
{
	switch (id) {
	case DAT_HEADER_INFO:
		return &m->header_info;
	case DAT_FTRACE_EVENTS:
		return &m->ftrace_events;
	case DAT_EVENT_FORMATS:
		return &m->event_formats;
	case DAT_KALLSYMS:
		return &m->kallsyms;
	default:
		return &m->printk;
	}
}

/* Keep the parts with numbers @from to @to - 1 as the file will hold them. 0; -errno. */
static int keep_parts(struct early *e, const struct meta *m, unsigned int from, unsigned int to)
{
	int ret = 0;

	for (; !ret && from < to; from++) {
		const struct buf *payload = part_of(m, part_ids[from]);

		if (payload->error)
			return payload->error;
		ret = e->packed ? out_pack_part(e->plan->zip, payload, &e->part[from]) :
				  buf_add(&e->part[from], payload->data, payload->len);
	}
	return ret;
}

/* --- the threads ----------------------------------------------------------- */

/* Wait until tracing is set up. The tracing directory, NULL if it won't be. */
static const char *wait_set_up(struct early *e)
{
	const char *dir;

	pthread_mutex_lock(&e->lock);
	while (!(e->tracing_dir && e->modules_read) && !e->stop)
		pthread_cond_wait(&e->changed, &e->lock);
	dir = e->stop ? NULL : e->tracing_dir;
	pthread_mutex_unlock(&e->lock);
	return dir;
}

/* The symbols, which have number 3. */
static int keep_symbols(struct early *e)
{
	struct meta m = { 0 };
	int ret;

	if (e->packed && ksyms_hold(e->known, e->plan->zip))
		return buf_add(&e->part[3], e->known->part.data, e->known->part.len);
	ret = meta_read_kallsyms(&m);
	if (!ret)
		ret = keep_parts(e, &m, 3, 4);
	meta_release(&m);
	return ret;
}

static int read_symbols(struct early *e)
{
	int ret = ksyms_modules(&e->modules);

	pthread_mutex_lock(&e->lock);
	e->modules_read = true;
	pthread_cond_broadcast(&e->changed);
	pthread_mutex_unlock(&e->lock);
	/* in any case, or the thread that compresses them would wait forever */
	if (e->symbols)
		ret = symbols_read(e->symbols) ? -EIO : ret;
	else if (!ret)
		ret = keep_symbols(e);
	return ret;
}

static int press_symbols(struct early *e)
{
	return e->symbols ? symbols_press(e->symbols, &e->part[3]) : 0;
}

static int read_rest(struct early *e)
{
	const char *dir = wait_set_up(e);
	struct meta m = { 0 };
	int ret = dir ? read_formats(&m, e->plan, dir, NULL) : -ECANCELED;

	if (!ret)
		ret = meta_read_printk(&m, dir);
	if (!ret)
		ret = keep_parts(e, &m, 0, 3);
	if (!ret)
		ret = keep_parts(e, &m, 4, 5);
	meta_release(&m);
	return ret;
}

static void *early_thread(void *arg)
{
	struct reader *r = arg;
	struct early *e = r->early;

	pthread_setname_np(pthread_self(), "metadata");
	pthread_mutex_lock(&e->lock);
	r->tid = gettid();
	setpriority(PRIO_PROCESS, r->tid, POLITE_NICE);
	pthread_mutex_unlock(&e->lock);
	r->result = r->run(e);
	pthread_mutex_lock(&e->lock);
	r->ended = true;
	pthread_cond_broadcast(&e->changed);
	pthread_mutex_unlock(&e->lock);
	return NULL;
}

int early_start(const struct plan *p, const struct ksyms *known, struct early **ret)
{
	static int (*const run[READERS])(struct early *e) = {
		read_symbols, press_symbols, read_rest,
	};
	struct early *e = calloc(1, sizeof(*e));
	int i, error = 0;
	sigset_t all, old;

	if (!e)
		return -ENOMEM;
	e->plan = p;
	e->known = known;
	e->packed = p->file_version > 6 && p->zip;
	if (e->packed && !ksyms_hold(known, p->zip))
		e->symbols = symbols_new(p->zip);
	pthread_mutex_init(&e->lock, NULL);
	pthread_cond_init(&e->changed, NULL);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	for (i = 0; !error && i < READERS; i++) {
		e->reader[i].early = e;
		e->reader[i].run = run[i];
		error = pthread_create(&e->reader[i].thread, NULL, early_thread, &e->reader[i]);
		e->reader[i].started = !error;
	}
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (error) {
		early_free(e);
		return -error;
	}
	*ret = e;
	return 0;
}

void early_go_on(struct early *e, const char *tracing_dir)
{
	if (!e)
		return;
	pthread_mutex_lock(&e->lock);
	e->tracing_dir = tracing_dir;
	pthread_cond_broadcast(&e->changed);
	pthread_mutex_unlock(&e->lock);
}

void early_wait_formats(struct early *e)
{
	struct reader *r;

	if (!e)
		return;
	r = &e->reader[READ_REST];
	pthread_mutex_lock(&e->lock);
	if (r->tid && !r->ended)
		setpriority(PRIO_PROCESS, r->tid, 0);
	while (!r->ended)
		pthread_cond_wait(&e->changed, &e->lock);
	pthread_mutex_unlock(&e->lock);
}

/* Wait for the threads' end; from now on somebody waits for them, so they need not be polite. */
static void join(struct early *e)
{
	int i;

	pthread_mutex_lock(&e->lock);
	if (!e->tracing_dir)
		e->stop = true;
	for (i = 0; i < READERS; i++) {
		if (e->reader[i].tid && !e->reader[i].ended)
			setpriority(PRIO_PROCESS, e->reader[i].tid, 0);
	}
	pthread_cond_broadcast(&e->changed);
	pthread_mutex_unlock(&e->lock);
	for (i = 0; i < READERS; i++) {
		if (e->reader[i].started)
			pthread_join(e->reader[i].thread, NULL);
		e->reader[i].started = false;
	}
}

void early_free(struct early *e)
{
	unsigned int i;

	if (!e)
		return;
	join(e);
	for (i = 0; i < ARRAY_SIZE(part_ids); i++)
		buf_release(&e->part[i]);
	buf_release(&e->modules);
	symbols_free(e->symbols);
	pthread_cond_destroy(&e->changed);
	pthread_mutex_destroy(&e->lock);
	free(e);
}

/* --- into a file -------------------------------------------------------------- */

/* Does what was read early still hold? Modules bring symbols and events. */
static bool still_holds(struct early *e)
{
	_cleanup_buf_ struct buf now = BUF_INIT;
	int i;

	join(e);
	for (i = 0; i < READERS; i++) {
		if (e->reader[i].result)
			return false;
	}
	if (ksyms_modules(&now) || now.len != e->modules.len)
		return false;
	return !now.len || !memcmp(now.data, e->modules.data, now.len);
}

static int put_kept(struct early *e, struct out_file *o, struct err *err)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; !ret && i < ARRAY_SIZE(part_ids); i++)
		ret = out_part(o, part_ids[i], &e->part[i], e->packed, err);
	return ret;
}

static int put_read_now(struct out_file *o, const struct plan *p, const char *tracing_dir,
			struct err *err)
{
	struct meta m = { 0 };
	unsigned int i;
	int ret = read_formats(&m, p, tracing_dir, err);

	if (!ret)
		ret = meta_read_symbols(&m, tracing_dir);
	for (i = 0; !ret && i < ARRAY_SIZE(part_ids); i++)
		ret = out_part(o, part_ids[i], part_of(&m, part_ids[i]), false, err);
	meta_release(&m);
	return ret;
}

int early_put(struct early *e, struct out_file *o, const struct plan *p, const char *tracing_dir,
	      bool all_comms, struct err *err)
{
	struct meta m = { 0 };
	int ret;

	if (e && still_holds(e)) {
		ret = put_kept(e, o, err);
	} else {
		if (e)
			log_debug("modules have come or gone: the metadata is read again");
		ret = put_read_now(o, p, tracing_dir, err);
	}
	if (!ret)
		ret = meta_read_cmdlines(&m, tracing_dir);
	if (!ret && all_comms)
		ret = comms_complete(&m.cmdlines);
	if (!ret)
		ret = out_part(o, DAT_CMDLINES, &m.cmdlines, false, err);
	if (!ret)
		ret = out_option_cpus(o);
	meta_release(&m);
	return ret;
}
