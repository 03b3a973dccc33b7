/*
 * vcpus.c - see vcpus.h. Layer 5, on the public interface alone.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "edit/vcpus.h"
#include "message.h"
#include "trace-cmd.h"

#define COMMON_BYTES	8	/* of an event's fields up to the pid */
#define NOT_SEEN	(-1LL)

/* A kind of event that tells. */
struct kind {
	int type;				/* -1: not in this file */
	struct tep_format_field *vcpu_id;	/* NULL: it doesn't say */
};

struct search {
	struct tep_handle *tep;
	struct kind kinds[2];
	const int *pids;
	long long *vcpu;	/* for each of the pids, NOT_SEEN */
	int nr_pids, missing;
};

static void handle_close(struct tracecmd_input **h)
{
	tracecmd_close(*h);
}

static void kind_find(struct search *s, struct kind *k, const char *name)
{
	struct tep_event *event = tep_find_event_by_name(s->tep, "kvm", name);

	k->type = event ? event->id : -1;
	k->vcpu_id = event ? tep_find_field(event, "vcpu_id") : NULL;
}

static const struct kind *kind_of(const struct search *s, int type)
{
	return s->kinds[0].type == type ? &s->kinds[0] :
	       s->kinds[1].type == type ? &s->kinds[1] : NULL;
}

/* A record of the host: 1 if it was the last one that is needed. */
static int look(struct tracecmd_input *h, struct tep_record *record, int cpu, void *data)
{
	struct search *s = data;
	const struct kind *k;
	unsigned long long id;
	int i, pid;

	if (record->size < COMMON_BYTES)
		return 0;
	k = kind_of(s, tep_data_type(s->tep, record));
	if (!k || !k->vcpu_id || k->vcpu_id->offset < 0 || k->vcpu_id->size < 0 ||
	    k->vcpu_id->offset + k->vcpu_id->size > record->size)
		return 0;
	pid = tep_data_pid(s->tep, record);
	for (i = 0; i < s->nr_pids; i++) {
		if (s->pids[i] != pid || s->vcpu[i] != NOT_SEEN ||
		    tep_read_number_field(k->vcpu_id, record->data, &id))
			continue;
		/* beyond any number of CPUs is beyond it all the same */
		s->vcpu[i] = id > INT32_MAX ? INT32_MAX : (long long)id;
		s->missing--;
	}
	return !s->missing;
}

/* All buffers of the file. 0; -errno. */
static int search_file(struct search *s, struct tracecmd_input *h)
{
	int i, ret = tracecmd_iterate_events(h, NULL, 0, look, s);

	for (i = 0; !ret && i < tracecmd_buffer_instances(h); i++) {
		_cleanup_(handle_close) struct tracecmd_input *inst =
			tracecmd_buffer_instance_handle(h, i);

		ret = inst ? tracecmd_iterate_events(inst, NULL, 0, look, s) : 0;
	}
	return ret < 0 ? -errno : 0;
}

/* From threads to vCPUs. How many of these are known. */
static int assign(const struct search *s, uint32_t nr_cpus, int32_t *tids)
{
	uint32_t cpu;
	int i, found = 0;

	for (cpu = 0; cpu < nr_cpus; cpu++)
		tids[cpu] = -1;
	for (i = 0; i < s->nr_pids; i++) {
		long long vcpu = s->vcpu[i];

		if (vcpu == NOT_SEEN) {
			cmd_warn(0, "thread %d ran no CPU of a guest in this trace", s->pids[i]);
		} else if (vcpu >= nr_cpus) {
			cmd_warn(0, "thread %d ran CPU %lld of a guest, which has %u: -c CPUS says how many",
				 s->pids[i], vcpu, nr_cpus);
		} else if (tids[vcpu] >= 0) {
			cmd_warn(0, "thread %d ran CPU %lld of a guest, as thread %d did: are they of one guest?",
				 s->pids[i], vcpu, tids[vcpu]);
		} else {
			tids[vcpu] = s->pids[i];
			found++;
		}
	}
	return found;
}

int vcpus_find(const char *path, const int *pids, int nr_pids, uint32_t nr_cpus, int32_t *ret_tids,
	       struct err *err)
{
	_cleanup_(handle_close) struct tracecmd_input *h = NULL;
	_cleanup_free_ long long *vcpu = malloc((nr_pids + 1) * sizeof(*vcpu));
	struct search s = { .pids = pids, .vcpu = vcpu, .nr_pids = nr_pids, .missing = nr_pids };
	char text[ERR_TEXT_MAX / 2] = "";
	int i, ret;

	if (!vcpu)
		return err_set(err, -ENOMEM, "out of memory");
	for (i = 0; i < nr_pids; i++)
		vcpu[i] = NOT_SEEN;
	h = tracecmd_open_err(path, TRACECMD_FL_LOAD_NO_PLUGINS | TRACECMD_FL_RAW_TS, text,
			      sizeof(text));
	if (!h)
		return err_set(err, -errno, "Could not read %s: %s", path, text);
	s.tep = tracecmd_get_tep(h);
	if (!s.tep)
		return err_set(err, -ENOMEM, "out of memory");
	kind_find(&s, &s.kinds[0], "kvm_entry");
	kind_find(&s, &s.kinds[1], "kvm_exit");
	if (!s.kinds[0].vcpu_id && !s.kinds[1].vcpu_id) {
		err_set(err, 0, "Host needs kvm_exit or kvm_entry events to attach\n%s%s", path,
			s.kinds[0].type >= 0 || s.kinds[1].type >= 0 ?
			" knows them, but they do not say which vCPU they are about" :
			" knows none: record the host with -e kvm");
		return -ENOENT;
	}
	ret = search_file(&s, h);
	if (ret)
		return err_set(err, ret, "Could not read %s", path);
	if (assign(&s, nr_cpus, ret_tids))
		return 0;
	err_set(err, 0, "Host needs kvm_exit or kvm_entry events to attach\nnone of the threads has any in %s",
		path);
	return -ENOENT;
}
