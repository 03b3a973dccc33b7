/*
 * handle.c - see handle.h. Layer 2.
 */
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "in/atoms.h"
#include "in/handle.h"
#include "in/iterate.h"
#include "in/meta.h"
#include "in/names.h"
#include "in/parse.h"

static void handle_cleanup(struct tracecmd_input **h)
{
	in_handle_unref(*h);
}

static struct tracecmd_input *handle_new(int flags)
{
	struct tracecmd_input *h = calloc(1, sizeof(*h));

	if (!h)
		return NULL;
	h->refs = 1;
	h->flags = flags;
	h->probe.marked_page = UINT64_MAX;
	return h;
}

/* How many CPUs the buffer has, those of the machine without data included. */
static unsigned int count_cpus(const struct tracecmd_input *h)
{
	const struct in_info *info = &h->file->info;
	unsigned int n = h->buffer ? h->buffer->nr_cpus : 0;

	/* a v6 file's count has made its tables; an instance's own is in its buffer */
	if (!h->parent && info->has_cpu_count && info->cpu_count > n)
		n = info->cpu_count;
	if (h->file->head.version < 7 && (!h->buffer || h->buffer->text))
		n = h->file->v6.cpus < DAT_CPU_LIMIT ? h->file->v6.cpus : 0;
	return n;
}

/* What needs the file and the buffer to be known. */
static void handle_setup(struct tracecmd_input *h)
{
	int flags = (h->flags & TRACECMD_FL_RAW_TS ? IN_TIME_RAW : 0) |
		    (h->flags & TRACECMD_FL_NO_DATE ? IN_TIME_NO_DATE : 0);
	const struct in_info *info = &h->file->info;

	h->nr_cpus = count_cpus(h);
	in_timeline_init(&h->timeline, info,
			 !h->parent || in_info_shifts(info, h->buffer->name, h->buffer->clock), flags);
}

/*
 * Around what files share, as printers of two of them may ask in different threads. A lock of all
 * handles, for it is the others that are looked at; it keeps no state.
 */
static pthread_mutex_t ksyms_lock = PTHREAD_MUTEX_INITIALIZER;

static void ksyms_unref(struct in_ksyms *k)
{
	unsigned int left;

	if (!k)
		return;
	pthread_mutex_lock(&ksyms_lock);
	left = --k->refs;
	pthread_mutex_unlock(&ksyms_lock);
	if (left)
		return;
	in_ksyms_release(k);
	free(k);
}

/* Functions of @text, which is owned from now on, or of @f (@text NULL). NULL: out of memory. */
static struct in_ksyms *ksyms_new(struct in_file *f, struct buf *text)
{
	_cleanup_free_ struct in_ksyms *k = calloc(1, sizeof(*k));

	if (!k) {
		if (text)
			buf_release(text);
		return NULL;
	}
	if (text ? in_ksyms_parse(k, text, 0, text->len) : in_meta_ksyms(f, k))
		return NULL;
	k->refs = 1;
	return take_ptr(k);
}

/* The functions of a file that is read with @h, if it has the same. */
static struct in_ksyms *ksyms_of_peers(const struct tracecmd_input *h)
{
	unsigned int i;

	for (i = 0; h->peers && i < h->peers->nr_handles; i++) {
		struct tracecmd_input *p = in_handle_file(h->peers->handles[i]);

		if (p != h && p->ksyms && p->ksyms->bytes &&
		    (p->file == h->same || in_file_same_part(h->file, p->file, DAT_KALLSYMS)))
			return p->ksyms;
	}
	return NULL;
}

void in_handle_set_peers(struct tracecmd_input *h, const struct in_iterate *it,
			 const struct in_iterate *peers)
{
	h = in_handle_file(h);
	/* printers may go on in other threads when the iteration, on a stack, ends */
	pthread_mutex_lock(&ksyms_lock);
	if (!h->peers || h->peers == it)
		h->peers = peers;
	pthread_mutex_unlock(&ksyms_lock);
}

static struct in_ksyms *ksyms_make(struct tracecmd_input *h)
{
	struct in_ksyms *k;

	pthread_mutex_lock(&ksyms_lock);
	k = ksyms_of_peers(h);
	if (k)
		k->refs++;
	else
		k = ksyms_new(h->file, NULL);
	/* (what is packed may be unpacked, in spite of damage, to something else) */
	if (k && k->damaged)
		in_file_note(h->file, -EBADMSG, "the kernel's symbols at offset %" PRIu64 " are damaged",
			     h->file->part[DAT_KALLSYMS].offset);
	h->ksyms = k;
	pthread_mutex_unlock(&ksyms_lock);
	return k;
}

struct in_ksyms *in_handle_ksyms(struct tracecmd_input *h)
{
	h = in_handle_file(h);
	if (!h->ksyms && !ksyms_make(h)) {
		errno = ENOMEM;
		return NULL;
	}
	return h->ksyms;
}

int in_handle_set_ksyms(struct tracecmd_input *h, struct buf *text)
{
	h = in_handle_file(h);
	if (h->ksyms)
		return -EBUSY;
	h->ksyms = ksyms_new(NULL, text);
	if (!h->ksyms)
		return -ENOMEM;
	/* not what the file has, so not for others that have the same */
	h->ksyms->bytes = 0;
	return 0;
}

/* libtraceevent asks for the function that *@addr is in: its name, start and module. */
static char *resolve(void *data, unsigned long long *addr, char **module)
{
	struct in_ksyms *k = in_handle_ksyms(data);
	const struct in_ksym *s = k ? in_ksyms_find(k, *addr) : NULL;

	if (!s)
		return NULL;
	*addr = s->addr;
	*module = (char *)s->module;
	return (char *)s->name;
}

/* The parser of a file: metadata and plugins. 0; -ENOMEM. */
static int parser_make(struct tracecmd_input *h)
{
	int ret = in_meta_new(h->file, &h->tep), i;

	if (ret)
		return ret;
	tep_set_cpus(h->tep, (int)h->nr_cpus);
	if (h->flags & TRACECMD_FL_LOAD_NO_PLUGINS)
		tep_set_flag(h->tep, TEP_DISABLE_PLUGINS);
	if (h->flags & TRACECMD_FL_LOAD_NO_SYSTEM_PLUGINS)
		tep_set_flag(h->tep, TEP_DISABLE_SYS_PLUGINS);
	if (tep_set_function_resolver(h->tep, resolve, h))
		return -ENOMEM;
	if (!(h->flags & TRACECMD_FL_LOAD_NO_PLUGINS))
		h->plugins = tep_load_plugins(h->tep);
	if (h->flags & TRACECMD_FL_EVENTS_LATER)
		return in_meta_read(h->file, h->tep, &h->formats);
	ret = in_meta_read(h->file, h->tep, NULL);
	/* who has all events at once may have libtraceevent print them */
	for (i = 0; !ret && i < tep_get_events_count(h->tep); i++)
		ret = in_atoms_resolve(h, tep_get_event(h->tep, i));
	return ret;
}

int in_handle_formats(struct tracecmd_input *h, int id)
{
	struct tep_handle *tep = in_handle_tep(h);

	h = in_handle_file(h);
	if (!tep || in_meta_formats(h->file, tep, &h->formats, id))
		return -ENOMEM;
	return 0;
}

int in_handle_formats_named(struct tracecmd_input *h, const char *filter)
{
	struct in_names *names;
	unsigned int at = 0;
	int id, ret;

	h = in_handle_file(h);
	if (!in_handle_tep(h))
		return -ENOMEM;
	ret = in_names_parse(&names, filter);
	/* libtraceevent's to complain about */
	if (ret == -EINVAL)
		return in_handle_formats(h, -1);
	if (ret)
		return ret;
	while (!ret && (id = in_formats_named(&h->formats, names, &at)) >= 0)
		ret = in_handle_formats(h, id);
	in_names_free(names);
	return ret;
}

bool in_handle_same_events(struct tracecmd_input *h, struct tracecmd_input *other)
{
	static const unsigned int ids[] = {
		DAT_HEADER_INFO, DAT_FTRACE_EVENTS, DAT_EVENT_FORMATS, DAT_PRINTK, DAT_KALLSYMS,
	};
	unsigned int i;

	h = in_handle_file(h);
	other = in_handle_file(other);
	/* functions that the user gave are of neither file */
	if (h->flags != other->flags || (h->ksyms && !h->ksyms->bytes) ||
	    (other->ksyms && !other->ksyms->bytes) || h->file->long_size != other->file->long_size)
		return false;
	for (i = 0; i < ARRAY_SIZE(ids); i++)
		if (!in_file_same_part(h->file, other->file, ids[i]))
			return false;
	in_formats_share(&h->formats, &other->formats);
	in_file_unref(h->same);
	h->same = in_file_ref(other->file);
	return true;
}

static void parser_free(struct tracecmd_input *h)
{
	if (!h->tep)
		return;
	tep_unload_plugins(h->plugins, h->tep);
	/* somebody else may have a reference: that one then knows no functions */
	tep_reset_function_resolver(h->tep);
	tep_free(h->tep);
	h->plugins = NULL;
	h->tep = NULL;
	in_formats_release(&h->formats);
}

struct tep_handle *in_handle_tep(struct tracecmd_input *h)
{
	h = in_handle_file(h);
	if (!h->tep && parser_make(h)) {
		parser_free(h);
		errno = ENOMEM;
	}
	return h->tep;
}

int in_handle_open(const struct in_open *how, struct tracecmd_input **ret_handle, struct err *err)
{
	_cleanup_(handle_cleanup) struct tracecmd_input *h = handle_new(how->flags);
	int ret;

	if (!h)
		return err_set(err, -ENOMEM, "out of memory");
	ret = how->path ? in_file_open(how->path, &h->file, err) :
			  in_file_open_fd(how->fd, &h->file, err);
	if (ret)
		return ret;
	h->buffer = in_file_buffer(h->file, "");
	handle_setup(h);
	ret = how->head ? 0 : in_handle_init(h);
	if (ret) {
		if (!how->path)
			h->file->src.fd = -1;	/* it stays the caller's */
		return err_set(err, ret, "%s: out of memory", h->file->src.name);
	}
	*ret_handle = take_ptr(h);
	return 0;
}

/* Streams at the start of all CPUs. 0; -ENOMEM. */
static int positions_make(struct tracecmd_input *h)
{
	unsigned int i;

	h->cpus = calloc((size_t)h->nr_cpus + 1, sizeof(*h->cpus));
	if (!h->cpus)
		return -ENOMEM;
	for (i = 0; i < h->nr_cpus; i++) {
		in_stream_init(&h->cpus[i].stream, h->data, i);
		h->cpus[i].shift = in_timeline_cpu(&h->timeline, i);
	}
	in_stream_init(&h->probe, h->data, 0);
	return 0;
}

int in_handle_init(struct tracecmd_input *h)
{
	int ret = 0;

	if (h->ready)
		return -EBUSY;
	h->pool = in_record_pool_new();
	if (!h->pool)
		return -ENOMEM;
	h->ready = true;
	if (!h->buffer)
		return 0;
	if (h->buffer->text)
		return in_text_open(&h->text, h->file, h->buffer);
	ret = in_data_open(h->file, h->buffer, &h->data);
	return ret ? ret : positions_make(h);
}

const struct in_buffer *in_handle_buffer(const struct tracecmd_input *h, unsigned int i)
{
	const struct in_file *f = h->file;

	if (h->parent)
		return NULL;
	if (f->nr_buffers && !f->buffers[0].name[0])
		i++;
	return i < f->nr_buffers ? &f->buffers[i] : NULL;
}

int in_handle_instance(struct tracecmd_input *h, unsigned int i, struct tracecmd_input **ret_handle)
{
	const struct in_buffer *buffer = in_handle_buffer(h, i);
	_cleanup_(handle_cleanup) struct tracecmd_input *inst = NULL;
	int ret;

	if (!buffer)
		return -EINVAL;
	inst = handle_new(h->flags);
	if (!inst)
		return -ENOMEM;
	h->refs++;
	inst->parent = h;
	inst->file = in_file_ref(h->file);
	inst->buffer = buffer;
	inst->private = h->private;
	handle_setup(inst);
	in_timeline_follow(&inst->timeline, &h->timeline);
	ret = in_handle_init(inst);
	if (ret)
		return ret;
	*ret_handle = take_ptr(inst);
	return 0;
}

static void followers_free(struct in_follower *f)
{
	while (f) {
		struct in_follower *next = f->next;

		free(f);
		f = next;
	}
}

static void positions_free(struct tracecmd_input *h)
{
	unsigned int i;

	for (i = 0; h->cpus && i < h->nr_cpus; i++)
		in_stream_release(&h->cpus[i].stream);
	free(h->cpus);
	in_stream_release(&h->probe);
}

void in_handle_unref(struct tracecmd_input *h)
{
	if (!h || --h->refs)
		return;
	in_vmap_release(h);
	positions_free(h);
	in_data_close(h->data);
	in_text_close(&h->text);
	in_record_pool_free(h->pool);
	in_filters_release(&h->filters);
	followers_free(h->followers);
	followers_free(h->missed_followers);
	parser_free(h);
	ksyms_unref(h->ksyms);
	in_types_release(&h->types);
	in_file_unref(h->same);
	in_file_unref(h->file);
	in_handle_unref(h->parent);
	free(h);
}

struct in_position *in_handle_position(struct tracecmd_input *h, int cpu)
{
	if (!h->cpus || cpu < 0 || (unsigned int)cpu >= h->nr_cpus)
		return NULL;
	return &h->cpus[cpu];
}

struct tep_record *in_handle_record(struct tracecmd_input *h, unsigned int cpu,
				    const struct in_event *ev)
{
	struct trace_time time = in_time_convert(&h->timeline, h->cpus[cpu].shift, ev->time);

	return in_record_new(h->pool, ev, time, cpu);
}

struct tep_record *in_handle_record_at(struct tracecmd_input *h, uint64_t key, int *ret_cpu)
{
	const struct in_event *ev;
	struct tep_record *rec;
	unsigned int cpu;
	uint64_t page;

	if (!h->data || in_data_find(h->data, key, &cpu, &page))
		return NULL;
	if (h->probe.cpu != cpu) {
		in_stream_release(&h->probe);
		in_stream_init(&h->probe, h->data, cpu);
	}
	ev = in_stream_seek(&h->probe, key);
	rec = ev ? in_handle_record(h, cpu, ev) : NULL;
	if (rec && ret_cpu)
		*ret_cpu = (int)cpu;
	return rec;
}

uint64_t in_handle_first_time(struct tracecmd_input *h)
{
	uint64_t first = 0;
	bool found = false;
	unsigned int i;

	for (i = 0; h->cpus && i < h->nr_cpus; i++) {
		const struct in_event *ev;
		struct in_stream s;

		in_stream_init(&s, h->data, i);
		ev = in_stream_peek(&s);
		if (ev) {
			uint64_t t = in_time_convert(&h->timeline, h->cpus[i].shift, ev->time).ns;

			first = found && first < t ? first : t;
			found = true;
		}
		in_stream_release(&s);
	}
	return first;
}

bool in_handle_time_is_ns(const struct tracecmd_input *h)
{
	const struct in_info *info = &h->file->info;
	const struct in_buffer *top = in_file_buffer(h->file, "");

	if (h->timeline.raw)
		return false;
	/* a conversion makes ns of whatever the clock counts */
	if (info->has_tsc2nsec || h->timeline.ns_per_count > 0 || !info->has_trace_clock)
		return true;
	/* recorders before 3.0 left the option empty; the name is with the data */
	if (!info->clock && h->file->head.version < 7 && top)
		return in_clock_is_ns(top->clock);
	return in_clock_is_ns(info->clock);
}

int in_handle_follow(struct tracecmd_input *h, struct tep_event *event, in_follow_fn fn, void *data)
{
	struct in_follower **end = event ? &h->followers : &h->missed_followers;
	struct in_follower *f = calloc(1, sizeof(*f));

	if (!f)
		return -ENOMEM;
	f->event = event;
	f->fn = fn;
	f->data = data;
	h->watched |= event != NULL;
	while (*end)
		end = &(*end)->next;
	*end = f;
	return 0;
}
