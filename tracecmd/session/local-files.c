/*
 * local-files.c - local recorders that write files, of each CPU one: see local.h. Layer 5.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "session/files.h"
#include "session/halves.h"
#include "session/local.h"
#include "session/lost.h"

/* Between looks whether recorders have turned to their new files. */
#define SWITCH_LOOK_MS 1

/*
 * What the recorders compress by, so that it needn't be done in the end: NULL unless that is about as quick
 * as writing. Of -m most data will be thrown away anyway.
 */
static const struct zip_algo *zip_while_recording(const struct plan *p)
{
	if (p->file_version < 7 || !p->zip || p->max_kb)
		return NULL;
	return !strcmp(p->zip->name, "zstd") ? p->zip : NULL;
}

/* Record a CPU into its file; with -m in turn with a second one. */
static int record_file(struct local *l, struct local_instance *in, int cpu, struct err *err)
{
	_cleanup_close_ int other = -1;
	struct recorder_conf how = { .zip = zip_while_recording(l->plan) };
	int fd = files_cpu_create(l->plan, l->plan->output, in->note->name, cpu, err);

	if (fd < 0)
		return fd;
	in->note->recorded = true;
	if (l->plan->max_kb) {
		how.full_bytes = halves_bytes(l->plan->max_kb, in->note->page_size);
		if (!how.full_bytes) {
			close(fd);
			return err_set(err, -EINVAL, "-m %d is too little for '%s': %u at least",
				       l->plan->max_kb, in->note->dir,
				       in->note->page_size / 512);
		}
		other = files_cpu_create_other(l->plan, l->plan->output, in->note->name, cpu, err);
		if (other < 0) {
			close(fd);
			return other;
		}
		how.spare_fd = other;
	}
	return local_record_how(l, in, cpu, fd, &how, err);
}

int local_record_files(struct local *l, struct err *err)
{
	int i, cpu, ret;

	for (i = 0; i < l->nr_instances; i++) {
		struct local_instance *in = &l->instances[i];

		if (in->setup)
			lost_begin(in->note);
		if (in->setup && in->note->text)
			in->note->recorded = true;
		for (cpu = 0; in->setup && !in->note->text && cpu < in->nr_cpus; cpu++) {
			ret = record_file(l, in, cpu, err);
			if (ret)
				return ret;
		}
	}
	return 0;
}

/* Forget the new files of an instance. */
static void drop_files(struct local *l, struct local_instance *in)
{
	int cpu;

	for (cpu = 0; in->next && cpu < in->nr_cpus; cpu++)
		fd_close(&in->next[cpu]);
	if (in->next)
		files_cpu_remove(l->plan, l->plan->output, in->note->name, in->nr_cpus);
	free(in->next);
	in->next = NULL;
}

/* Create the new files of an instance. 0; -errno. */
static int create_files(struct local *l, struct local_instance *in, struct err *err)
{
	int cpu;

	in->next = malloc((in->nr_cpus + 1) * sizeof(*in->next));
	if (!in->next)
		return -ENOMEM;
	memset(in->next, -1, (in->nr_cpus + 1) * sizeof(*in->next));
	for (cpu = 0; cpu < in->nr_cpus; cpu++) {
		in->next[cpu] = files_cpu_create(l->plan, l->plan->output, in->note->name, cpu,
						 err);
		if (in->next[cpu] < 0)
			return in->next[cpu];
	}
	return 0;
}

/* Hand them to the recorders of @in. The first -errno; the others have got theirs. */
static int hand_in(struct local_instance *in)
{
	int cpu, ret, first = 0;

	for (cpu = 0; cpu < in->nr_cpus; cpu++) {
		ret = in->recorders[cpu] ? recorder_switch(in->recorders[cpu], in->next[cpu]) : 0;
		first = first ? first : ret;
		close(in->sinks[cpu]);
		in->sinks[cpu] = in->next[cpu];
	}
	free(in->next);
	in->next = NULL;
	return first;
}

int local_create_files(struct local *l, struct err *err)
{
	int i, ret = 0;

	for (i = 0; !ret && i < l->nr_instances; i++) {
		if (l->instances[i].recorders)
			ret = create_files(l, &l->instances[i], err);
	}
	for (i = 0; ret && i < l->nr_instances; i++)
		drop_files(l, &l->instances[i]);
	return ret;
}

int local_hand_in(struct local *l, struct err *err)
{
	struct deadline d = deadline_in_ms(LOCAL_DRAIN_MS);
	int i, cpu, ret = 0;

	for (i = 0; i < l->nr_instances; i++) {
		int failed = l->instances[i].recorders ? hand_in(&l->instances[i]) : 0;

		ret = ret ? ret : failed;
	}
	if (ret)
		return err_set(err, ret, "a recorder cannot go on with '%s'", l->plan->output);
	for (i = 0; i < l->nr_instances; i++) {
		struct local_instance *in = &l->instances[i];

		for (cpu = 0; in->recorders && cpu < in->nr_cpus; cpu++) {
			while (in->recorders[cpu] && !recorder_switched(in->recorders[cpu])) {
				if (deadline_passed(d))
					return err_set(err, -ETIMEDOUT,
						       "a recorder does not go on with '%s'",
						       l->plan->output);
				poll(NULL, 0, SWITCH_LOOK_MS);
			}
		}
	}
	return 0;
}
