/*
 * restore.c - see restore.h. Layer 5.
 *
 * The name of a CPU's data says which CPU it is, as recorders name it (...cpu3). If
 * any of the names does not, they are those of CPU 0, 1, and so on.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <tracefs.h>

#include "base/cleanup.h"
#include "base/cpus.h"
#include "base/io.h"
#include "copy/copy.h"
#include "edit/restore.h"
#include "edit/target.h"
#include "edit/tell.h"
#include "out/cpudata.h"

#define CPU_MAX		65536

/* The data that is to go into the file. */
struct input {
	struct out_cpu *cpus;
	int *fds;		/* theirs */
	struct cpudata **data;	/* NULL where it isn't compressed */
	int count;
};

static void input_release(struct input *in)
{
	int i;

	for (i = 0; i < in->count; i++) {
		close(in->fds[i]);
		cpudata_free(in->data[i]);
	}
	free(in->cpus);
	free(in->fds);
	free(in->data);
}

/* --- the data --------------------------------------------------------------- */

/* The CPU that a file's name ends in, -1 if it ends otherwise. */
static int name_cpu(const char *path)
{
	const char *at = path + strlen(path);
	char *end;
	long cpu;

	while (at > path && at[-1] >= '0' && at[-1] <= '9')
		at--;
	if (!*at || at - path < 4 || strncmp(at - 3, "cpu", 3))
		return -1;
	cpu = strtol(at, &end, 10);
	return cpu < CPU_MAX ? (int)cpu : -1;
}

static int by_cpu(const void *a, const void *b)
{
	return ((const struct out_cpu *)a)->cpu - ((const struct out_cpu *)b)->cpu;
}

/* Do all names have a CPU, and no two the same one? */
static bool are_named(const struct input *in)
{
	int i, k;

	for (i = 0; i < in->count; i++) {
		if (in->cpus[i].cpu < 0)
			return false;
		for (k = 0; k < i; k++)
			if (in->cpus[k].cpu == in->cpus[i].cpu)
				return false;
	}
	return true;
}

static void number(struct input *in, const char *const *paths)
{
	int i;

	for (i = 0; i < in->count; i++)
		in->cpus[i].cpu = name_cpu(paths[i]);
	if (are_named(in)) {
		qsort(in->cpus, in->count, sizeof(*in->cpus), by_cpu);
		return;
	}
	for (i = 0; i < in->count; i++)
		in->cpus[i].cpu = i;
}

static int input_open(struct input *in, const struct restore_plan *plan, struct err *err)
{
	struct stat st;
	int fd;

	in->cpus = calloc((size_t)plan->nr_data + 1, sizeof(*in->cpus));
	in->fds = calloc((size_t)plan->nr_data + 1, sizeof(*in->fds));
	in->data = calloc((size_t)plan->nr_data + 1, sizeof(struct cpudata *));
	if (!in->cpus || !in->fds || !in->data)
		return err_set(err, -ENOMEM, "out of memory");
	for (; in->count < plan->nr_data; in->count++) {
		fd = open(plan->data[in->count], O_RDONLY | O_CLOEXEC);
		if (fd < 0 || fstat(fd, &st) || !S_ISREG(st.st_mode)) {
			if (fd < 0)
				return err_set(err, -errno, "error reading %s", plan->data[in->count]);
			close(fd);
			return err_set(err, -EINVAL, "error reading %s: it has to be a file with the "
				       "data of a CPU", plan->data[in->count]);
		}
		in->cpus[in->count].fd = in->fds[in->count] = fd;
	}
	number(in, plan->data);
	return 0;
}

/* How many CPUs the file must know, and @least. */
static int nr_cpus(const struct input *in, int least)
{
	int highest = in->count ? in->cpus[in->count - 1].cpu + 1 : 0;

	return highest > least ? highest : least;
}

/* --- the metadata ------------------------------------------------------------- */

/* "field: char data; offset:16; size:4080; ..." ends a page. */
static uint32_t page_size(const struct meta *m)
{
	unsigned int offset, size;
	const char *data;

	data = memmem(m->header_info.data, m->header_info.len, "char data;", 10);
	/* the second text lies behind it, so that there is an end to what is scanned */
	if (data && sscanf(data, "char data; offset:%u; size:%u;", &offset, &size) == 2 &&
	    offset < 64 && size < (1u << 27))
		return offset + size;
	return (uint32_t)getpagesize();
}

/* The symbols of a file instead of this machine's. */
static int other_kallsyms(struct meta *m, const char *path, struct err *err)
{
	struct buf text = BUF_INIT;
	int ret = io_read_path(path, &text);

	buf_reset(&m->kallsyms);
	put_u32(&m->kallsyms, ORDER_NATIVE, (uint32_t)text.len);
	buf_add(&m->kallsyms, text.data, text.len);
	buf_release(&text);
	if (!ret)
		ret = m->kallsyms.error;
	return ret ? err_set(err, ret, "error reading %s", path) : 0;
}

/* The clock that is chosen in @dir. Heap string or NULL. */
static char *clock_in_use(const char *dir)
{
	_cleanup_free_ char *path = NULL;
	_cleanup_buf_ struct buf b = BUF_INIT;
	const char *from;

	if (asprintf(&path, "%s/trace_clock", dir) < 0)
		return NULL;
	if (io_read_path(path, &b) || buf_add(&b, "", 1))
		return strdup("local");
	from = strchr((const char *)b.data, '[');
	return from ? strndup(from + 1, strcspn(from + 1, "]")) : strdup("local");
}

static int from_machine(int fd, const struct restore_plan *plan, int cpus, struct out_file **ret_o,
			char **ret_clock, struct err *err)
{
	const struct meta_events all = { 0 };
	struct out_conf conf = { .version = 7, .zip = zip_best(), .nr_cpus = cpus };
	const char *dir = plan->tracing ? plan->tracing : tracefs_tracing_dir();
	struct meta m = { 0 };
	int ret;

	if (!dir)
		return err_set(err, -ENODEV, "tracefs is not mounted: mount it at /sys/kernel/tracing, "
			       "or name a copy of it with -t");
	ret = meta_read(&m, dir, &all, err);
	if (!ret && plan->kallsyms)
		ret = other_kallsyms(&m, plan->kallsyms, err);
	conf.page_size = page_size(&m);
	if (!ret)
		ret = out_create(fd, &conf, ret_o, err);
	if (!ret)
		ret = out_metadata(*ret_o, &m, err);
	if (!ret)
		ret = out_option_clock(*ret_o, dir, "local");
	if (!ret && !plan->tracing)
		ret = out_option_machine(*ret_o);
	meta_release(&m);
	*ret_clock = clock_in_use(dir);
	return ret;
}

static int from_partial(int fd, const struct restore_plan *plan, int cpus,
			struct out_file **ret_o, char **ret_clock, struct err *err)
{
	_cleanup_(in_file_unrefp) struct in_file *f = NULL;
	struct copy_conf conf = { 0 };
	int ret = in_file_open(plan->partial, &f, err);

	if (ret)
		return err_prefix(err, ret, "error reading %s", plan->partial);
	if (f->nr_buffers)
		return err_set(err, -EINVAL, "error reading %s: it has recorded data already; "
			       "trace-cmd restore -c makes a file without", plan->partial);
	conf.version = (int)f->head.version;
	conf.zip = f->zip;
	conf.nr_cpus = (uint32_t)cpus;
	ret = copy_begin(fd, f, &conf, ret_o, err);
	*ret_clock = strdup(f->info.clock ? f->info.clock : "local");
	if (!ret && in_file_damage(f))
		ret = err_set(err, f->damage.code, "error reading %s: %s", plan->partial,
			      f->damage.text);
	return ret;
}

/* --- all of it ------------------------------------------------------------------ */

static int put_data(struct out_file *o, const struct input *in, const char *clock,
		    struct err *err)
{
	struct out_buffer b = {
		.name = "", .clock = clock ? clock : "local", .page_size = out_page_size(o), .cpus = in->cpus,
		.nr_cpus = in->count,
	};
	int i, ret = out_options_end(o, err);

	for (i = 0; !ret && i < in->count; i++) {
		ret = cpudata_open(in->cpus[i].fd, o, b.page_size, false, &in->cpus[i], &in->data[i]);
		if (ret)
			err_set(err, ret, "the data of CPU %d can't be unpacked", in->cpus[i].cpu);
	}
	if (!ret && in->count) {
		ret = out_buffer(o, &b, err);
		if (!ret)
			tell_buffer(o, &b);
	}
	return ret ? ret : out_finish(o, err);
}

int restore_run(const struct restore_plan *plan, struct err *err)
{
	_cleanup_(input_release) struct input in = { 0 };
	_cleanup_(target_close) struct target to = TARGET_NONE;
	_cleanup_(out_freep) struct out_file *o = NULL;
	_cleanup_free_ char *clock = NULL;
	int ret;

	ret = input_open(&in, plan, err);
	if (!ret)
		ret = target_open(&to, plan->output, err);
	if (ret)
		return ret;
	ret = plan->partial ? from_partial(to.fd, plan, nr_cpus(&in, 0), &o, &clock, err) :
			      from_machine(to.fd, plan, nr_cpus(&in, cpus_configured()), &o,
					   &clock, err);
	if (ret)
		return ret;
	ret = put_data(o, &in, clock, err);
	if (ret)
		return err_prefix(err, ret, "error writing %s", plan->output);
	return target_commit(&to, err);
}
