/*
 * instance.c - see instance.h. Layer 4.
 *
 * The directory is made with mkdir(2), which is atomic, and held by a lock on
 * its marker file while in use. A session that was killed leaves it behind;
 * the next tsync_pick_id() tells such a one by its age and our mark on it, or its odd buffer size.
 *
 * The kernel changes the size of a buffer with a lock held that whoever opens a file of any instance
 * needs, and waits for all CPUs meanwhile: with many guests, that is most of what their start would
 * take. So it is done when nobody waits for it (sync_instance_shrink()).
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <event-parse.h>
#include <kbuffer.h>
#include <tracefs.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/cpus.h"
#include "base/io.h"
#include "base/log.h"
#include "tsync/instance.h"
#include "tsync/tsync.h"

/* Room for three times the 36 bytes of each marker of a round, on one CPU. */
#define BUFFER_KB	64
/* What the kernel may round that to. */
#define BUFFER_KB_MAX	(BUFFER_KB + 8)
/* With more CPUs than these the kernel's default, 1.4 MB for each, is too much even for a while. */
#define BIG_CPUS_MAX	16
/* Our mark: when readers that wait are woken up, of which there are none. The default is 50. */
#define MARK_NAME	"buffer_percent"
#define MARK_PERCENT	37
/* An instance nobody holds is left over from a crash after this time. */
#define STALE_SEC	60
#define PICK_TRIES	1000
#define INSTANCE_PREFIX	"clock_synch-"

struct sync_instance {
	char *dir;
	int marker_fd;
	int claim_fd;		/* of the directory, see claim_dir() */
	struct kbuffer *kbuf;
	void *subbuf;
	size_t subbuf_bytes;
	int raw_data_id;	/* type of the event, and where its fields are */
	int type_offset, id_offset, buf_offset;
	bool big;		/* as the kernel made it */
	int nr_cpus;
	int cpu_fd[];		/* of each trace_pipe_raw, -1 where there is none */
};

static int write_file(const char *dir, const char *name, const char *text)
{
	_cleanup_free_ char *path = NULL;
	_cleanup_close_ int fd = -1;
	ssize_t n;

	if (asprintf(&path, "%s/%s", dir, name) < 0)
		return -ENOMEM;
	fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	n = write(fd, text, strlen(text));
	return n < 0 ? -errno : 0;
}

/*
 * The same, unless the file reads like @shown already: many of these writes wait for all CPUs, and with
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
	return write_file(dir, name, text);
}

/* The number a small file starts with; -errno. */
static long read_number(const char *dir, const char *name)
{
	_cleanup_free_ char *path = NULL;
	_cleanup_buf_ struct buf text = BUF_INIT;
	int ret;

	if (asprintf(&path, "%s/%s", dir, name) < 0)
		return -ENOMEM;
	buf_init(&text, 4096);
	ret = io_read_path(path, &text);
	if (ret)
		return ret;
	return text.len ? strtol((char *)text.data, NULL, 10) : -ENODATA;
}

static char *instance_path(const char *tracing_dir, int id)
{
	char *path;

	if (!tracing_dir)
		tracing_dir = tracefs_tracing_dir();
	if (!tracing_dir ||
	    asprintf(&path, "%s/instances/" INSTANCE_PREFIX "%d", tracing_dir, id) < 0)
		return NULL;
	return path;
}

static bool has_our_size(const char *path)
{
	long kb = read_number(path, "buffer_size_kb");

	return kb >= BUFFER_KB && kb <= BUFFER_KB_MAX;
}

/* Stock peers leave alone what our own sessions set. */
static bool is_ours(const char *path)
{
	return read_number(path, MARK_NAME) == MARK_PERCENT || has_our_size(path);
}

static int write_number(const char *dir, const char *name, int number)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", number);
	return write_file(dir, name, text);
}

/* Make the directory, with our mark on it. */
static int make_instance(const char *path)
{
	if (mkdir(path, 0700))
		return -errno;
	/* a kernel that has no such mark gets the other one */
	if ((write_number(path, MARK_NAME, MARK_PERCENT) || cpus_configured() > BIG_CPUS_MAX) &&
	    write_number(path, "buffer_size_kb", BUFFER_KB))
		log_debug("%s: cannot set the buffer size", path);
	return 0;
}

/*
 * Claim the instance @path as a recording does (setup/inuse.h), so that nobody who wants to record in it, reset
 * or clear it does so meanwhile. The descriptor, as long as which is open it holds; -1: it can't be claimed;
 * -EBUSY: somebody else has.
 */
static int claim_dir(const char *path)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) && errno == EWOULDBLOCK)
		return -EBUSY;
	return take_fd(fd);
}

int sync_instance_hold(const char *tracing_dir, int id)
{
	_cleanup_free_ char *path = instance_path(tracing_dir, id);
	int fd = path ? claim_dir(path) : -1;

	return fd < 0 ? -1 : fd;
}

/* Remove @path unless somebody has claimed it. 0; -errno. */
static int remove_unclaimed(const char *path)
{
	_cleanup_close_ int fd = claim_dir(path);

	if (fd == -EBUSY)
		return -EBUSY;
	return rmdir(path) ? -errno : 0;
}

/* Clear away what crashed sessions have left. rmdir() refuses while anybody has a file of it open. */
static void sweep(const char *tracing_dir)
{
	_cleanup_closedir_ DIR *dir = NULL;
	_cleanup_free_ char *path = NULL;
	struct dirent *entry;
	struct stat st;

	if (!tracing_dir)
		tracing_dir = tracefs_tracing_dir();
	if (!tracing_dir || asprintf(&path, "%s/instances", tracing_dir) < 0)
		return;
	dir = opendir(path);
	while (dir && (entry = readdir(dir))) {
		_cleanup_free_ char *instance = NULL;

		if (strncmp(entry->d_name, INSTANCE_PREFIX, strlen(INSTANCE_PREFIX)) ||
		    asprintf(&instance, "%s/%s", path, entry->d_name) < 0)
			continue;
		if (!stat(instance, &st) && time(NULL) - st.st_ctime >= STALE_SEC &&
		    is_ours(instance) && !remove_unclaimed(instance))
			log_debug("%s: was left over", instance);
	}
}

int tsync_pick_id(const char *tracing_dir, int wanted)
{
	int i;

	sweep(tracing_dir);
	for (i = 0; i < PICK_TRIES; i++) {
		_cleanup_free_ char *path = instance_path(tracing_dir, wanted + i);
		int ret = path ? make_instance(path) : -ENOENT;

		if (ret != -EEXIST)
			return ret ? ret : wanted + i;
	}
	return -EEXIST;
}

void tsync_drop_id(const char *tracing_dir, int id)
{
	_cleanup_free_ char *path = instance_path(tracing_dir, id);

	if (path && is_ours(path) && rmdir(path))
		log_debug("%s: cannot be removed: %s", path, strerror(errno));
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
	long kb = read_number(inst->dir, "buffer_subbuf_size_kb");
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
	int ret = made ? 0 : make_instance(inst->dir);

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
	inst->claim_fd = *claim >= 0 ? take_fd(*claim) : claim_dir(inst->dir);
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
	    (!has_our_size(inst->dir) && write_number(inst->dir, "buffer_size_kb", BUFFER_KB)))
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
	inst->dir = instance_path(tracing_dir, id);
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
	if (!has_our_size(inst->dir) && write_number(inst->dir, "buffer_size_kb", BUFFER_KB))
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
	return write_file(inst->dir, name, text);
}
