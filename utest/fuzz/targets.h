/*
 * targets.h - what is fed with hostile bytes: each function takes any input and must return.
 *
 * Included once, by fuzz.c (for a fuzzer) and by test-fuzz-corpus.c (which replays what
 * fuzzers have found worth keeping). All in memory: no target writes to disk.
 */
#ifndef FUZZ_TARGETS_H
#define FUZZ_TARGETS_H

#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "copy/copy.h"
#include "copy/slice.h"
#include "btf.h"
#include "events.h"
#include "in/merge.h"
#include "in/meta.h"
#include "in/text.h"
#include "net/auth.h"
#include "out/append-walk.h"
#include "out/out.h"
#include "record/options.h"
#include "session/proxy-limits.h"
#include "tsync/link.h"
#include "wire/burst.h"
#include "wire/kvm.h"
#include "wire/msg.h"
#include "wire/opt-late.h"
#include "wire/opts.h"
#include "wire/opt-timeshift.h"
#include "wire/opt-tsync.h"
#include "wire/ptp.h"
#include "wire/tinit.h"
#include "wire/vmexit.h"

/* --- a trace.dat, all of it read ---------------------------------------- */

static inline void fuzz_streams(struct in_file *f, struct in_data *d)
{
	const struct in_event *ev;
	unsigned int cpu;

	for (cpu = 0; cpu < d->nr_cpus; cpu++) {
		struct in_timeline t;
		struct slice_edge edge;
		struct in_stream s;
		uint64_t key = 0, sum = 0, n = 0;

		in_timeline_init(&t, &f->info, true, 0);
		in_stream_init(&s, d, cpu);
		while ((ev = in_stream_next(&s))) {
			key = n++ % 3 ? key : ev->key;
			sum += in_time_convert(&t, in_timeline_cpu(&t, cpu), ev->time).ns;
			/* every byte of a payload must be there */
			for (uint32_t i = 0; i < ev->size; i++)
				sum += ev->data[i];
		}
		while (in_stream_prev(&s))
			;
		in_stream_seek(&s, key);
		in_stream_release(&s);
		slice_find(d, cpu, &t, SLICE_START, sum, &edge);
	}
}

static inline void fuzz_buffer(struct in_file *f, const struct in_buffer *b)
{
	struct in_data *d = NULL;
	struct in_text text;
	char part[512];

	if (b->text) {
		if (in_text_open(&text, f, b))
			return;
		while (in_text_read(&text, part, sizeof(part)) > 0)
			;
		in_text_close(&text);
	} else if (!in_data_open(f, b, &d)) {
		fuzz_streams(f, d);
		in_data_close(d);
	}
}

static inline int fuzz_file(const uint8_t *data, size_t size)
{
	struct in_section *sections = NULL;
	struct buf text = BUF_INIT;
	unsigned int i, n = 0;
	struct in_file *f;

	if (in_file_open_memory(data, size, &f, NULL))
		return 0;
	for (i = 0; i < IN_PART_COUNT; i++) {
		buf_reset(&text);
		in_file_load(f, i, &text, NULL);
	}
	in_file_strings(f, &text, NULL);
	buf_release(&text);
	in_file_sections(f, &sections, &n, NULL);
	free(sections);
	for (i = 0; i < f->nr_buffers; i++)
		fuzz_buffer(f, &f->buffers[i]);
	in_file_unref(f);
	return 0;
}

/* --- a trace.dat, copied into another one ------------------------------- */

static inline void fuzz_copy_as(struct in_file *f, int version, const struct zip_algo *zip)
{
	struct copy_conf conf = { .version = version, .zip = zip };
	_cleanup_close_ int fd = memfd_create("copy", MFD_CLOEXEC);
	struct out_file *o = NULL;

	if (fd < 0)
		return;
	if (!copy_begin(fd, f, &conf, &o, NULL) && !copy_buffers(f, o, NULL, NULL, NULL))
		out_finish(o, NULL);
	out_free(o);
}

static inline int fuzz_copy(const uint8_t *data, size_t size)
{
	struct in_file *f;

	if (in_file_open_memory(data, size, &f, NULL))
		return 0;
	fuzz_copy_as(f, 6, NULL);
	fuzz_copy_as(f, 7, NULL);
	fuzz_copy_as(f, 7, zip_find("zlib"));
	in_file_unref(f);
	return 0;
}

/* --- the metadata that a guest sends -------------------------------------- */

static inline int fuzz_append(const uint8_t *data, size_t size)
{
	_cleanup_close_ int fd = memfd_create("append", MFD_CLOEXEC);
	struct out_buffer b = { .name = "", .clock = "local", .page_size = 4096 };
	/* without the process that it is read by: of just that size, and a byte */
	_cleanup_free_ uint8_t *copy = malloc(size + 1);
	struct append_found f = { 0 }, bare = { 0 };
	struct out_file *o = NULL;

	if (fd < 0 || !copy || write(fd, data, size) != (ssize_t)size)
		return 0;
	memcpy(copy, data, size);
	append_walk(copy, size, &f);
	/* what is found here can never be refused */
	if (append_check(&f, size))
		abort();
	if (!f.error && !append_found(fd, size, &f, &o, NULL)) {
		out_option(o, 30, "x", 1);
		if (!out_options_end(o, NULL) && !out_buffer(o, &b, NULL))
			out_finish(o, NULL);
		out_free(o);
	}
	/* what protocol 1 of a listener makes of it */
	memcpy(copy, data, size);
	append_walk_bare(copy, size, &bare);
	if (append_check(&bare, size))
		abort();
	return 0;
}

/* --- one page --------------------------------------------------------------- */

static inline int fuzz_page(const uint8_t *data, size_t size)
{
	struct in_page_format format = { .page_size = 4096 };
	struct in_event ev;
	struct in_page p;
	uint64_t sum = 0;
	uint32_t i;

	if (!size)
		return 0;
	format.order = data[0] & 1 ? ORDER_BIG : ORDER_LITTLE;
	format.long_size = data[0] & 2 ? 4 : 8;
	format.old = data[0] & 4;
	format.page_size <<= data[0] >> 4 & 3;
	data++, size--;
	if (size > format.page_size)
		size = format.page_size;
	if (in_page_init(&p, &format, data, size))
		return 0;
	while (in_page_next(&p, &ev) > 0)
		for (i = 0; i < ev.size; i++)
			sum += ev.data[i];
	return sum == 1;	/* always 0: it has to be used */
}

/* --- what peers say ----------------------------------------------------------- */

/* What is taken for sound must be so for any time. */
static inline void fuzz_model(const struct opt_tsync *t)
{
	static const int64_t times[] = { INT64_MIN, -1, 0, 1LL << 40, INT64_MAX };
	struct opt_tsync_value v;
	struct buf text = BUF_INIT;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(times); i++)
		if (!opt_tsync_at(t, i, i, times[i], &v) && (v.lo > v.mid || v.mid > v.hi))
			abort();
	opt_tsync_text(&text, t, 1);
	buf_release(&text);
}

/* Payloads of the protocols that compare clocks. */
static inline void fuzz_sync(const uint8_t *data, size_t size)
{
	struct kvm_request request;
	struct kvm_response response;
	struct burst_begin begin;
	struct burst_ready ready;
	struct burst_packet packet;
	struct vmexit_start start;
	struct burst_stamps *stamps = malloc(sizeof(*stamps));
	struct vmexit_stamps *exits = malloc(sizeof(*exits));

	kvm_request_parse(data, size, &request);
	kvm_response_parse(data, size, &response);
	burst_begin_parse(data, size, &begin);
	burst_ready_parse(data, size, &ready);
	vmexit_start_parse(data, size, &start);
	if (stamps)
		burst_stamps_parse(data, size, stamps);
	if (exits)
		vmexit_stamps_parse(data, size, exits);
	if (size >= BURST_PACKET_LEN)
		burst_packet_parse(data, &packet);
	free(stamps);
	free(exits);
}

/* What a proxy has for the file of who asked: nothing unsound gets through, and the rest the same again. */
static inline void fuzz_late(const uint8_t *data, size_t size)
{
	_cleanup_buf_ struct buf once = BUF_INIT, twice = BUF_INIT;
	uint64_t peer = 0;

	if (size >= 14)
		memcpy(&peer, data + 6, sizeof(peer));
	if (opt_late_sift(data, size, peer, &once))
		return;
	if (opt_late_sift(once.data, once.len, peer, &twice) || once.len != twice.len)
		abort();
}

static inline int fuzz_wire(const uint8_t *data, size_t size)
{
	struct msg_trace_resp resp;
	struct msg_trace_req req;
	struct msg_tsync sync;
	struct timeshift shift;
	struct opt_tsync model;
	struct ptp_offset offset;
	struct ptp_start start;
	struct ptp_list list;
	struct opt_guest guest;
	struct opt_tsc2nsec tsc;
	struct tinit tinit;
	uint32_t number, ports[3];
	struct msg m;
	size_t len;

	if (size >= MSG_HEADER_LEN && !msg_parse_header(data, &len) && len <= size &&
	    !msg_parse(data, len, &m)) {
		if (!msg_trace_req_parse(&m, &req))
			msg_trace_req_release(&req);
		if (!msg_trace_resp_parse(&m, &resp))
			msg_trace_resp_release(&resp);
		if (!msg_tsync_parse(&m, &sync))
			fuzz_sync(sync.data, sync.len);
		tinit_parse(&m, &tinit);
		rinit_parse(&m, ports, ARRAY_SIZE(ports));
	}
	ptp_start_parse(data, size, &start);
	ptp_probe_parse(data, size, &number);
	ptp_list_parse(data, size, &list);
	ptp_offset_parse(data, size, &offset);
	if (!timeshift_parse(data, size, ORDER_LITTLE, &shift))
		timeshift_release(&shift);
	if (!opt_guest_parse(data, size, ORDER_BIG, &guest))
		opt_guest_release(&guest);
	if (!opt_tsync_parse(data, size, ORDER_LITTLE, &model)) {
		fuzz_model(&model);
		opt_tsync_release(&model);
	}
	fuzz_sync(data, size);
	fuzz_late(data, size);
	opt_tsc2nsec_parse(data, size, ORDER_BIG, &tsc);
	if (!timeshift_parse(data, size, ORDER_BIG, &shift))
		timeshift_release(&shift);
	return 0;
}

/* A clock that is read once a nanosecond. */
static inline int64_t fuzz_clock(void *data)
{
	return ++*(int64_t *)data;
}

/* A round of bursts with a peer who has said it all beforehand: as the guest (first byte odd) or the host. */
static inline int fuzz_burst(const uint8_t *data, size_t size)
{
	const struct tsync_proto *burst = tsync_proto_find("burst");
	struct tsync_link *link = calloc(1, sizeof(*link));
	struct tsync_result result;
	struct tsync_conf conf;
	int64_t clock = 0;
	int fd[2];

	/* more would not fit the socket, and nobody reads what is answered */
	if (link && size && size < 65536 && !socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd)) {
		tsync_conf_init(&conf);
		conf.proto = burst;
		conf.fallback[0] = data[0] & 2 ? tsync_proto_find("ptp") : NULL;
		conf.now = fuzz_clock;
		conf.now_data = &clock;
		link_init(link, &conf, data[0] & 1, fd[0], -1, NULL);
		link->rounds = 1;
		if (send(fd[1], data + 1, size - 1, MSG_DONTWAIT) >= 0 && !shutdown(fd[1], SHUT_WR) &&
		    !burst->prepare(link)) {
			if (data[0] & 1)
				burst->guest_round(link);
			else
				burst->host_round(link, &result);
		}
		link_release(link);
		close(fd[1]);
	}
	free(link);
	return 0;
}

/* A client's text, and ports in text. */
static inline int fuzz_greet(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *text = strndup((const char *)data, size);
	struct greet g = GREET_INIT;
	uint32_t ports[3];
	size_t i;

	for (i = 0; i < size && greet_byte(&g, data[i]) >= 0; i++)
		;
	if (text)
		greet_ports_parse(text, ports, ARRAY_SIZE(ports));
	return 0;
}

/* --- a host's options, as an agent takes them ------------------------------------------ */

static inline int fuzz_args(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *text = malloc(size + 1);
	char *argv[64] = { (char *)"record" }, *at;
	struct err err = { 0 };
	struct plan plan;
	int argc = 1;

	if (!text || plan_init(&plan))
		return 0;
	memcpy(text, data, size);
	text[size] = 0;
	for (at = text; at < text + size && argc < 63; at += strlen(at) + 1)
		argv[argc++] = at;
	if (!record_parse(argc, argv, PLAN_AGENT, &plan, &err) &&
	    (plan.command || plan.listener.port || plan.nr_guests || plan.auth))
		abort();	/* what no host may ask for */
	plan_release(&plan);
	/* a guest of ours may ask for less */
	if (plan_init(&plan))
		return 0;
	if (!record_parse(argc, argv, PLAN_PROXY, &plan, &err) && !proxy_limits_check(&plan, 2, &err) &&
	    (plan.command || plan.listener.port || plan.nr_guests || plan.auth || plan.nr_instances > 1 ||
	     plan.instances[0].nr_pids || plan.instances[0].commands.nr || plan.poll || plan.temp_dir ||
	     plan.system.cmdlines_size || plan.user || plan.instances[0].func_stack))
		abort();
	plan_release(&plan);
	return 0;
}

/* --- handshakes -------------------------------------------------------------------- */

/* A byte: which side, and in pieces of which size; then what the peer says. */
static inline int fuzz_auth(const uint8_t *data, size_t size)
{
	static const struct auth_secret secret = { { 1 } };
	uint8_t out[AUTH_REPLY_LEN];
	struct auth_hand h;
	size_t piece, at = 1;
	int ret = 1;

	if (!size)
		return 0;
	piece = (data[0] >> 1) + 1;
	auth_hand_init(&h, &secret, data[0] & 1, AUTH_DATA, 2);
	if (auth_hand_begin(&h, out) < 0)
		return 0;
	while (ret == 1 && at < size) {
		size_t used, len;

		ret = auth_hand_take(&h, data + at, size - at < piece ? size - at : piece, &used,
				     out, &len);
		at += used;
	}
	/* who does not know the secret cannot get in */
	if (!ret)
		abort();
	return 0;
}

/* All targets, and the directories of their corpora. */
static const struct fuzz_target {
	const char *name, *corpus;
	int (*run)(const uint8_t *data, size_t size);
} fuzz_targets[] = {
	{ "file", "file", fuzz_file }, { "copy", "file", fuzz_copy },
	{ "append", "append", fuzz_append }, { "page", "page", fuzz_page },
	{ "burst", "burst", fuzz_burst },
	{ "wire", "wire", fuzz_wire }, { "greet", "greet", fuzz_greet },
	{ "auth", "auth", fuzz_auth }, { "args", "args", fuzz_args },
	{ "record", "record", fuzz_record }, { "format", "format", fuzz_format },
	{ "btf", "btf", fuzz_btf },
};

#endif
