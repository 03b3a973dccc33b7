/*
 * names.c - see names.h. Layer 5.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/comm.h"
#include "base/io.h"
#include "live/names.h"

#define INIT_PID_NS	0xEFFFFFFCu	/* inode of the namespace of the kernel's own pids */
#define COMM_LEN	16		/* bytes of a name, NUL included */
#define SLOTS		8192		/* tasks whose names are at hand, a power of two */
#define AGAIN_NS	250000000	/* how long a name is believed */
#define EVENT_IDS	65536
#define TELLERS		9

/* Events that tell names: a field each for pid and name. */
static const struct {
	const char *system, *event, *pid, *comm;
} known_tellers[TELLERS] = {
	{ "sched", "sched_switch", "prev_pid", "prev_comm" },
	{ "sched", "sched_switch", "next_pid", "next_comm" },
	{ "sched", "sched_waking", "pid", "comm" },
	{ "sched", "sched_wakeup", "pid", "comm" },
	{ "sched", "sched_wakeup_new", "pid", "comm" },
	{ "sched", "sched_process_exit", "pid", "comm" },
	{ "sched", "sched_process_free", "pid", "comm" },
	{ "task", "task_newtask", "pid", "comm" },
	{ "task", "task_rename", "pid", "newcomm" },
};

struct teller {
	int id;
	unsigned int pid_offset, comm_offset;
};

struct slot {
	int pid;			/* 0: not used */
	int64_t at_ns;			/* when it was learnt */
	char comm[COMM_LEN];		/* "": not known */
};

struct names {
	struct tep_handle *tep;
	struct events *events;
	char *saved_path;
	struct buf saved;		/* the kernel's saved_cmdlines */
	int64_t saved_ns;
	int64_t now_ns;
	bool own_pids;			/* our pids are the kernel's */
	struct teller tellers[TELLERS];
	unsigned int nr_tellers;
	uint8_t *telling;		/* a bit for each event id that is in tellers[] */
	struct slot *slots;
};

static bool pids_are_the_kernels(void)
{
	struct stat st;

	return !stat("/proc/self/ns/pid", &st) && st.st_ino == INIT_PID_NS;
}

static void add_teller(struct names *n, unsigned int i)
{
	struct tep_event *event = tep_find_event_by_name(n->tep, known_tellers[i].system,
							 known_tellers[i].event);
	const struct tep_format_field *pid, *comm;

	if (!event || event->id < 0 || event->id >= EVENT_IDS)
		return;
	pid = tep_find_field(event, known_tellers[i].pid);
	comm = tep_find_field(event, known_tellers[i].comm);
	/* newer kernels have some as strings of any length: those are left to /proc */
	if (!pid || pid->size != 4 || !comm || comm->size != COMM_LEN ||
	    comm->flags & TEP_FIELD_IS_DYNAMIC)
		return;
	n->tellers[n->nr_tellers++] = (struct teller){ event->id, pid->offset, comm->offset };
	n->telling[event->id / 8] |= 1 << event->id % 8;
}

struct names *names_new(struct tep_handle *tep, struct events *events, const char *tracing)
{
	struct names *n = calloc(1, sizeof(*n));
	struct buf path = BUF_INIT;
	unsigned int i;

	if (!n)
		return NULL;
	*n = (struct names){
		.tep = tep, .events = events, .own_pids = pids_are_the_kernels(),
		.saved_ns = INT64_MIN / 2,
	};
	buf_printf(&path, "%s/saved_cmdlines", tracing);
	n->saved_path = buf_take_str(&path);
	n->telling = calloc(EVENT_IDS / 8, 1);
	n->slots = calloc(SLOTS, sizeof(*n->slots));
	if (!n->saved_path || !n->telling || !n->slots) {
		names_free(n);
		return NULL;
	}
	for (i = 0; i < TELLERS; i++)
		add_teller(n, i);
	return n;
}

void names_free(struct names *n)
{
	if (!n)
		return;
	buf_release(&n->saved);
	free(n->saved_path);
	free(n->telling);
	free(n->slots);
	free(n);
}

void names_tick(struct names *n, int64_t now_ns)
{
	n->now_ns = now_ns;
}

/* The slot of @pid, which may be another task's. */
static struct slot *slot_of(struct names *n, int pid)
{
	return &n->slots[(unsigned int)pid % SLOTS];
}

/* @pid is called @comm now, of COMM_LEN bytes at most. */
static void set_name(struct names *n, int pid, const char *comm)
{
	struct slot *s = slot_of(n, pid);
	size_t len = strnlen(comm, COMM_LEN - 1);
	bool same = s->pid == pid && !strncmp(s->comm, comm, len) && !s->comm[len];

	s->pid = pid;
	s->at_ns = n->now_ns;
	if (same || !len)
		return;
	memcpy(s->comm, comm, len);
	s->comm[len] = '\0';
	if (!strcmp(tep_data_comm_from_pid(n->tep, pid), s->comm))
		return;
	tep_override_comm(n->tep, s->comm, pid);
	events_forget_task(n->events, pid);
}

/* --- looking up ------------------------------------------------------------- */

/* The name of a task by /proc. False: there is no such task. */
static bool from_proc(int pid, char *comm)
{
	_cleanup_buf_ struct buf text = { .cap = 256 };
	char path[40];
	const char *name;

	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	if (io_read_path(path, &text) || text.len < 2)
		return false;
	name = (char *)text.data;
	snprintf(comm, COMM_LEN, "%.*s", (int)comm_length(name, text.len - 1), name);
	return true;
}

/* The name in the text that the kernel has saved. False: none. */
static bool find_saved(const struct names *n, int pid, char *comm)
{
	const char *at;

	for (at = (char *)n->saved.data; at && *at; at += *at == '\n') {
		char *end;

		if (strtol(at, &end, 10) == pid && *end == ' ') {
			snprintf(comm, COMM_LEN, "%.*s", (int)strcspn(end + 1, "\n"), end + 1);
			return comm[0] && strcmp(comm, "<...>");
		}
		at += strcspn(at, "\n");
	}
	return false;
}

/* The name that the kernel has saved. False: none. Its list is read at most once a look. */
static bool from_saved(struct names *n, int pid, char *comm)
{
	if (n->saved_ns != n->now_ns) {
		buf_reset(&n->saved);
		n->saved.cap = 64 << 20;
		if (io_read_path(n->saved_path, &n->saved))
			buf_reset(&n->saved);
		n->saved_ns = n->now_ns;
	}
	return find_saved(n, pid, comm);
}

static void look_up(struct names *n, int pid)
{
	char comm[COMM_LEN];

	if ((n->own_pids && from_proc(pid, comm)) || from_saved(n, pid, comm)) {
		set_name(n, pid, comm);
	} else {
		struct slot *s = slot_of(n, pid);

		if (s->pid != pid)
			*s = (struct slot){ .pid = pid };
		s->at_ns = n->now_ns;
	}
}

/* --- learning --------------------------------------------------------------- */

static void learn(struct names *n, const struct tep_record *record, int id)
{
	unsigned int i;

	for (i = 0; i < n->nr_tellers; i++) {
		const struct teller *t = &n->tellers[i];
		const char *data = record->data;
		int pid;

		if (t->id != id || t->comm_offset + COMM_LEN > (unsigned int)record->size ||
		    t->pid_offset + sizeof(pid) > (unsigned int)record->size)
			continue;
		memcpy(&pid, data + t->pid_offset, sizeof(pid));
		if (pid > 0)
			set_name(n, pid, data + t->comm_offset);
	}
}

void names_record(struct names *n, struct tep_record *record)
{
	const struct slot *s;
	uint16_t id;
	int pid;

	if (record->size < EVENT_COMMON_SIZE)
		return;
	memcpy(&id, record->data, sizeof(id));
	if (n->telling[id / 8] >> id % 8 & 1)
		learn(n, record, id);
	pid = events_pid(n->events, record);
	if (pid <= 0)
		return;
	s = slot_of(n, pid);
	if (s->pid != pid || n->now_ns - s->at_ns > AGAIN_NS)
		look_up(n, pid);
}
