/*
 * evidence.c - see evidence.h. Layer 5.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "clocks/evidence.h"
#include "tsync/reduce.h"

#include "trace-cmd.h"

#define OP_RW 5			/* VIRTIO_VSOCK_OP_RW: a packet with data */
#define BOUNDS_BATCH 4096	/* before those that say nothing new are thrown out */

/* --- all buffers of a file that go by one clock ------------------------------ */

struct buffers {
	struct tracecmd_input **handles;
	int count;
	int64_t **last;		/* of each handle's CPUs: the time of the record before */
};

static void buffers_release(struct buffers *b)
{
	int i;

	for (i = 0; i < b->count; i++) {
		free(b->last ? b->last[i] : NULL);
		if (i)
			tracecmd_close(b->handles[i]);
	}
	free(b->last);
	free(b->handles);
	*b = (struct buffers){ 0 };
}

static int add_buffer(struct buffers *b, struct tracecmd_input *h)
{
	int cpus = tracecmd_get_cpus(h), i;

	b->last[b->count] = calloc(cpus > 0 ? cpus : 1, sizeof(int64_t));
	if (!b->last[b->count]) {
		if (b->count)
			tracecmd_close(h);
		return -ENOMEM;
	}
	for (i = 0; i < cpus; i++)
		b->last[b->count][i] = INT64_MIN;
	b->handles[b->count++] = h;
	return 0;
}

static bool same_clock(struct tracecmd_input *a, struct tracecmd_input *b)
{
	const char *x = tracecmd_get_trace_clock(a), *y = tracecmd_get_trace_clock(b);

	return !x || !y || !strcmp(x, y);
}

static int buffers_open(struct buffers *b, struct tracecmd_input *top)
{
	int n = tracecmd_buffer_instances(top), i, ret;

	*b = (struct buffers){
		.handles = calloc(n + 1, sizeof(*b->handles)),
		.last = calloc(n + 1, sizeof(*b->last)),
	};
	if (!b->handles || !b->last)
		return -ENOMEM;
	ret = add_buffer(b, top);
	for (i = 0; i < n && !ret; i++) {
		struct tracecmd_input *h = tracecmd_buffer_instance_handle(top, i);

		if (!h)
			return -ENOMEM;
		if (same_clock(top, h))
			ret = add_buffer(b, h);
		else
			tracecmd_close(h);
	}
	return ret;
}

static int64_t *last_time(struct buffers *b, struct tracecmd_input *h, int cpu)
{
	int i;

	for (i = 0; i < b->count; i++)
		if (b->handles[i] == h)
			return &b->last[i][cpu];
	return NULL;
}

/* Hand all records to @fn. 0; -errno, also when part of the file could not be read. */
static int buffers_walk(struct buffers *b, int (*fn)(struct tracecmd_input *, struct tep_record *,
						     int, void *), void *data, struct err *err)
{
	char text[ERR_TEXT_MAX / 2];
	int i, ret;

	for (i = 0; i < b->count; i++)
		tracecmd_iterate_reset(b->handles[i]);
	errno = 0;
	ret = tracecmd_iterate_events_multi(b->handles, b->count, fn, data);
	if (ret)
		return ret < -1 ? ret : err_set(err, errno ? -errno : -EIO,
						"cannot read the trace: %s", strerror(errno));
	ret = tracecmd_get_error(b->handles[0], text, sizeof(text));
	return ret ? err_set(err, ret < 0 ? ret : -ret, "%s", text) : 0;
}

/* --- packets ----------------------------------------------------------------- */

/* The fields of one of the two events; all NULL: the file hasn't got it. */
struct packet_event {
	struct tep_event *event;
	struct tep_format_field *src_cid, *src_port, *dst_cid, *dst_port, *len, *op;
};

static void packet_event_find(struct packet_event *p, struct tep_handle *tep, const char *name)
{
	struct tep_event *e = tep_find_event_by_name(tep, NULL, name);

	*p = (struct packet_event){ 0 };
	if (!e)
		return;
	p->src_cid = tep_find_field(e, "src_cid");
	p->src_port = tep_find_field(e, "src_port");
	p->dst_cid = tep_find_field(e, "dst_cid");
	p->dst_port = tep_find_field(e, "dst_port");
	p->len = tep_find_field(e, "len");
	p->op = tep_find_field(e, "op");
	if (p->src_cid && p->src_port && p->dst_cid && p->dst_port && p->len && p->op)
		p->event = e;
}

static uint64_t field(const struct tep_format_field *f, const struct tep_record *rec)
{
	unsigned long long v = 0;

	if (f->offset < 0 || f->size < 0 || f->offset + f->size > rec->size)
		return 0;
	tep_read_number_field((struct tep_format_field *)f, rec->data, &v);
	return v;
}

static int packet_note(const struct packet_event *p, const struct tep_record *rec, bool received,
		       struct packets *to)
{
	struct packet one = {
		.src_cid = field(p->src_cid, rec), .dst_cid = field(p->dst_cid, rec),
		.src_port = field(p->src_port, rec), .dst_port = field(p->dst_port, rec),
		.len = field(p->len, rec), .received = received, .time = rec->ts,
	};

	return field(p->op, rec) == OP_RW && one.len ? packets_add(to, &one) : 0;
}

/* --- the host ---------------------------------------------------------------- */

struct host_walk {
	struct evidence *e;
	struct buffers buffers;
	struct tep_handle *tep;
	int entry_id, exit_id;		/* -1: none */
	struct tep_event *move;		/* kvm_write_tsc_offset; NULL: none */
	struct tep_format_field *before, *after;
	struct packet_event sent, received;
};

static int vcpu_of(const struct evidence *e, int tid)
{
	int i;

	for (i = 0; i < e->nr_vcpus; i++)
		if (e->tids[i] == tid && tid > 0)
			return i;
	return -1;
}

/* The CPU's buffer has lost events before @rec: an entry may be among them, of any vCPU. */
static void note_lost(struct host_walk *w, const struct tep_record *rec, int64_t *last)
{
	int i;

	if (rec->missed_events)
		for (i = 0; i < w->e->nr_vcpus; i++)
			gaps_lost(&w->e->gaps[i], *last);
	*last = rec->ts;
}

static void move_event_find(struct host_walk *w)
{
	struct tep_event *e = tep_find_event_by_name(w->tep, "kvm", "kvm_write_tsc_offset");

	w->before = e ? tep_find_field(e, "previous_tsc_offset") : NULL;
	w->after = e ? tep_find_field(e, "next_tsc_offset") : NULL;
	if (w->before && w->after)
		w->move = e;
}

/* The vCPU's own thread does it: for the guest, or for who resets it. */
static int note_move(struct host_walk *w, const struct tep_record *rec, int vcpu)
{
	struct move one = {
		.time = rec->ts, .vcpu = vcpu,
		.before = field(w->before, rec), .after = field(w->after, rec),
	};

	return moves_add(&w->e->moves, &one);
}

static int host_record(struct tracecmd_input *h, struct tep_record *rec, int cpu, void *data)
{
	struct host_walk *w = data;
	int64_t *last = last_time(&w->buffers, h, rec->cpu);
	int type, vcpu;

	if (last)
		note_lost(w, rec, last);
	type = tep_data_type(w->tep, rec);
	if (w->sent.event && type == w->sent.event->id)
		return packet_note(&w->sent, rec, false, &w->e->host);
	if (w->received.event && type == w->received.event->id)
		return packet_note(&w->received, rec, true, &w->e->host);
	if (type != w->entry_id && type != w->exit_id && !(w->move && type == w->move->id))
		return 0;
	vcpu = vcpu_of(w->e, tep_data_pid(w->tep, rec));
	if (vcpu < 0)
		return 0;
	if (w->move && type == w->move->id)
		return note_move(w, rec, vcpu);
	if (type == w->exit_id) {
		gaps_exit(&w->e->gaps[vcpu], rec->ts);
		return 0;
	}
	w->e->windows++;
	return gaps_entry(&w->e->gaps[vcpu], rec->ts);
}

static int id_of(struct tep_handle *tep, const char *name)
{
	struct tep_event *e = tep_find_event_by_name(tep, "kvm", name);

	return e ? e->id : -1;
}

static int map_vcpus(struct evidence *e, struct tracecmd_input *host, unsigned long long trace_id,
		     struct err *err)
{
	const char *name;

	if (tracecmd_get_guest_cpumap(host, trace_id, &name, &e->nr_vcpus, &e->tids))
		return err_set(err, -ENOENT, "the host's file knows no guest with trace id 0x%llx",
			       trace_id);
	if (e->nr_vcpus < 0)
		e->nr_vcpus = 0;
	e->gaps = calloc(e->nr_vcpus + 1, sizeof(*e->gaps));
	return e->gaps ? 0 : -ENOMEM;
}

int evidence_read_host(struct evidence *e, struct tracecmd_input *host,
		       unsigned long long trace_id, struct err *err)
{
	struct host_walk w = { .e = e, .tep = tracecmd_get_tep(host) };
	int ret = map_vcpus(e, host, trace_id, err);

	if (ret)
		return ret;
	if (!w.tep)
		return -ENOMEM;
	w.entry_id = id_of(w.tep, "kvm_entry");
	w.exit_id = id_of(w.tep, "kvm_exit");
	e->has_kvm = w.entry_id >= 0 && w.exit_id >= 0;
	move_event_find(&w);
	packet_event_find(&w.sent, w.tep, "virtio_transport_alloc_pkt");
	packet_event_find(&w.received, w.tep, "virtio_transport_recv_pkt");
	ret = buffers_open(&w.buffers, host);
	if (!ret)
		ret = buffers_walk(&w.buffers, host_record, &w, err);
	buffers_release(&w.buffers);
	return ret;
}

/* --- the guest --------------------------------------------------------------- */

struct guest_walk {
	struct evidence *e;
	struct tep_handle *tep;
	theta_fn theta;
	void *data;
	struct finding *findings;
	bool want_bounds;
	size_t *cursors;		/* into the gaps of each CPU */
	struct packet_event sent, received;
};

static int finding_reduce(struct finding *f)
{
	int ret;

	if (f->bounds.count < 2 * f->reduced + BOUNDS_BATCH)
		return 0;
	ret = bounds_reduce(&f->bounds, 0);
	f->reduced = f->bounds.count;
	return ret;
}

/* An event of @cpu. */
static int judge_event(struct guest_walk *w, int cpu, int64_t time)
{
	struct finding *f = &w->findings[cpu];
	struct theta theta;
	int ret;

	if (w->theta(w->data, cpu, time, &theta))
		return 0;
	ret = causality_event(&f->causality, &w->e->gaps[cpu], &w->cursors[cpu], time, &theta, cpu,
			      w->want_bounds ? &f->bounds : NULL);
	return ret ? ret : finding_reduce(f);
}

static int guest_record(struct tracecmd_input *h, struct tep_record *rec, int cpu, void *data)
{
	struct guest_walk *w = data;
	int type, ret;

	if (!w->e->guest_read && (w->sent.event || w->received.event)) {
		type = tep_data_type(w->tep, rec);
		ret = 0;
		if (w->sent.event && type == w->sent.event->id)
			ret = packet_note(&w->sent, rec, false, &w->e->guest);
		else if (w->received.event && type == w->received.event->id)
			ret = packet_note(&w->received, rec, true, &w->e->guest);
		if (ret)
			return ret;
	}
	/* of its own buffer; the iteration's counts on through all of them */
	cpu = rec->cpu;
	return cpu < 0 || cpu >= w->e->nr_vcpus || !w->e->gaps[cpu].count ? 0 :
	       judge_event(w, cpu, rec->ts);
}

struct packet_walk {
	struct guest_walk *w;
	bool guest_sent;
};

static int judge_packet(void *data, const struct packet *sent, const struct packet *received)
{
	struct packet_walk *p = data;
	struct guest_walk *w = p->w;
	struct finding *f = &w->findings[w->e->nr_vcpus];
	struct theta theta;
	int ret;

	if (w->theta(w->data, -1, p->guest_sent ? sent->time : received->time, &theta))
		return 0;
	ret = causality_packet(&f->causality, p->guest_sent, sent->time, received->time, &theta,
			       w->want_bounds ? &f->bounds : NULL);
	return ret ? ret : finding_reduce(f);
}

static int judge_packets(struct guest_walk *w)
{
	struct packet_walk up = { .w = w, .guest_sent = true }, down = { .w = w };
	int ret = packets_pair(&w->e->guest, &w->e->host, judge_packet, &up);

	return ret ? ret : packets_pair(&w->e->host, &w->e->guest, judge_packet, &down);
}

void findings_free(const struct evidence *e, struct finding *findings)
{
	int i;

	for (i = 0; findings && i <= e->nr_vcpus; i++)
		bounds_release(&findings[i].bounds);
	free(findings);
}

static struct finding *findings_new(const struct evidence *e)
{
	struct finding *f = calloc(e->nr_vcpus + 1, sizeof(*f));
	int i;

	for (i = 0; f && i <= e->nr_vcpus; i++)
		causality_init(&f[i].causality);
	return f;
}

int evidence_judge(struct evidence *e, struct tracecmd_input *guest, theta_fn theta, void *data,
		   bool want_bounds, struct finding **ret_findings, struct err *err)
{
	_cleanup_(buffers_release) struct buffers buffers = { 0 };
	_cleanup_free_ size_t *cursors = calloc(e->nr_vcpus + 1, sizeof(*cursors));
	struct guest_walk w = {
		.e = e, .tep = tracecmd_get_tep(guest), .theta = theta, .data = data,
		.findings = findings_new(e), .want_bounds = want_bounds, .cursors = cursors,
	};
	int ret;

	*ret_findings = w.findings;
	if (!cursors || !w.tep || !w.findings)
		return -ENOMEM;
	packet_event_find(&w.sent, w.tep, "virtio_transport_alloc_pkt");
	packet_event_find(&w.received, w.tep, "virtio_transport_recv_pkt");
	ret = buffers_open(&buffers, guest);
	if (!ret)
		ret = buffers_walk(&buffers, guest_record, &w, err);
	e->guest_read = true;
	return ret ? ret : judge_packets(&w);
}

void evidence_release(struct evidence *e)
{
	int i;

	for (i = 0; i < e->nr_vcpus && e->gaps; i++)
		gaps_release(&e->gaps[i]);
	free(e->gaps);
	moves_release(&e->moves);
	packets_release(&e->host);
	packets_release(&e->guest);
	*e = (struct evidence){ 0 };
}
