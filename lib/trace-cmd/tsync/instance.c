/*
 * instance.c - see instance.h. Layer 4.
 *
 * The directory (instance-dir.h) is held by a lock on its marker file while in use.
 *
 * The kernel changes the size of a buffer with a lock held that whoever opens a file of any instance
 * needs, and waits for all CPUs meanwhile: with many guests, that is most of what their start would
 * take. So it is done when nobody waits for it (sync_instance_shrink()).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include <event-parse.h>
#include <kbuffer.h>
#include <tracefs.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/cpus.h"
#include "base/io.h"
#include "base/log.h"
#include "tsync/instance-dir.h"
#include "tsync/instance.h"

struct sync_instance {
	char *dir;
	int marker_fd;
	int claim_fd;		/* of the directory, see instance_dir_claim() */
	struct kbuffer *kbuf;
	void *subbuf;
	size_t subbuf_bytes;
	int raw_data_id;	/* type of the event, and where its fields are */
	int type_offset, id_offset, buf_offset;
	bool big;		/* as the kernel made it */
	int nr_cpus;
	int cpu_fd[];		/* of each trace_pipe_raw, -1 where there is none */
};

/*
 * Write @text to the file @name, unless it reads like @shown already: many of these writes wait for all CPUs, and with
 * many guests each waits for the others.
 */
static int set_file(const char *dir, const char *name, const char *text, const char *shown)
{
	_cleanup_free_ char *path = NULL;
	_cleanup_buf_ struct buf now = BUF_INIT;

	if (asprintf(&path, "%s/%s", dir, name) < 0)
		return -ENOMEM;
	buf_init(&now, 65536);
	if (!io_read_path(path, &now) &&
	    (*shown ? now.len && strstr((char *)now.data, shown) : !now.len))
		return 0;
	return instance_dir_write(dir, name, text);
}

static int field_offset(struct tep_event *event, const char *name)
{
	struct tep_format_field *field = tep_find_any_field(event, name);

	return field ? field->offset : -1;
}

/* Where the kernel puts what we write: event ftrace:raw_data. */
static int read_format(struct sync_instance *inst, const char *tracing_dir)
{
	_cleanup_free_ char *path = NULL;
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct tep_event *event = NULL;
	struct tep_handle *tep;
	int ret;

	if (asprintf(&path, "%s/events/ftrace/raw_data/format", tracing_dir) < 0)
		return -ENOMEM;
	buf_init(&text, 65536);
	ret = io_read_path(path, &text);
	if (ret)
		return ret;
	tep = tep_alloc();
	if (!tep)
		return -ENOMEM;
	ret = -ENOTSUP;
	if (!tep_parse_format(tep, &event, (char *)text.data, text.len, "ftrace") && event) {
		inst->raw_data_id = event->id;
		inst->type_offset = field_offset(event, "common_type");
		inst->id_offset = field_offset(event, "id");
		inst->buf_offset = field_offset(event, "buf");
		if (inst->type_offset >= 0 && inst->id_offset >= 0 && inst->buf_offset >= 0)
			ret = 0;
	}
	tep_free(tep);
	return ret;
}

static int open_buffers(struct sync_instance *inst)
{
	_cleanup_free_ char *path = NULL;
	long kb = instance_dir_number(inst->dir, "buffer_subbuf_size_kb");
	int cpu, found = 0;

	inst->subbuf_bytes = kb > 0 && kb <= 65536 ? kb * 1024 : sysconf(_SC_PAGESIZE);
	inst->subbuf = malloc(inst->subbuf_bytes);
	inst->kbuf = kbuffer_alloc(KBUFFER_LSIZE_SAME_AS_HOST, KBUFFER_ENDIAN_SAME_AS_HOST);
	if (!inst->subbuf || !inst->kbuf)
		return -ENOMEM;
	for (cpu = 0; cpu < inst->nr_cpus; cpu++) {
		free(take_ptr(path));
		if (asprintf(&path, "%s/per_cpu/cpu%d/trace_pipe_raw", inst->dir, cpu) < 0)
			return -ENOMEM;
		inst->cpu_fd[cpu] = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
		if (inst->cpu_fd[cpu] >= 0)
			found++;
	}
	return found ? 0 : -errno;
}

/* Make or take over the directory, or take the new one, and hold it. */
static int acquire(struct sync_instance *inst, bool made, int *claim, struct err *err)
{
	_cleanup_free_ char *path = NULL;
	int ret = made ? 0 : instance_dir_make(inst->dir);

	if (ret && ret != -EEXIST)
		return err_set(err, ret,
			       "cannot create the instance %s for time synchronisation: %s",
			       inst->dir, strerror(-ret));
	if (asprintf(&path, "%s/trace_marker_raw", inst->dir) < 0)
		return -ENOMEM;
	inst->marker_fd = open(path, O_WRONLY | O_CLOEXEC);
	if (inst->marker_fd < 0)
		return err_set(err, -errno, "cannot write to %s: %s", path, strerror(errno));
	if (flock(inst->marker_fd, LOCK_EX | LOCK_NB)) {
		fd_close(&inst->marker_fd);
		/* not ours: closing must not remove it */
		free(take_ptr(inst->dir));
		return err_set(err, -EBUSY, "another session synchronises in %s", path);
	}
	inst->claim_fd = *claim >= 0 ? take_fd(*claim) : instance_dir_claim(inst->dir);
	/* the marker's lock keeps other sessions out; this may be somebody who looks into it */
	if (inst->claim_fd == -EBUSY)
		log_debug("%s: somebody else has claimed it", inst->dir);
	return 0;
}

/* What one taken over may have set. */
static void set_back(struct sync_instance *inst)
{
	if (set_file(inst->dir, "current_tracer", "nop", "nop\n") ||
	    set_file(inst->dir, "set_event", "", "") ||
	    instance_dir_shrink(inst->dir))
		log_debug("%s: not all could be set up", inst->dir);
}

static int set_up(struct sync_instance *inst, const char *tracing_dir, const char *clock,
		  bool made, int *claim, struct err *err)
{
	char now[64];
	int ret = acquire(inst, made, claim, err);

	if (ret)
		return ret;
	if (!made)
		set_back(inst);
	inst->big = made;
	snprintf(now, sizeof(now), "[%s]", clock ? clock : "");
	ret = clock ? set_file(inst->dir, "trace_clock", clock, now) : 0;
	if (ret)
		return err_set(err, ret, "%s: cannot set the clock %s: %s", inst->dir, clock,
			       strerror(-ret));
	ret = set_file(inst->dir, "tracing_on", "1", "1\n");
	if (ret)
		return err_set(err, ret, "%s: cannot be set up: %s", inst->dir, strerror(-ret));
	ret = read_format(inst, tracing_dir);
	if (ret)
		return err_set(err, ret, "cannot read the format of event ftrace:raw_data: %s",
			       strerror(-ret));
	ret = open_buffers(inst);
	if (ret)
		return err_set(err, ret, "%s: cannot read the buffers: %s", inst->dir,
			       strerror(-ret));
	/* what is in there is nobody's */
	ret = sync_instance_drain(inst, NULL, NULL);
	return ret ? err_set(err, ret, "%s: cannot read the buffers: %s", inst->dir,
			     strerror(-ret)) : 0;
}

int sync_instance_open(const char *tracing_dir, int id, const char *clock, bool made,
		       int *claim, struct sync_instance **ret_inst, struct err *err)
{
	struct sync_instance *inst;
	int nr_cpus = cpus_configured();
	int cpu, ret;

	if (!tracing_dir)
		tracing_dir = tracefs_tracing_dir();
	if (!tracing_dir)
		return err_set(err, -ENOENT, "no tracefs found for time synchronisation");
	inst = calloc(1, sizeof(*inst) + nr_cpus * sizeof(inst->cpu_fd[0]));
	if (!inst)
		return -ENOMEM;
	inst->marker_fd = inst->claim_fd = -1;
	inst->nr_cpus = nr_cpus;
	for (cpu = 0; cpu < nr_cpus; cpu++)
		inst->cpu_fd[cpu] = -1;
	inst->dir = instance_dir_path(tracing_dir, id);
	ret = inst->dir ? set_up(inst, tracing_dir, clock, made, claim, err) : -ENOMEM;
	if (ret) {
		sync_instance_close(inst);
		return ret;
	}
	*ret_inst = inst;
	return 0;
}

bool sync_instance_is_big(const struct sync_instance *inst)
{
	return inst && inst->big;
}

void sync_instance_shrink(struct sync_instance *inst)
{
	inst->big = false;
	if (instance_dir_shrink(inst->dir))
		log_debug("%s: cannot set the buffer size", inst->dir);
}

void sync_instance_close(struct sync_instance *inst)
{
	int cpu;

	if (!inst)
		return;
	for (cpu = 0; cpu < inst->nr_cpus; cpu++)
		fd_close(&inst->cpu_fd[cpu]);
	fd_close(&inst->marker_fd);
	if (inst->dir && rmdir(inst->dir) && errno != ENOENT)
		log_debug("%s: cannot be removed: %s", inst->dir, strerror(errno));
	fd_close(&inst->claim_fd);
	if (inst->kbuf)
		kbuffer_free(inst->kbuf);
	free(inst->subbuf);
	free(inst->dir);
	free(inst);
}

int sync_instance_mark(struct sync_instance *inst, const struct sync_mark *mark)
{
	/* one write is one record */
	return write(inst->marker_fd, mark, sizeof(*mark)) < 0 ? -errno : 0;
}

/* The record in an event of the kernel; false if it is something else. */
static bool parse_event(const struct sync_instance *inst, const uint8_t *event, size_t size,
			struct sync_mark *ret)
{
	size_t rest = sizeof(*ret) - sizeof(ret->series);
	uint16_t type;

	if (size < inst->type_offset + sizeof(type) ||
	    size < inst->id_offset + sizeof(ret->series) || size < inst->buf_offset + rest)
		return false;
	memcpy(&type, event + inst->type_offset, sizeof(type));
	if (type != inst->raw_data_id)
		return false;
	memcpy(&ret->series, event + inst->id_offset, sizeof(ret->series));
	memcpy(&ret->own_id, event + inst->buf_offset, rest);
	return true;
}

/* What is to be called for each mark. */
struct marks {
	const struct sync_instance *inst;
	void (*seen)(const struct sync_mark *mark, int64_t time, void *data);
	void *data;
};

static int take_mark(const struct sync_event *e, void *data)
{
	struct marks *m = data;
	struct sync_mark mark;

	if (parse_event(m->inst, e->data, e->size, &mark))
		m->seen(&mark, e->time, m->data);
	return 0;
}

int sync_instance_drain(struct sync_instance *inst,
			void (*seen)(const struct sync_mark *mark, int64_t time, void *data),
			void *data)
{
	struct marks m = { .inst = inst, .seen = seen, .data = data };

	return sync_instance_read(inst, seen ? take_mark : NULL, &m);
}

/* The events of the sub-buffer at hand. 0; what @seen returns. */
static int read_subbuf(struct sync_instance *inst, int cpu,
		       int (*seen)(const struct sync_event *e, void *data), void *data)
{
	struct sync_event e = { .cpu = cpu };
	unsigned long long time;
	int ret = 0;

	if (kbuffer_load_subbuffer(inst->kbuf, inst->subbuf))
		return 0;
	e.missed = kbuffer_missed_events(inst->kbuf) != 0;
	for (e.data = kbuffer_read_event(inst->kbuf, &time); e.data && !ret;
	     e.data = kbuffer_next_event(inst->kbuf, &time)) {
		e.time = time;
		e.size = kbuffer_event_size(inst->kbuf);
		ret = seen(&e, data);
		e.missed = false;
	}
	return ret;
}

int sync_instance_read(struct sync_instance *inst,
		       int (*seen)(const struct sync_event *e, void *data), void *data)
{
	int cpu, ret;

	for (cpu = 0; cpu < inst->nr_cpus; cpu++) {
		ssize_t n;

		if (inst->cpu_fd[cpu] < 0)
			continue;
		while ((n = read(inst->cpu_fd[cpu], inst->subbuf, inst->subbuf_bytes)) > 0) {
			if (!seen || (size_t)n < inst->subbuf_bytes)
				continue;
			ret = read_subbuf(inst, cpu, seen, data);
			if (ret)
				return ret;
		}
		if (n < 0 && errno != EAGAIN)
			return -errno;
	}
	return 0;
}

int sync_instance_write(struct sync_instance *inst, const char *name, const char *text)
{
	return instance_dir_write(inst->dir, name, text);
}
