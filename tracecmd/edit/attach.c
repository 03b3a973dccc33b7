/*
 * attach.c - see attach.h. Layer 5.
 *
 * First all is written that is to be, where nothing leads to it yet; then both files
 * are switched over, those in place first, as that can be taken back.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "copy/annex.h"
#include "copy/copy.h"
#include "edit/attach.h"
#include "edit/target.h"
#include "edit/vcpus.h"
#include "message.h"

#define LOCK_MS		10000	/* for another one that changes the file to end */
#define LOOK_MS		50
#define NEW_MAX		2	/* options that a file gets */

struct new_option {
	unsigned int id;
	struct buf payload;
};

/* One of the two files. */
struct side {
	const char *path;
	int fd;
	struct in_file *f;
	struct new_option options[NEW_MAX];
	int nr_options;
	struct annex annex;
	bool in_place;
	struct target to;	/* a copy, where that is not possible */
};

#define SIDE_NONE ((struct side){ .fd = -1, .to = TARGET_NONE })

static void side_release(struct side *s)
{
	int i;

	annex_undo(&s->annex);
	for (i = 0; i < s->nr_options; i++)
		buf_release(&s->options[i].payload);
	target_close(&s->to);
	in_file_unref(s->f);
	fd_close(&s->fd);
}

/* --- opening ------------------------------------------------------------------ */

static bool same_file(int x, int y)
{
	struct stat a, b;

	return !fstat(x, &a) && !fstat(y, &b) && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

/* Is @fd still what the path leads to? */
static bool still_there(const char *path, int fd)
{
	_cleanup_close_ int now = open(path, O_RDONLY | O_CLOEXEC);

	return now >= 0 && same_file(now, fd);
}

/* Open a file to change it, and nobody else of us meanwhile. 0; -errno. */
static int open_alone(const char *path, int *ret_fd)
{
	struct deadline d = deadline_in_ms(LOCK_MS);

	for (;;) {
		_cleanup_close_ int fd = open(path, O_RDWR | O_CLOEXEC);

		if (fd < 0)
			return -errno;
		if (!flock(fd, LOCK_EX | LOCK_NB)) {
			/* who had it may have put a new one in its place */
			if (still_there(path, fd)) {
				*ret_fd = take_fd(fd);
				return 0;
			}
		} else if (errno != EWOULDBLOCK) {
			return -errno;
		}
		if (deadline_passed(d))
			return -EBUSY;
		poll(NULL, 0, LOOK_MS);
	}
}

static int side_open(struct side *s, const char *path, const char *whose, struct err *err)
{
	int ret = open_alone(path, &s->fd);

	s->path = path;
	if (ret)
		return err_set(err, ret, "Could not read %s", path);
	ret = in_file_open(path, &s->f, err);
	if (ret)
		return err_prefix(err, ret, "Could not read %s", path);
	if (!same_file(s->fd, s->f->src.fd))
		return err_set(err, -EBUSY, "Could not read %s: another file took its place", path);
	if (s->f->info.has_trace_id)
		return 0;
	err_set(err, 0, "%s data file does not contain traceid\n%s is of a trace-cmd before 2.9, or not of its record",
		whose, path);
	return -EINVAL;
}

/* --- what is added --------------------------------------------------------------- */

static int side_add(struct side *s, unsigned int id, struct buf *b)
{
	s->options[s->nr_options++] = (struct new_option){ id, *b };
	return b->error;
}

static uint32_t guest_cpus(const struct attach_plan *plan, const struct in_file *f)
{
	unsigned int i;
	uint32_t n = f->info.has_cpu_count ? f->info.cpu_count : f->v6.cpus;

	for (i = 0; i < f->nr_buffers; i++)
		if (f->buffers[i].nr_cpus > n)
			n = f->buffers[i].nr_cpus;
	return plan->nr_cpus ? plan->nr_cpus : n ? n : 1;
}

static bool already_mapped(const struct in_file *host, uint64_t guest_id)
{
	unsigned int i;

	for (i = 0; i < host->info.nr_guests; i++)
		if (host->info.guests[i].trace_id == guest_id)
			return true;
	return false;
}

/* What the guest is called: its file's name without directory and ".dat". Heap string or NULL. */
static char *guest_name(const char *path)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	size_t len = strlen(name);

	if (len > 4 && !strcmp(name + len - 4, ".dat"))
		len -= 4;
	return strndup(name, len);
}

/* The host's GUEST option, unless it has it. */
static int add_guest(const struct attach_plan *plan, struct side *host, const struct side *guest,
		     uint32_t nr_cpus, struct err *err)
{
	_cleanup_free_ struct opt_guest_cpu *cpus = calloc(nr_cpus, sizeof(*cpus));
	_cleanup_free_ int32_t *tids = calloc(nr_cpus, sizeof(*tids));
	_cleanup_free_ char *name = guest_name(guest->path);
	struct opt_guest opt = {
		.name = name, .trace_id = guest->f->info.trace_id, .nr_cpus = nr_cpus, .cpus = cpus,
	};
	struct buf b = BUF_INIT;
	uint32_t i;
	int ret;

	if (already_mapped(host->f, opt.trace_id)) {
		printf("Guest is already mapped in host (id=0x%llx) .. skipping ...\n",
		       (unsigned long long)opt.trace_id);
		return 0;
	}
	if (!cpus || !tids || !name)
		return err_set(err, -ENOMEM, "out of memory");
	ret = vcpus_find(plan->host, plan->pids, plan->nr_pids, nr_cpus, tids, err);
	if (ret)
		return ret;
	for (i = 0; i < nr_cpus; i++)
		cpus[i] = (struct opt_guest_cpu){ .vcpu = i, .host_pid = tids[i] };
	opt_guest_put(&b, host->f->head.order, &opt);
	return side_add(host, DAT_GUEST, &b);
}

/* Does the guest's file count cycles instead of ns? */
static bool counts_cycles(const struct in_file *f)
{
	const char *clock = f->nr_buffers ? f->buffers[0].clock : NULL;

	if (!clock)
		clock = f->info.clock;
	return clock && (!strcmp(clock, "x86-tsc") || !strcmp(clock, "tsc2nsec"));
}

/* The guest's TIME_SHIFT. */
static int add_shift(const struct attach_plan *plan, const struct side *host, struct side *guest,
		     uint32_t nr_cpus)
{
	struct timeshift ts;
	struct buf b = BUF_INIT;
	uint32_t cpu;
	int ret = timeshift_init(&ts, TIMESHIFT_CURRENT, nr_cpus);

	ts.flags = 0;
	ts.peer_id = host->f->info.trace_id;
	for (cpu = 0; !ret && cpu < nr_cpus; cpu++) {
		int last = plan->nr_samples - 1;
		struct timeshift_sample s = plan->samples[(int)cpu < last ? (int)cpu : last];

		ret = timeshift_add(&ts, cpu, &s);
		/* readers don't scale by a single sample: a later one says the same */
		s.time += s.time == INT64_MAX ? -1 : 1;
		if (!ret && (s.scaling != 1 || s.fraction))
			ret = timeshift_add(&ts, cpu, &s);
	}
	if (!ret)
		ret = timeshift_put(&b, guest->f->head.order, &ts);
	timeshift_release(&ts);
	return ret ? ret : side_add(guest, DAT_TIME_SHIFT, &b);
}

static int add_options(const struct attach_plan *plan, struct side *host, struct side *guest,
		       struct err *err)
{
	uint32_t nr_cpus = guest_cpus(plan, guest->f);
	struct buf b = BUF_INIT;
	int ret;

	if (counts_cycles(guest->f) && !host->f->info.has_tsc2nsec) {
		err_set(err, 0, "Host does not have tsc2nsec info\nThe guest's times are cycles of its TSC: record the host with -C tsc2nsec");
		return -EINVAL;
	}
	ret = add_guest(plan, host, guest, nr_cpus, err);
	if (!ret)
		ret = add_shift(plan, host, guest, nr_cpus);
	if (!ret && counts_cycles(guest->f)) {
		opt_tsc2nsec_put(&b, guest->f->head.order, &host->f->info.tsc2nsec);
		ret = side_add(guest, DAT_TSC2NSEC, &b);
	}
	return ret == -ENOMEM ? err_set(err, ret, "out of memory") : ret;
}

/* --- writing ----------------------------------------------------------------------- */

static int write_in_place(struct side *s, struct err *err)
{
	_cleanup_buf_ struct buf records = BUF_INIT;
	int i, ret = 0;

	for (i = 0; !ret && i < s->nr_options; i++)
		ret = annex_option(&s->annex, &records, s->options[i].id, &s->options[i].payload);
	return ret ? err_set(err, ret, "out of memory") : annex_write(&s->annex, &records, err);
}

static int write_copy(struct side *s, struct err *err)
{
	struct copy_conf conf = { .version = s->f->head.version, .zip = s->f->zip };
	_cleanup_(out_freep) struct out_file *o = NULL;
	int i, ret = target_open(&s->to, s->path, err);

	if (!ret)
		ret = copy_begin(s->to.fd, s->f, &conf, &o, err);
	for (i = 0; !ret && i < s->nr_options; i++)
		ret = out_option_buf(o, s->options[i].id, &s->options[i].payload);
	if (!ret)
		ret = copy_buffers(s->f, o, NULL, NULL, err);
	if (!ret)
		ret = out_finish(o, err);
	if (!ret && in_file_damage(s->f))
		ret = err_set(err, in_file_damage(s->f), "%s", s->f->damage.text);
	if (!ret && fdatasync(s->to.fd))
		ret = -errno;
	return ret ? err_prefix(err, ret, "error writing %s", s->path) : 0;
}

static int side_write(struct side *s, struct err *err)
{
	int ret = 0;

	if (!s->nr_options)
		return 0;
	ret = annex_find(&s->annex, s->f, s->fd, err);
	if (ret < 0)
		return ret;
	s->in_place = ret;
	return s->in_place ? write_in_place(s, err) : write_copy(s, err);
}

static int side_switch(struct side *s, bool in_place, struct err *err)
{
	if (!s->nr_options || s->in_place != in_place)
		return 0;
	return in_place ? annex_link(&s->annex, err) : target_commit(&s->to, err);
}

int attach_run(const struct attach_plan *plan, struct err *err)
{
	_cleanup_(side_release) struct side host = SIDE_NONE, guest = SIDE_NONE;
	int i, ret = side_open(&host, plan->host, "Host", err);

	if (!ret && still_there(plan->guest, host.fd))
		return err_set(err, -EINVAL, "%s and %s are one file", plan->host, plan->guest);
	if (!ret)
		ret = side_open(&guest, plan->guest, "Guest", err);
	if (!ret)
		ret = add_options(plan, &host, &guest, err);
	if (!ret)
		ret = side_write(&guest, err);
	if (!ret)
		ret = side_write(&host, err);
	for (i = 1; !ret && i >= 0; i--) {
		ret = side_switch(&guest, i, err);
		if (!ret)
			ret = side_switch(&host, i, err);
	}
	if (ret)
		return ret;
	/* nothing of it is to be undone any more */
	host.annex.written = host.annex.linked = false;
	guest.annex.written = guest.annex.linked = false;
	return 0;
}
