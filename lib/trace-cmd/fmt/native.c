/*
 * native.c - see native.h. Layer 2.
 */
#include <dlfcn.h>
#include <string.h>

#include "fmt/native.h"

/* The file name of the plugin that @handler is in, "" if it is in none. */
static const char *plugin_of(tep_event_handler_func handler)
{
	Dl_info info;
	const char *slash;

	if (!dladdr((const void *)handler, &info) || !info.dli_fname)
		return "";
	slash = strrchr(info.dli_fname, '/');
	return slash ? slash + 1 : info.dli_fname;
}

/* A plain field of at most 8 bytes, or an array if @array. */
static bool field_find(struct native *n, struct tep_event *event, const char *name, bool array,
		       struct native_field *ret)
{
	const struct tep_format_field *f = tep_find_any_field(event, name);

	if (!f || f->offset < 0 || f->offset > 4096 || f->size < 1 || f->size > 256 ||
	    f->flags & TEP_FIELD_IS_DYNAMIC || !(f->flags & TEP_FIELD_IS_ARRAY) == array)
		return false;
	if (!array && f->size != 1 && f->size != 2 && f->size != 4 && f->size != 8)
		return false;
	*ret = (struct native_field){ .offset = f->offset, .size = f->size };
	if (n->min_size < (uint32_t)f->offset + f->size)
		n->min_size = f->offset + f->size;
	return true;
}

static bool compile_switch(struct native *n, struct tep_event *e)
{
	n->kind = NATIVE_SWITCH;
	return field_find(n, e, "prev_comm", true, &n->comm) &&
	       field_find(n, e, "prev_pid", false, &n->pid) &&
	       field_find(n, e, "prev_prio", false, &n->prio) &&
	       field_find(n, e, "prev_state", false, &n->state) &&
	       field_find(n, e, "next_comm", true, &n->next_comm) &&
	       field_find(n, e, "next_pid", false, &n->next_pid) &&
	       field_find(n, e, "next_prio", false, &n->next_prio);
}

static bool compile_wakeup(struct native *n, struct tep_event *e)
{
	n->kind = NATIVE_WAKEUP;
	return field_find(n, e, "comm", true, &n->comm) && field_find(n, e, "pid", false, &n->pid) &&
	       field_find(n, e, "prio", false, &n->prio) &&
	       field_find(n, e, "target_cpu", false, &n->cpu) && !tep_find_any_field(e, "success");
}

/* The addresses begin where the array does, and go on to the record's end. */
static bool compile_stack(struct native *n, struct tep_event *e)
{
	const struct tep_format_field *f = tep_find_any_field(e, "caller");

	n->kind = NATIVE_STACK;
	if (!f || f->offset < 0 || f->offset > 4096 || f->flags & TEP_FIELD_IS_DYNAMIC)
		return false;
	n->pid = (struct native_field){ .offset = f->offset, .size = n->long_size };
	n->min_size = f->offset;
	return n->long_size == 4 || n->long_size == 8;
}

/* Newer kernels may record arguments, too. */
static bool compile_function(struct native *n, struct tep_event *e)
{
	n->kind = NATIVE_FUNCTION;
	return field_find(n, e, "ip", false, &n->pid) && field_find(n, e, "parent_ip", false, &n->caller) &&
	       !tep_find_any_field(e, "args");
}

void native_compile(struct native *n, struct tep_event *event)
{
	const char *plugin;
	bool ok = false;

	*n = (struct native){
		.kind = NATIVE_NONE, .swap = value_swapped(event->tep),
		.long_size = tep_get_long_size(event->tep),
	};
	if (!event->handler || event->flags & TEP_EVENT_FL_NOHANDLE)
		return;
	plugin = plugin_of(event->handler);
	if (!strcmp(plugin, "plugin_sched_switch.so")) {
		ok = !strcmp(event->name, "sched_switch") ? compile_switch(n, event) :
							    compile_wakeup(n, event);
	} else if (!strcmp(plugin, "plugin_kmem.so")) {
		n->kind = NATIVE_CALL_SITE;
		ok = field_find(n, event, "call_site", false, &n->pid);
	} else if (!strcmp(plugin, "plugin_function.so") && !strcmp(event->name, "kernel_stack")) {
		ok = compile_stack(n, event);
	} else if (!strcmp(plugin, "plugin_function.so") && !strcmp(event->name, "function")) {
		ok = compile_function(n, event);
	}
	if (!ok)
		n->kind = NATIVE_UNKNOWN;
}

static char *put_text(char *to, const void *text, size_t len)
{
	memcpy(to, text, len);
	return to + len;
}

static inline char *put_comm(char *to, const struct fmt_record *r, const struct native_field *f)
{
	const char *comm = (const char *)r->data + f->offset;

	if (f->size == TEXT_COMM)
		return put_comm16(to, comm);
	return put_text(to, comm, strnlen(comm, f->size));
}

/* "comm:pid" */
static inline char *put_name(const struct native *n, char *to, const struct fmt_record *r,
		      const struct native_field *comm, const struct native_field *pid)
{
	to = put_comm(to, r, comm);
	*to++ = ':';
	return put_decimal(to, native_read(n, r, pid));
}

/* "comm:pid [prio]" */
static inline char *put_task(const struct native *n, char *to, const struct fmt_record *r,
		      const struct native_field *comm, const struct native_field *pid,
		      const struct native_field *prio)
{
	to = put_name(n, to, r, comm, pid);
	to = put_text(to, " [", 2);
	to = put_signed(to, (int)native_read(n, r, prio));
	*to++ = ']';
	return to;
}

#define ARROW " ==> "

/* How the state of who leaves is written, NULL if that isn't known yet. */
static const struct native_state *find_state(const struct native *n, const struct fmt_record *r)
{
	unsigned int i, count = __atomic_load_n(&n->nr_states, __ATOMIC_ACQUIRE);
	uint64_t state = native_read(n, r, &n->state);

	for (i = 0; i < count; i++) {
		if (n->states[i].value == state)
			return &n->states[i];
	}
	return NULL;
}

bool native_can(const struct native *n, const struct fmt_record *r)
{
	return n->kind != NATIVE_SWITCH || find_state(n, r);
}

static char *run_switch(const struct native *n, const struct fmt_record *r, char *to)
{
	const struct native_state *s = find_state(n, r);

	if (!s)
		return NULL;
	to = put_task(n, to, r, &n->comm, &n->pid, &n->prio);
	*to++ = ' ';
	to = put_text(to, s->text, s->len);
	to = put_text(to, ARROW, sizeof(ARROW) - 1);
	return put_task(n, to, r, &n->next_comm, &n->next_pid, &n->next_prio);
}

static char *run_wakeup(const struct native *n, const struct fmt_record *r, char *to)
{
	uint64_t cpu = native_read(n, r, &n->cpu);

	to = put_name(n, to, r, &n->comm, &n->pid);
	to = put_text(to, " [", 2);
	to = put_decimal(to, native_read(n, r, &n->prio));
	to = put_text(to, "] CPU:", 6);
	if (cpu < 100)
		*to++ = '0';
	if (cpu < 10)
		*to++ = '0';
	return put_decimal(to, cpu);
}

static char *run_stack(const struct native *n, struct symbols *symbols, const struct fmt_record *r,
		       char *to)
{
	static const char head[] = "<stack trace >\n";
	uint64_t none = n->long_size == 8 ? ~0ull : 0xffffffff;
	uint32_t at;

	memcpy(to, head, sizeof(head) - 1);
	to += sizeof(head) - 1;
	for (at = n->pid.offset; at + n->long_size <= r->size; at += n->long_size) {
		uint64_t address = value_read(r->data + at, n->long_size, n->swap);

		if (address == none)
			break;
		to = symbols_put_frame(symbols, to, address);
	}
	return to;
}

char *native_run(const struct native *n, struct symbols *symbols, struct fmt_record *r, char *to)
{
	char *end;

	switch (n->kind) {
	case NATIVE_NONE:
		return to;
	case NATIVE_SWITCH:
		return run_switch(n, r, to);
	case NATIVE_WAKEUP:
		return run_wakeup(n, r, to);
	case NATIVE_STACK:
		return run_stack(n, symbols, r, to);
	case NATIVE_CALL_SITE:
		*to = '(';
		end = symbols_put(symbols, to + 1, native_read(n, r, &n->pid), true);
		/* no function: no caller */
		return end ? put_text(end, ") ", 2) : to;
	default:
		return NULL;
	}
}

void native_learn(struct native *n, struct fmt_record *r, const char *text, size_t len)
{
	char start[256 + 2 * TEXT_DIGITS_MAX + 8];
	size_t before;
	const char *end;

	if (n->kind != NATIVE_SWITCH || n->nr_states == NATIVE_STATES)
		return;
	before = put_task(n, start, r, &n->comm, &n->pid, &n->prio) - start;
	start[before++] = ' ';
	if (len <= before || memcmp(text, start, before))
		return;
	end = memmem(text + before, len - before, ARROW, sizeof(ARROW) - 1);
	if (!end || end == text + before || end - text - before > NATIVE_STATE_LEN)
		return;
	n->states[n->nr_states] = (struct native_state){
		.value = native_read(n, r, &n->state), .len = end - text - before,
	};
	memcpy(n->states[n->nr_states].text, text + before, end - text - before);
	__atomic_store_n(&n->nr_states, n->nr_states + 1, __ATOMIC_RELEASE);
}

unsigned int native_tasks(const struct native *n, const struct fmt_record *r, int pids[2],
			  const struct native_field *comms[2])
{
	if (!native_has_tasks(n))
		return 0;
	pids[0] = (int)native_read(n, r, &n->pid);
	comms[0] = &n->comm;
	if (n->kind == NATIVE_WAKEUP)
		return 1;
	pids[1] = (int)native_read(n, r, &n->next_pid);
	comms[1] = &n->next_comm;
	return 2;
}
