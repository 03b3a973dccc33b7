/*
 * Protocol kvm: sessions with guests whose clock is made from this machine's by a setting of KVM's.
 */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sim/kvm-tree.h"
#include "sim/tsync-script.h"
#include "tsync/model.h"
#include "tsync/tsc.h"
#include "wire/kvm.h"

struct vm {
	struct script script;
	struct tree tree;
	struct kvm_scale scale[8];	/* of each guest CPU */
	uint32_t apic_id[8];
	bool tells_apic_id;
	unsigned int asked;
	void (*before)(struct vm *vm);	/* each answer */
	struct tsync_samples samples;
};

static void vm_init(struct vm *vm, int nr_cpus)
{
	memset(vm, 0, sizeof(*vm));
	script_init(&vm->script);
	tree_init(&vm->tree);
	vm->script.conf.proto = tsync_proto_find("kvm");
	vm->script.conf.clock = "x86-tsc";
	vm->script.conf.kvm_dir = vm->tree.dir;
	vm->script.conf.vm_pid = TREE_PID;
	vm->script.conf.nr_cpus = nr_cpus;
	vm->script.conf.per_cpu = true;
}

static void vm_release(struct vm *vm)
{
	tsync_samples_release(&vm->samples);
	script_release(&vm->script);
	tree_release(&vm->tree);
}

static int64_t guest_now(const struct kvm_scale *s)
{
	int64_t guest = 0;

	assert_true(kvm_guest_time(s, tsc_now(), &guest));
	return guest;
}

/* What a guest answers to PROBE; a stock one has no APIC id. */
static void vm_answer(struct vm *vm)
{
	struct kvm_response response;
	struct kvm_request request;
	struct buf b = BUF_INIT;
	uint16_t cpu;

	assert_string_equal(vm->script.got.proto, "none");
	assert_int_equal(vm->script.got.id, 1);
	memcpy(&cpu, vm->script.got.data, sizeof(cpu));
	if (vm->before)
		vm->before(vm);
	vm->asked++;
	request = (struct kvm_request){
		.time = guest_now(&vm->scale[cpu]), .has_apic_id = vm->tells_apic_id,
		.apic_id = vm->apic_id[cpu],
	};
	kvm_request_put(&b, &request);
	assert_int_equal(b.len, 32);
	script_send(&vm->script, "kvm", KVM_REQUEST, b.data, b.len);
	buf_release(&b);
	script_expect(&vm->script, "kvm", KVM_RESPONSE);
	assert_int_equal(vm->script.got.len, 32);
	assert_int_equal(kvm_response_parse(vm->script.got.data, 32, &response), 0);
	assert_int_equal(response.time, request.time);
}

/* A pass at the start, one at the end. */
static void vm_run(struct vm *vm)
{
	struct script *s = &vm->script;

	assert_int_equal(tsync_host_start(&s->conf, &s->session, &s->err), 0);
	tsync_host_ask_stop(s->session);
	while (!script_recv(s) && (strcmp(s->got.proto, "none") || s->got.id != 2))
		vm_answer(vm);
	assert_int_equal(tsync_host_stop(s->session, SCRIPT_MS, &vm->samples, &s->err), 0);
}

static void assert_exact(const struct vm *vm, unsigned int passes, int nr_cpus)
{
	size_t i;

	assert_int_equal(vm->samples.count, passes * nr_cpus);
	for (i = 0; i < vm->samples.count; i++) {
		const struct tsync_result *r = &vm->samples.results[i];
		const struct kvm_scale *s = &vm->scale[r->guest_cpu];
		int64_t host;

		assert_true(kvm_host_time(s, r->time, &host));
		assert_int_equal(r->offset, host - r->time);
		assert_int_equal(r->response, 0);
	}
	/* one from below, one from above */
	assert_int_equal(vm->samples.bounds.count, 2 * vm->samples.count);
	for (i = 0; i < vm->samples.bounds.count; i++)
		assert_int_equal(vm->samples.bounds.at[i].source, BOUND_KVM);
}

/* Offset 0 as well as any, with and without files about scaling. */
static void offsets_are_exact(void **state)
{
	static const int64_t offset[] = { 0, 1, -1, -123456789012345, 1LL << 55 };
	unsigned int i, f;

	for (i = 0; i < ARRAY_SIZE(offset); i++) {
		for (f = 0; f <= 48; f += 16) {
			struct vm vm;

			vm_init(&vm, 1);
			vm.scale[0] = (struct kvm_scale){ offset[i], 1ULL << f, f };
			tree_scale(&vm.tree, 0, &vm.scale[0]);
			vm_run(&vm);
			assert_exact(&vm, 2, 1);
			assert_int_equal(vm.samples.results[0].offset, -offset[i]);
			vm_release(&vm);
		}
	}
}

/* What comes of it in the file: the points readers interpolate between, and the bounds. */
static void assert_model(const struct vm *vm)
{
	_cleanup_(opt_tsync_release) struct opt_tsync t = { 0 };
	_cleanup_(timeshift_release) struct timeshift ts = { 0 };
	struct model_conf conf = {
		.method = "kvm", .host_clock = "x86-tsc", .guest_clock = "x86-tsc", .same_machine = true,
	};
	int64_t first = vm->samples.results[0].time, last = vm->samples.results[1].time, i;

	assert_int_equal(tsync_model_make(&vm->samples, &conf, &t), 0);
	assert_int_equal(tsync_samples_timeshift(&vm->samples, TIMESHIFT_CURRENT, 1, 0, 1, &ts), 0);
	timeshift_prepare(&ts);
	for (i = 0; i <= 10; i++) {
		int64_t time = first + (last - first) / 10 * i, host, shown;
		struct opt_tsync_value v;

		assert_true(kvm_host_time(&vm->scale[0], time, &host));
		shown = (int64_t)timeshift_apply(&ts.cpus[0], ts.flags & TIMESHIFT_FL_INTERPOLATE,
						 time);
		assert_int_equal(opt_tsync_at(&t, 0, -1, time, &v), 0);
		assert_true(v.lo <= host - time && host - time <= v.hi);
		assert_true(llabs(shown - host) <= 2);
	}
}

static void scaled_sessions_are_exact(void **state)
{
	unsigned int r, f;

	for (r = 0; r < ARRAY_SIZE(ratios); r++) {
		for (f = 0; f < ARRAY_SIZE(fractions); f++) {
			struct vm vm;

			vm_init(&vm, 1);
			vm.scale[0] = scale_of(ratios[r], fractions[f], 1LL << 40);
			tree_scale(&vm.tree, 0, &vm.scale[0]);
			vm_run(&vm);
			assert_int_equal(vm.samples.count, 2);
			assert_true(vm.samples.results[0].scaled == (ratios[r] != 1.0));
			/* less is within KVM's tolerance, which scales nothing */
			if (ratios[r] == 1.0 || fabs(ratios[r] - 1.0) > 250e-6)
				assert_model(&vm);
			vm_release(&vm);
		}
	}
}

/* CPUs whose clocks differ, behind APIC ids with gaps: by place, or by the id the guest tells. */
static void each_cpu_gets_its_own_vcpu(void **state)
{
	static const int apic[] = { 0, 1, 2, 4, 5, 6 };
	int told, swapped, i;

	for (told = 0; told < 2; told++) {
		for (swapped = 0; swapped < 2; swapped++) {
			struct vm vm;

			vm_init(&vm, 6);
			vm.tells_apic_id = told;
			for (i = 0; i < 6; i++) {
				int n = swapped ? apic[5 - i] : apic[i];

				vm.scale[i] = (struct kvm_scale){ .offset = -(n + 1) * 1000000000000,
								  .ratio = 1 };
				vm.apic_id[i] = n;
				tree_scale(&vm.tree, n, &vm.scale[i]);
			}
			/* where neither id nor place help, the clock itself tells */
			vm_run(&vm);
			assert_exact(&vm, 2, 6);
			vm_release(&vm);
		}
	}
}

/* A CPU that the machine has no vCPU for is offline: the guest answers on another. */
static void offline_cpus_have_the_clock_of_others(void **state)
{
	struct vm vm;
	int i;

	vm_init(&vm, 3);
	vm.tells_apic_id = true;
	for (i = 0; i < 3; i++)
		vm.scale[i] = (struct kvm_scale){ .offset = -5000, .ratio = 1 };
	tree_scale(&vm.tree, 0, &vm.scale[0]);
	tree_scale(&vm.tree, 1, &vm.scale[0]);
	vm_run(&vm);
	assert_exact(&vm, 2, 3);
	vm_release(&vm);
}

/* A CPU comes when the session has begun, with a clock of its own. */
static void plug_in(struct vm *vm)
{
	tree_scale(&vm->tree, 1, &vm->scale[1]);
}

static void cpus_may_be_plugged_in(void **state)
{
	struct vm vm;
	int i;

	vm_init(&vm, 2);
	for (i = 0; i < 2; i++)
		vm.scale[i] = (struct kvm_scale){ .offset = -5000000000 * i, .ratio = 1 };
	tree_scale(&vm.tree, 0, &vm.scale[0]);
	vm.before = plug_in;
	vm_run(&vm);
	assert_exact(&vm, 2, 2);
	vm_release(&vm);
}

/* The setting changes between the passes; files and clock. */
static void change(struct vm *vm)
{
	if (vm->asked != 8)
		return;
	vm->scale[0].offset += 1000000000000;
	tree_scale(&vm->tree, 0, &vm->scale[0]);
}

static void changes_while_recording_are_seen(void **state)
{
	struct vm vm;

	vm_init(&vm, 1);
	vm.scale[0] = (struct kvm_scale){ .offset = -7, .ratio = 1 };
	tree_scale(&vm.tree, 0, &vm.scale[0]);
	vm.before = change;
	vm_run(&vm);
	assert_int_equal(vm.samples.count, 2);
	assert_int_equal(vm.samples.results[0].offset, 7);
	assert_int_equal(vm.samples.results[1].offset, 7 - 1000000000000);
	vm_release(&vm);
}

/* In the midst of a round: that one fails, the next is right. */
static void change_midway(struct vm *vm)
{
	if (vm->asked != 4)
		return;
	vm->scale[0].offset += 1000000000000;
	tree_scale(&vm->tree, 0, &vm->scale[0]);
}

static void a_change_within_a_round_costs_that_round(void **state)
{
	struct vm vm;

	vm_init(&vm, 1);
	vm.scale[0] = (struct kvm_scale){ .offset = -7, .ratio = 1 };
	tree_scale(&vm.tree, 0, &vm.scale[0]);
	vm.before = change_midway;
	vm_run(&vm);
	assert_exact(&vm, 2, 1);
	assert_int_equal(vm.asked, 8 + 8 + 2);
	vm_release(&vm);
}

static void remove_files(struct vm *vm)
{
	if (vm->asked == 8)
		tree_put(&vm->tree, "4242-11", 0, "tsc-offset", NULL);
}

/*
 * Files of another machine, or none any more. A stock guest goes on being asked: what
 * that tells is no more than bounds, but right.
 */
static void wrong_files_are_not_believed(void **state)
{
	int gone;

	for (gone = 0; gone < 2; gone++) {
		struct kvm_scale other = { .offset = -123456789, .ratio = 1 };
		struct tsync_result *r;
		struct vm vm;

		vm_init(&vm, 1);
		vm.scale[0] = (struct kvm_scale){ .offset = -7777777777777, .ratio = 1 };
		tree_scale(&vm.tree, 0, gone ? &vm.scale[0] : &other);
		vm.before = gone ? remove_files : NULL;
		vm_run(&vm);
		assert_int_equal(vm.samples.count, 2);
		r = &vm.samples.results[1];
		assert_true(r->response > 0);
		/* truth +- half of what is said, and rounding */
		assert_true(llabs(r->offset - 7777777777777) <= r->response / 2 + 1);
		assert_int_equal(vm.samples.bounds.at[vm.samples.bounds.count - 1].source, BOUND_PTP);
		/* what is told of the last round is told of its exchanges, all but the first */
		assert_int_equal(vm.samples.nr_rounds, 2);
		assert_int_equal(vm.samples.rounds[1].probes, 63);
		assert_true(vm.samples.rounds[1].rtt_min >= r->response);
		vm_release(&vm);
	}
}

/* A guest that invents times gets no samples. */
static void lie(struct vm *vm)
{
	vm->scale[0].offset += 1LL << 50;
}

static void a_guest_cannot_invent_times(void **state)
{
	struct script *s;
	struct vm vm;

	vm_init(&vm, 1);
	vm.scale[0].ratio = 1;
	tree_scale(&vm.tree, 0, &vm.scale[0]);
	vm.before = lie;
	s = &vm.script;
	assert_int_equal(tsync_host_start(&s->conf, &s->session, &s->err), 0);
	tsync_host_ask_stop(s->session);
	while (!script_recv(s) && (strcmp(s->got.proto, "none") || s->got.id != 2))
		vm_answer(&vm);
	assert_int_equal(tsync_host_stop(s->session, SCRIPT_MS, &vm.samples, &s->err), -ENODATA);
	vm_release(&vm);
}

static void messages_out_of_order_end_the_session(void **state)
{
	static const struct { const char *proto; uint32_t id; size_t len; } bad[] = {
		{ "kvm", KVM_RESPONSE, 32 }, { "ptp", KVM_REQUEST, 32 }, { "kvm", KVM_REQUEST, 0 },
		{ "kvm", KVM_REQUEST, 16 }, { "kvm", KVM_REQUEST, 31 }, { "kvm", KVM_REQUEST, 33 },
		{ "kvm", KVM_REQUEST, 40 }, { "kvm", 77, 32 },
	};
	static const uint8_t zero[64];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		struct script *s;
		struct vm vm;

		vm_init(&vm, 1);
		vm.scale[0].ratio = 1;
		tree_scale(&vm.tree, 0, &vm.scale[0]);
		s = &vm.script;
		assert_int_equal(tsync_host_start(&s->conf, &s->session, &s->err), 0);
		script_expect(s, "none", 1);
		script_send(s, bad[i].proto, bad[i].id, zero, bad[i].len);
		assert_true(tsync_host_stop(s->session, SCRIPT_MS, &vm.samples, &s->err) < 0);
		vm_release(&vm);
	}
}

/* Both sides ours: the truth is 0, and files that say so are believed, others are not. */
static void both_sides_ours(void **state)
{
	static const int64_t offset[] = { 0, 1LL << 40 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(offset); i++) {
		struct kvm_scale scale = { .offset = offset[i], .ratio = 1 };
		struct tsync_session *guest = NULL;
		struct tsync_conf conf;
		struct script *s;
		struct vm vm;

		vm_init(&vm, 2);
		s = &vm.script;
		tree_scale(&vm.tree, 0, &scale);
		tree_scale(&vm.tree, 1, &scale);
		conf = s->conf;
		conf.fd = take_fd(s->ch.fd);
		assert_int_equal(tsync_guest_start(&conf, &guest, &s->err), 0);
		assert_int_equal(tsync_host_start(&s->conf, &s->session, &s->err), 0);
		assert_int_equal(tsync_host_stop(s->session, SCRIPT_MS, &vm.samples, &s->err), 0);
		assert_int_equal(tsync_guest_stop(guest, SCRIPT_MS), 0);
		assert_int_equal(vm.samples.count, 4);
		assert_true(offset[i] ? vm.samples.results[0].response > 0 :
			    !vm.samples.results[0].response && !vm.samples.results[0].offset);
		assert_true(llabs(vm.samples.results[3].offset) <=
			    vm.samples.results[3].response / 2 + 1);
		tsync_free(guest);
		vm_release(&vm);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(offsets_are_exact),
		cmocka_unit_test(scaled_sessions_are_exact),
		cmocka_unit_test(each_cpu_gets_its_own_vcpu),
		cmocka_unit_test(offline_cpus_have_the_clock_of_others),
		cmocka_unit_test(cpus_may_be_plugged_in),
		cmocka_unit_test(changes_while_recording_are_seen),
		cmocka_unit_test(a_change_within_a_round_costs_that_round),
		cmocka_unit_test(wrong_files_are_not_believed),
		cmocka_unit_test(a_guest_cannot_invent_times),
		cmocka_unit_test(messages_out_of_order_end_the_session),
		cmocka_unit_test(both_sides_ours),
	};

	/* their clock is the TSC */
	if (tsc_here())
		return cmocka_run_group_tests(tests, NULL, NULL);
	print_message("SKIPPED: these need a TSC\n");
	return 0;
}
