/*
 * The offsets that KVM tells: their arithmetic, its files, and sessions with guests whose clock is
 * made from this machine's by such a setting.
 */
#include <errno.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "sim/clocksim.h"
#include "sim/tsync-script.h"
#include "tsync/kvm-files.h"
#include "tsync/tsc.h"
#include "wire/kvm.h"

#define PID 4242

/* --- arithmetic --------------------------------------------------------------- */

static uint64_t ratio_of(double r, unsigned int fraction)
{
	return (uint64_t)(r * (double)(1ULL << fraction));
}

static const double ratios[] = { 0.5, 0.9999, 1.0, 1.0001, 1.3, 2.0, 1 / 1.3 };
static const unsigned int fractions[] = { 32, 48 };

static struct kvm_scale scale_of(double ratio, unsigned int fraction, int64_t offset)
{
	return (struct kvm_scale){
		.offset = offset, .ratio = ratio_of(ratio, fraction), .fraction = fraction,
	};
}

/* The host time of a guest time is that which made it; of a slower guest's, off by half of its cycle. */
static void there_and_back(void **state)
{
	struct clocksim sim = { .rng = 7 };
	unsigned int r, f, i;

	for (r = 0; r < ARRAY_SIZE(ratios); r++) {
		for (f = 0; f < ARRAY_SIZE(fractions); f++) {
			for (i = 0; i < 20000; i++) {
				struct kvm_scale s = scale_of(ratios[r], fractions[f],
							      sim_range(&sim, -(1LL << 60), 1LL << 60));
				int64_t host = sim_range(&sim, 0, 1LL << (20 + i % 40)), guest, back;

				assert_true(kvm_scale_sane(&s));
				assert_true(kvm_guest_time(&s, host, &guest));
				assert_true(kvm_host_time(&s, guest, &back));
				if (ratios[r] >= 1)
					assert_int_equal(back, host);
				else
					assert_true(llabs(back - host) <= 1);
			}
		}
	}
}

/* What a 64-bit product would get wrong: 50 bits of time times 48 of fraction. */
static void products_have_128_bits(void **state)
{
	struct kvm_scale s = { .ratio = 3ULL << 47, .fraction = 48, .offset = -1000 };
	int64_t v;

	assert_true(kvm_guest_time(&s, 1LL << 50, &v));
	assert_int_equal(v, 3LL * (1LL << 49) - 1000);
	assert_true(kvm_host_time(&s, v, &v));
	assert_int_equal(v, 1LL << 50);
}

static void what_does_not_fit_is_no_time(void **state)
{
	struct kvm_scale none = { .ratio = 1, .offset = INT64_MIN };
	struct kvm_scale fast = { .ratio = 1ULL << 42, .fraction = 32 };
	int64_t v;

	assert_false(kvm_host_time(&none, 1, &v));
	none.offset = INT64_MAX;
	assert_false(kvm_guest_time(&none, 1, &v));
	assert_false(kvm_guest_time(&fast, INT64_MAX / 2, &v));
	fast.offset = 5;
	assert_false(kvm_host_time(&fast, 4, &v));	/* before the host's clock began */
	fast = (struct kvm_scale){ .ratio = 1ULL << 52, .fraction = 62 };
	assert_true(kvm_scale_sane(&fast));
	assert_false(kvm_host_time(&fast, INT64_MAX, &v));
}

static void settings_no_hardware_has_are_refused(void **state)
{
	static const struct kvm_scale bad[] = {
		{ .ratio = 0, .fraction = 32 },
		{ .ratio = 1, .fraction = 63 },
		{ .ratio = 1, .fraction = 32 },
		{ .ratio = UINT64_MAX, .fraction = 32 },
		{ .ratio = (1ULL << 42) + 1, .fraction = 32 },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++)
		assert_false(kvm_scale_sane(&bad[i]));
}

/* Points one step apart: a reader's product of the distances has 63 bits. */
static void steps_suit_64_bit_readers(void **state)
{
	unsigned int r, f;

	for (r = 0; r < ARRAY_SIZE(ratios); r++) {
		for (f = 0; f < ARRAY_SIZE(fractions); f++) {
			struct kvm_scale s = scale_of(ratios[r], fractions[f], 0);
			int64_t step = kvm_scale_step(&s), a, b, product;

			if (kvm_scale_none(&s)) {
				assert_int_equal(step, INT64_MAX);
				continue;
			}
			assert_true(step >= 1LL << 28);
			assert_true(kvm_host_time(&s, 1LL << 40, &a));
			assert_true(kvm_host_time(&s, (1LL << 40) + step, &b));
			assert_false(__builtin_mul_overflow(step, (b - a) - step, &product));
		}
	}
}

/* --- files -------------------------------------------------------------------- */

struct tree {
	char dir[64];
};

static void tree_init(struct tree *t)
{
	snprintf(t->dir, sizeof(t->dir), "/tmp/kvm-files-XXXXXX");
	assert_non_null(mkdtemp(t->dir));
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	return remove(path);
}

static void tree_release(struct tree *t)
{
	assert_int_equal(nftw(t->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
}

/* vcpu@number/@name of machine @vm with @text; NULL: the file goes away. */
static void tree_put(struct tree *t, const char *vm, int number, const char *name, const char *text)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", t->dir, vm);
	mkdir(path, 0700);
	snprintf(path, sizeof(path), "%s/%s/vcpu%d", t->dir, vm, number);
	mkdir(path, 0700);
	snprintf(path, sizeof(path), "%s/%s/vcpu%d/%s", t->dir, vm, number, name);
	if (!text) {
		unlink(path);
		return;
	}
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void tree_scale(struct tree *t, int number, const struct kvm_scale *s)
{
	char text[32];

	snprintf(text, sizeof(text), "%lld\n", (long long)s->offset);
	tree_put(t, "4242-11", number, "tsc-offset", text);
	if (!s->fraction)
		return;
	snprintf(text, sizeof(text), "%llu\n", (unsigned long long)s->ratio);
	tree_put(t, "4242-11", number, "tsc-scaling-ratio", text);
	snprintf(text, sizeof(text), "%u\n", s->fraction);
	tree_put(t, "4242-11", number, "tsc-scaling-ratio-frac-bits", text);
}

static void vcpus_are_listed_by_number(void **state)
{
	struct kvm_scale s = { .ratio = 1 };
	struct kvm_vm vm;
	struct tree t;
	static const int number[] = { 10, 0, 2, 1, 8 };
	static const unsigned int sorted[] = { 0, 1, 2, 8, 10 };
	unsigned int i;

	tree_init(&t);
	for (i = 0; i < 5; i++) {
		s.offset = -100 * number[i];
		tree_scale(&t, number[i], &s);
	}
	tree_put(&t, "4242-11", 8, "pid", "77\n");
	/* none of it is this machine's, or a vCPU */
	tree_put(&t, "42421-3", 0, "tsc-offset", "5\n");
	tree_put(&t, "424-3", 0, "tsc-offset", "5\n");
	tree_put(&t, "4242-11/vcpux", 0, "tsc-offset", "5\n");
	assert_int_equal(kvm_vm_open(t.dir, PID, &vm), 0);
	assert_int_equal(vm.nr, 5);
	for (i = 0; i < 5; i++) {
		assert_int_equal(vm.vcpu[i].number, sorted[i]);
		assert_int_equal(vm.vcpu[i].tid, sorted[i] == 8 ? 77 : -1);
		assert_int_equal(kvm_vm_read(&vm, i, &s), 0);
		assert_int_equal(s.offset, -100 * (int)sorted[i]);
		assert_true(kvm_scale_none(&s));
	}
	kvm_vm_release(&vm);
	assert_true(kvm_vm_readable(t.dir, PID));
	assert_false(kvm_vm_readable(t.dir, 1));
	assert_false(kvm_vm_readable(t.dir, -1));
	assert_false(kvm_vm_readable("/nonexistent", PID));
	/* which of two it is, nobody can tell */
	tree_put(&t, "4242-12", 0, "tsc-offset", "5\n");
	assert_int_equal(kvm_vm_open(t.dir, PID, &vm), -ENOTUNIQ);
	tree_release(&t);
}

static int read_with(const char *offset, const char *ratio, const char *fraction,
		     struct kvm_scale *s)
{
	struct kvm_vm vm;
	struct tree t;
	int ret;

	tree_init(&t);
	tree_put(&t, "4242-11", 3, "tsc-offset", offset);
	tree_put(&t, "4242-11", 3, "tsc-scaling-ratio", ratio);
	tree_put(&t, "4242-11", 3, "tsc-scaling-ratio-frac-bits", fraction);
	assert_int_equal(kvm_vm_open(t.dir, PID, &vm), 0);
	ret = kvm_vm_read(&vm, 0, s);
	kvm_vm_release(&vm);
	assert_true(kvm_vm_readable(t.dir, PID) == !ret);
	tree_release(&t);
	return ret;
}

static void only_sane_files_are_believed(void **state)
{
	struct kvm_scale s;

	assert_int_equal(read_with("0\n", NULL, NULL, &s), 0);
	assert_int_equal(s.offset, 0);
	assert_int_equal(read_with("-9223372036854775808\n", "4294967296\n", "32\n", &s), 0);
	assert_true(s.offset == INT64_MIN);
	assert_true(kvm_scale_none(&s));
	assert_int_equal(read_with("-5", "365904000000000\n", "48\n", &s), 0);
	assert_int_equal(s.ratio, 365904000000000);
	assert_int_equal(s.fraction, 48);
	assert_int_equal(read_with(NULL, NULL, NULL, &s), -ENOENT);
	assert_int_equal(read_with("", NULL, NULL, &s), -EINVAL);
	assert_int_equal(read_with("\n", NULL, NULL, &s), -EINVAL);
	assert_int_equal(read_with("-\n", NULL, NULL, &s), -EINVAL);
	assert_int_equal(read_with("12a\n", NULL, NULL, &s), -EINVAL);
	assert_int_equal(read_with("9223372036854775808\n", NULL, NULL, &s), -EINVAL);
	assert_int_equal(read_with("1\n", "4294967296\n", NULL, &s), -EINVAL);
	assert_int_equal(read_with("1\n", NULL, "32\n", &s), -EINVAL);
	assert_int_equal(read_with("1\n", "0\n", "32\n", &s), -EINVAL);
	assert_int_equal(read_with("1\n", "-1\n", "32\n", &s), -EINVAL);
	assert_int_equal(read_with("1\n", "4294967296\n", "64\n", &s), -EINVAL);
	assert_int_equal(read_with("1\n", "4294967296\n", "18446744073709551648\n", &s), -EINVAL);
	assert_int_equal(read_with("1\n", "18446744073709551616\n", "32\n", &s), -EINVAL);
	assert_int_equal(read_with("1\n", "1\n", "32\n", &s), -EINVAL);
	assert_int_equal(read_with("1111111111111111111111111111111111111111111111111111111111111111111\n",
				   NULL, NULL, &s), -EINVAL);
}

/* --- sessions ------------------------------------------------------------------- */

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
	vm->script.conf.vm_pid = PID;
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

/* The product that a stock reader forms, in its 64 bits. */
static int64_t stock_reads(const struct timeshift_cpu *t, int64_t time)
{
	const struct timeshift_sample *a = t->samples, *b;
	int64_t product, d;

	while (a + 2 < t->samples + t->nr_samples && a[1].time <= time)
		a++;
	b = a + 1;
	assert_false(__builtin_mul_overflow(time - a->time, b->offset - a->offset, &product));
	d = b->time - a->time;
	return time + a->offset + (product + d / 2) / d;
}

/* Minutes of a scaled clock: ours and stock readers are right to the cycle. */
static void scaled_clocks_are_lines(void **state)
{
	unsigned int r, f;

	for (r = 0; r < ARRAY_SIZE(ratios); r++) {
		for (f = 0; f < ARRAY_SIZE(fractions); f++) {
			struct clocksim sim = { .rng = r * 10 + f };
			struct tsync_samples samples = { 0 };
			struct timeshift ts;
			int64_t first = 1LL << 49, last = first + 600 * 3000000000LL, i;
			struct kvm_scale s = scale_of(ratios[r], fractions[f], -987654321012345);
			struct tsync_result result = { .scale = s, .scaled = !kvm_scale_none(&s) };

			for (i = 0; i < 2; i++) {
				int64_t host = i ? last : first;

				assert_true(kvm_guest_time(&s, host, &result.time));
				assert_true(kvm_host_time(&s, result.time, &host));
				result.offset = host - result.time;
				result.pass = i;
				assert_int_equal(tsync_samples_add(&samples, &result), 0);
			}
			assert_int_equal(tsync_samples_timeshift(&samples, TIMESHIFT_CURRENT, 1, 0, 1,
								 &ts), 0);
			assert_int_equal(ts.flags, result.scaled ? TIMESHIFT_FL_INTERPOLATE : 0);
			timeshift_prepare(&ts);
			for (i = 0; i < 20000; i++) {
				int64_t host = sim_range(&sim, first, last), guest, shown;

				assert_true(kvm_guest_time(&s, host, &guest));
				shown = timeshift_apply(&ts.cpus[0], ts.flags, guest);
				assert_true(llabs(shown - host) <= 1);
				assert_true(llabs(stock_reads(&ts.cpus[0], guest) - host) <= 1);
			}
			timeshift_release(&ts);
			tsync_samples_release(&samples);
		}
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

static void only_for_the_tsc(void **state)
{
	const struct tsync_proto *kvm = tsync_proto_find("kvm");

	assert_int_equal(kvm->accuracy, 0);
	assert_int_equal(kvm->usable("x86-tsc"), tsc_here());
	assert_false(kvm->usable("mono"));
	assert_false(kvm->usable(NULL));
	assert_false(kvm->roles & TSYNC_ROLE_CLIENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(there_and_back),
		cmocka_unit_test(products_have_128_bits),
		cmocka_unit_test(what_does_not_fit_is_no_time),
		cmocka_unit_test(settings_no_hardware_has_are_refused),
		cmocka_unit_test(steps_suit_64_bit_readers),
		cmocka_unit_test(vcpus_are_listed_by_number),
		cmocka_unit_test(only_sane_files_are_believed),
		cmocka_unit_test(scaled_clocks_are_lines),
		cmocka_unit_test(only_for_the_tsc),
	};
	const struct CMUnitTest sessions[] = {
		cmocka_unit_test(offsets_are_exact),
		cmocka_unit_test(scaled_sessions_are_exact),
		cmocka_unit_test(each_cpu_gets_its_own_vcpu),
		cmocka_unit_test(offline_cpus_have_the_clock_of_others),
		cmocka_unit_test(changes_while_recording_are_seen),
		cmocka_unit_test(a_change_within_a_round_costs_that_round),
		cmocka_unit_test(wrong_files_are_not_believed),
		cmocka_unit_test(a_guest_cannot_invent_times),
		cmocka_unit_test(messages_out_of_order_end_the_session),
		cmocka_unit_test(both_sides_ours),
	};
	int ret = cmocka_run_group_tests(tests, NULL, NULL);

	/* their clock is the TSC */
	return tsc_here() ? ret + cmocka_run_group_tests(sessions, NULL, NULL) : ret;
}
