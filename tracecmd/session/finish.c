/*
 * finish.c - see finish.h. Layer 5.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/cpus.h"
#include "message.h"
#include "out/cpudata.h"
#include "session/files.h"
#include "session/finish.h"
#include "session/halves.h"
#include "session/lost.h"
#include "session/text.h"

uint64_t finish_reserve(const struct plan *p)
{
	/* kallsyms are the bulk of it; compressed they take a fifth */
	return p->file_version > 6 && p->zip ? 4 << 20 : 16 << 20;
}

/* Of the header, and so of the top buffer, even if that is empty. */
static uint32_t file_page_size(const struct note *n)
{
	uint32_t size = finish_main_instance(n)->page_size;

	return size ? size : (uint32_t)getpagesize();
}

/* --- metadata ------------------------------------------------------------ */

int finish_start_file(const struct plan *p, const struct note *n, struct early *e, int fd,
		      bool begins, struct out_file **ret_o, struct err *err)
{
	struct out_conf conf = {
		.version = p->file_version, .zip = p->zip, .nr_cpus = cpus_configured(),
		.page_size = file_page_size(n),
	};
	const char *dir = NULL;
	int i, ret;

	ret = setup_find_tracing(&dir, err);
	if (!ret)
		ret = out_create(fd, &conf, ret_o, err);
	if (!ret)
		ret = early_put(e, *ret_o, p, dir, begins, err);
	if (!ret)
		ret = finish_put_options(*ret_o, p, n);
	for (i = n->nr_instances - 1; !ret && i > 0; i--) {
		if (n->instances[i].recorded && !n->instances[i].text)
			ret = out_announce_buffer(*ret_o, n->instances[i].name);
	}
	return ret ? ret : out_options_end(*ret_o, err);
}

/* --- buffers ------------------------------------------------------------- */

static void print_sizes(const struct plan *p, const struct out_file *o, const struct out_buffer *b)
{
	bool packed = out_version(o) > 6 && out_zip(o);
	int i;

	if (p->quiet)
		return;
	for (i = 0; i < b->nr_cpus; i++)
		tell_cpu_data(b->cpus[i].cpu, b->cpus[i].offset, b->cpus[i].size,
			      packed ? &b->cpus[i].raw_size : NULL);
}

/* Where a CPU's data comes from. */
struct origin {
	int fd;			/* its file, -1 */
	struct cpudata *data;	/* NULL: plain */
	struct halves halves;	/* with -m */
};

/* Open the data of @cpu, own data that may be compressed or in two files, or (@own not) a guest's. */
static int open_origin(struct origin *from, const struct plan *p, const struct out_file *o,
		       const char *output, const struct out_buffer *b, bool own,
		       struct out_cpu *cpu)
{
	if (own && p->max_kb) {
		halves_open(&from->halves, p, output, b->name, cpu->cpu, b->page_size,
			    b->consume);
		cpu->source = &from->halves.source;
		return 0;
	}
	from->fd = files_cpu_open(p, output, b->name, cpu->cpu);
	cpu->fd = from->fd;
	return own ? cpudata_open(from->fd, o, b->page_size, b->consume, cpu, &from->data) : 0;
}

static void close_origin(struct origin *from)
{
	cpudata_free(from->data);
	halves_close(&from->halves);
	fd_close(&from->fd);
}

/* One buffer of @output: open the CPUs' data and write it. */
static int put_buffer(const struct plan *p, struct out_file *o, const char *output,
		      struct out_buffer *b, int nr_cpus, bool own, struct err *err)
{
	_cleanup_free_ struct out_cpu *cpus = calloc(nr_cpus + 1, sizeof(*cpus));
	_cleanup_free_ struct origin *from = calloc(nr_cpus + 1, sizeof(*from));
	int cpu, ret = 0;

	if (!cpus || !from)
		return -ENOMEM;
	for (cpu = 0; cpu < nr_cpus; cpu++) {
		cpus[cpu] = (struct out_cpu){ .cpu = cpu, .fd = -1 };
		from[cpu] = (struct origin){ .fd = -1, .halves.fd = { -1, -1 } };
	}
	for (cpu = 0; !ret && cpu < nr_cpus; cpu++)
		ret = open_origin(&from[cpu], p, o, output, b, own, &cpus[cpu]);
	b->cpus = cpus;
	b->nr_cpus = nr_cpus;
	ret = ret ? err_set(err, ret, "cannot read the data of CPU %d", cpu - 1) :
		    out_buffer(o, b, err);
	if (!ret)
		print_sizes(p, o, b);
	for (cpu = 0; cpu < nr_cpus; cpu++)
		close_origin(&from[cpu]);
	b->cpus = NULL;
	return ret;
}

static int put_instance(const struct plan *p, struct out_file *o, const struct note *n,
			const struct note_instance *in, bool consume, struct err *err)
{
	struct out_buffer b = {
		.name = in->name, .clock = in->clock[0] ? in->clock : "local",
		.page_size = in->page_size ? in->page_size : file_page_size(n), .consume = consume,
	};

	return put_buffer(p, o, p->output, &b, in->recorded ? in->nr_cpus : 0, true, err);
}

/* True if the file system of @path could not hold what the CPUs' data come to. */
static bool space_is_short(const struct plan *p, const char *output, const char *instance,
			   int nr_cpus)
{
	uint64_t want = 0;
	struct statvfs fs;
	struct stat st;
	int cpu;

	for (cpu = 0; cpu < nr_cpus; cpu++) {
		_cleanup_close_ int fd = files_cpu_open(p, output, instance, cpu);

		if (fd < 0 || fstat(fd, &st))
			continue;
		want += st.st_size;
		if (fstatvfs(fd, &fs))
			return false;
	}
	return want && (uint64_t)fs.f_bavail * fs.f_frsize < want + want / 8;
}

void finish_tell_lost(const struct plan *p, struct note *n)
{
	uint64_t lost = 0, kb = 0;
	int i;

	for (i = 0; i < n->nr_instances; i++) {
		if (n->instances[i].used)
			lost += lost_print(p, &n->instances[i], &kb);
	}
	lost_advise(p, lost, kb);
	n->lost_events = lost;
}

static bool any_text(const struct note *n)
{
	int i;

	for (i = 0; i < n->nr_instances; i++) {
		if (n->instances[i].recorded && n->instances[i].text)
			return true;
	}
	return false;
}

/* All buffers: the top one first, then the instances, named last comes first. */
static int put_instances(const struct plan *p, struct note *n, struct out_file *o,
			 struct err *err)
{
	uint64_t lost = 0, kb = 0;
	int i, ret;

	for (i = 0; i < n->nr_instances; i++) {
		const struct note_instance *in = &n->instances[i ? n->nr_instances - i : 0];
		bool consume;

		if (i && !in->recorded)
			continue;
		if (in->recorded && in->text) {
			ret = text_put(o, in, err);
			if (ret)
				return ret;
			continue;
		}
		/* no CPU data goes with a text */
		if (!in->recorded && any_text(n))
			continue;
		consume = in->recorded &&
			  space_is_short(p, p->output, in->name, in->nr_cpus);
		ret = put_instance(p, o, n, in, consume, err);
		if (ret)
			return ret;
		if (in->recorded)
			lost += lost_print(p, in, &kb);
	}
	lost_advise(p, lost, kb);
	n->lost_events = lost;
	return 0;
}

/* Name the data files that are still there, so that nobody throws them away. */
static int keep_data(int code, const char *output, struct err *err)
{
	char said[ERR_TEXT_MAX];

	snprintf(said, sizeof(said), "%s", err->text[0] ? err->text : "it could not be written");
	err_clear(err);
	return err_set(err, code, "'%s' is not complete: %s\nThe recorded data is kept in '%s.*cpu*'",
		       output, said, output);
}

int finish_host(const struct plan *p, struct note *n, struct early *e, struct err *err)
{
	struct out_file *o = NULL;
	int fd, ret, end;

	fd = files_output_create(p->output, true, 0, err);
	if (fd < 0)
		return fd;
	ret = finish_start_file(p, n, e, fd, false, &o, err);
	if (!ret)
		ret = put_instances(p, n, o, err);
	/* what could be written shall be readable even so */
	end = o ? out_finish(o, err) : 0;
	ret = ret ? ret : end;
	out_free(o);
	end = files_output_commit(p->output, fd, err);
	ret = ret ? ret : end;
	close(fd);
	return ret ? keep_data(ret, p->output, err) : 0;
}

void finish_host_end(const struct plan *p, struct note *n, unsigned int number)
{
	int i;

	/* first: who goes on from the note would write a file without data over this one */
	if (n->last_file)
		n->first_file = number + 1;
	else
		n->written = true;
	for (i = 0; i < n->nr_instances; i++) {
		if (n->instances[i].recorded && !n->instances[i].text)
			files_cpu_remove(p, p->output, n->instances[i].name,
					 n->instances[i].nr_cpus);
	}
}

int finish_guest(const struct plan *p, struct note_guest *g, const struct timeshift *shift,
		 const struct opt_tsync *model, struct err *err)
{
	struct out_buffer b = {
		.name = "", .clock = g->clock[0] ? g->clock : "local", .page_size = g->page_size,
		.consume = space_is_short(p, g->file, "", g->nr_cpus),
	};
	struct out_file *o = NULL;
	int fd, ret, end;

	fd = files_output_create(g->file, true, 0, err);
	if (fd < 0)
		return fd;
	ret = out_append(fd, &o, err);
	if (!ret && !g->clock[0] && out_clock(o)[0])
		b.clock = out_clock(o);
	if (!ret)
		ret = finish_put_guest_options(o, p, g, shift, model, err);
	if (!ret)
		ret = out_options_end(o, err);
	if (!ret)
		ret = put_buffer(p, o, g->file, &b, g->nr_cpus, false, err);
	end = o ? out_finish(o, err) : 0;
	ret = ret ? ret : end;
	out_free(o);
	end = files_output_commit(g->file, fd, err);
	ret = ret ? ret : end;
	close(fd);
	if (ret)
		return keep_data(ret, g->file, err);
	finish_guest_end(p, g);
	return 0;
}

void finish_guest_end(const struct plan *p, struct note_guest *g)
{
	g->written = true;
	files_cpu_remove(p, g->file, "", g->nr_cpus);
}

int finish_agent_meta(const struct plan *p, const struct note *n, struct early *e, int fd,
		      struct err *err)
{
	struct out_file *o = NULL;
	int ret = finish_start_file(p, n, e, fd, true, &o, err);

	if (!ret)
		ret = out_finish(o, err);
	out_free(o);
	return ret;
}
