/*
 * The offsets that KVM tells: their arithmetic, its files, and lines of clocks that are scaled.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "sim/clocksim.h"
#include "sim/kvm-tree.h"
#include "tsync/kvm-files.h"
#include "tsync/tsc.h"
#include "tsync/tsync.h"

/* --- arithmetic --------------------------------------------------------------- */

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
	assert_int_equal(kvm_vm_open(t.dir, TREE_PID, &vm), 0);
	assert_int_equal(vm.nr, 5);
	for (i = 0; i < 5; i++) {
		assert_int_equal(vm.vcpu[i].number, sorted[i]);
		assert_int_equal(vm.vcpu[i].tid, sorted[i] == 8 ? 77 : -1);
		assert_int_equal(kvm_vm_read(&vm, i, &s), 0);
		assert_int_equal(s.offset, -100 * (int)sorted[i]);
		assert_true(kvm_scale_none(&s));
	}
	kvm_vm_release(&vm);
	assert_true(kvm_vm_readable(t.dir, TREE_PID));
	assert_false(kvm_vm_readable(t.dir, 1));
	assert_false(kvm_vm_readable(t.dir, -1));
	assert_false(kvm_vm_readable("/nonexistent", TREE_PID));
	/* which of two it is, nobody can tell */
	tree_put(&t, "4242-12", 0, "tsc-offset", "5\n");
	assert_int_equal(kvm_vm_open(t.dir, TREE_PID, &vm), -ENOTUNIQ);
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
	assert_int_equal(kvm_vm_open(t.dir, TREE_PID, &vm), 0);
	ret = kvm_vm_read(&vm, 0, s);
	kvm_vm_release(&vm);
	assert_true(kvm_vm_readable(t.dir, TREE_PID) == !ret);
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

/* --- lines --------------------------------------------------------------------- */

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

	return cmocka_run_group_tests(tests, NULL, NULL);
}
