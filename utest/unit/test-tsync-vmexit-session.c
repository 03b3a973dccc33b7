/*
 * Protocol vmexit: its two sides, each with a peer that is none of KVM's.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sim/tsync-pair.h"
#include "sim/tsync-script.h"
#include "tsync/tsc.h"
#include "tsync/vmexit-events.h"

/* A guest of ours by itself: what it answers to any clock it can read. */
static void a_guest_stamps_its_tags(void **state)
{
	static const char *const clocks[] = { "x86-tsc", "mono", "mono_raw", "boot", "tai", "local" };
	struct vmexit_start start = { .mark = 7, .base = 0xffffffe0, .count = 64 };
	unsigned int i, n;

	for (i = 0; i < ARRAY_SIZE(clocks); i++) {
		bool marker = !strcmp(clocks[i], "local");
		static struct vmexit_stamps stamps;
		uint16_t cpu = 0;
		struct buf b = BUF_INIT;
		struct script s;

		if (marker && !pair_can_mark()) {
			print_message("SKIPPED with markers: these need root and tracefs\n");
			continue;
		}
		script_init(&s);
		s.conf.proto = tsync_proto_find("vmexit");
		s.conf.clock = clocks[i];
		if (marker)
			s.conf.own_id = tsync_pick_id(NULL, PAIR_ID);
		assert_int_equal(tsync_guest_start(&s.conf, &s.session, &s.err), 0);
		script_send(&s, "none", 1, &cpu, sizeof(cpu));
		vmexit_start_put(&b, &start);
		script_send(&s, "vmexit", VMEXIT_START, b.data, b.len);
		buf_release(&b);
		script_expect(&s, "vmexit", VMEXIT_STAMPS);
		assert_int_equal(vmexit_stamps_parse(s.got.data, s.got.len, &stamps), 0);
		assert_int_equal(stamps.base, start.base);
		assert_int_equal(stamps.count, 64);
		for (n = 0; n < 64; n++) {
			assert_int_equal(stamps.stamp[n].number, n);
			assert_true(stamps.stamp[n].before > 0);
			assert_true(!n || stamps.stamp[n].before >= stamps.stamp[n - 1].after);
		}
		script_release(&s);
	}
}

static void a_guest_refuses_nonsense(void **state)
{
	static const struct { const char *proto; uint32_t id; size_t len; } bad[] = {
		{ "vmexit", VMEXIT_STAMPS, 10 }, { "vmexit", VMEXIT_START, 9 },
		{ "vmexit", VMEXIT_START, 10 }, { "ptp", VMEXIT_START, 10 },
		{ "vmexit", VMEXIT_START, 0 },
	};
	static const uint8_t zero[16];
	uint16_t cpu = 0;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		struct script s;

		script_init(&s);
		s.conf.proto = tsync_proto_find("vmexit");
		assert_int_equal(tsync_guest_start(&s.conf, &s.session, &s.err), 0);
		script_send(&s, "none", 1, &cpu, sizeof(cpu));
		script_send(&s, bad[i].proto, bad[i].id, zero, bad[i].len);
		assert_int_equal(script_recv(&s), -ENODATA);
		assert_true(tsync_guest_stop(s.session, SCRIPT_MS) < 0);
		script_release(&s);
	}
}

/* The host's side needs KVM's events, traced in an instance. */
static bool can_trace_kvm(void)
{
	if (pair_can_mark() && vmexit_events_there(NULL))
		return true;
	print_message("SKIPPED: root, tracefs and KVM's events are needed\n");
	return false;
}

static void assert_left_as_it_was(int id)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/instances/clock_synch-%d", tracefs_tracing_dir(), id);
	assert_int_equal(access(path, F_OK), -1);
}

/* A guest that no KVM of this machine runs: itself. The other protocol goes on from there. */
static void without_exits_another_protocol_is_taken(void **state)
{
	struct tsync_samples samples = { 0 };
	struct tsync_pair p;
	struct err why = { 0 };
	unsigned int i;

	if (!can_trace_kvm())
		return;
	pair_init(&p, PTP_FLAG_FASTEST_RESPONSE | PTP_FLAG_USE_MARKER, false);
	p.host_conf.proto = p.guest_conf.proto = tsync_proto_find("vmexit");
	p.host_conf.fallback[0] = p.guest_conf.fallback[0] = tsync_proto_find("ptp");
	p.host_conf.vm_pid = getpid();
	p.host_conf.report = p.guest_conf.report = true;
	assert_int_equal(pair_start(&p), 0);
	assert_int_equal(tsync_host_wait_first(p.host, SCRIPT_MS, &p.err), 0);
	assert_string_equal(tsync_proto_now(p.host, &why)->name, "ptp");
	assert_non_null(strstr(why.text, "0 of 64 tags"));
	assert_int_equal(tsync_host_stop(p.host, SCRIPT_MS, &samples, &p.err), 0);
	assert_int_equal(samples.count, 2);
	for (i = 0; i < samples.count; i++)
		assert_true(llabs(samples.results[i].offset) <= samples.results[i].response);
	tsync_samples_release(&samples);
	pair_free(&p);
	assert_left_as_it_was(p.host_conf.own_id);
	assert_left_as_it_was(p.guest_conf.own_id);
}

/* Stamps of something else, or that make no sense, end the session; and what they claim is no sample. */
static void a_host_refuses_nonsense(void **state)
{
	enum { OTHER_PROTO, OTHER_ID, OTHER_BASE, CUT, ABSURD, NONSENSES };
	int what;

	if (!can_trace_kvm())
		return;
	for (what = 0; what < NONSENSES; what++) {
		struct vmexit_stamps stamps = { .cpu = 0, .count = 64 };
		struct tsync_samples samples = { 0 };
		struct vmexit_start start;
		struct buf b = BUF_INIT;
		struct script s;
		uint32_t i;

		script_init(&s);
		s.conf.proto = tsync_proto_find("vmexit");
		s.conf.clock = "x86-tsc";
		s.conf.vm_pid = getpid();
		s.conf.own_id = tsync_pick_id(NULL, PAIR_ID);
		assert_int_equal(tsync_host_start(&s.conf, &s.session, &s.err), 0);
		script_expect(&s, "none", 1);
		script_expect(&s, "vmexit", VMEXIT_START);
		assert_int_equal(vmexit_start_parse(s.got.data, s.got.len, &start), 0);
		assert_int_equal(start.count, 64);
		stamps.base = start.base + (what == OTHER_BASE);
		for (i = 0; i < 64; i++)
			stamps.stamp[i] = (struct vmexit_stamp){ i, INT64_MIN, INT64_MAX };
		vmexit_stamps_put(&b, &stamps);
		script_send(&s, what == OTHER_PROTO ? "kvm" : "vmexit",
			    what == OTHER_ID ? VMEXIT_START : VMEXIT_STAMPS, b.data,
			    b.len - (what == CUT));
		buf_release(&b);
		/* the absurd ones are well formed: the host asks again */
		if (what == ABSURD) {
			script_expect(&s, "none", 1);
			script_expect(&s, "vmexit", VMEXIT_START);
			channel_close(&s.ch);
			s.ch.fd = -1;
		}
		assert_true(tsync_host_stop(s.session, SCRIPT_MS, &samples, &s.err) < 0);
		script_release(&s);
		assert_left_as_it_was(s.conf.own_id);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_guest_stamps_its_tags),
		cmocka_unit_test(a_guest_refuses_nonsense),
		cmocka_unit_test(without_exits_another_protocol_is_taken),
		cmocka_unit_test(a_host_refuses_nonsense),
	};

	/* CPUID and the TSC are x86's */
	if (tsc_here())
		return cmocka_run_group_tests(tests, NULL, NULL);
	print_message("SKIPPED: these need an x86\n");
	return 0;
}
