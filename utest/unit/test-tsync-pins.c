/*
 * Following the affinity of vCPU threads, and giving it back whatever happens.
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "base/cpus.h"
#include "sim/tsync-pair.h"
#include "tsync/pins.h"

#define PATIENCE_MS 60000

/* A thread that stands for a vCPU's: it only has an affinity. */
struct idler {
	pthread_t thread;
	pthread_barrier_t here;
	int stop[2];
	pid_t tid;
	cpu_set_t mask;
};

static void *idle(void *data)
{
	struct idler *i = data;
	char c;

	i->tid = syscall(SYS_gettid);
	pthread_barrier_wait(&i->here);
	return read(i->stop[0], &c, 1) ? NULL : NULL;
}

static void idler_start(struct idler *i)
{
	assert_int_equal(pipe(i->stop), 0);
	pthread_barrier_init(&i->here, NULL, 2);
	assert_int_equal(pthread_create(&i->thread, NULL, idle, i), 0);
	pthread_barrier_wait(&i->here);
	assert_int_equal(cpus_get_affinity(i->tid, &i->mask), 0);
}

static bool moved(const struct idler *i)
{
	cpu_set_t now;

	assert_int_equal(cpus_get_affinity(i->tid, &now), 0);
	return !CPU_EQUAL(&now, &i->mask);
}

static void idler_stop(struct idler *i)
{
	close(i->stop[1]);
	pthread_join(i->thread, NULL);
	close(i->stop[0]);
	pthread_barrier_destroy(&i->here);
}

static int first_cpu(const cpu_set_t *mask)
{
	int cpu = 0;

	while (!CPU_ISSET(cpu, mask))
		cpu++;
	return cpu;
}

static void each_host_cpu_of_the_masks_gets_a_round_each_vcpu_at_least_one(void **state)
{
	struct tsync_samples samples = { 0 };
	struct tsync_pair p;
	struct idler idler;
	int nr_host_cpus, pass;
	size_t i = 0;

	idler_start(&idler);
	nr_host_cpus = CPU_COUNT(&idler.mask);
	/* the same mask for two vCPUs, an unknown thread, a thread that is gone */
	pid_t tids[] = { idler.tid, idler.tid, -1, 0x3fffff };

	pair_init(&p, PTP_FLAG_FASTEST_RESPONSE, true);
	p.host_conf.per_cpu = true;
	p.host_conf.nr_cpus = 4;
	p.host_conf.vcpu_tids = tids;
	assert_int_equal(pair_start(&p), 0);
	assert_int_equal(tsync_host_stop(p.host, PATIENCE_MS, &samples, &p.err), 0);
	assert_int_equal(tsync_guest_stop(p.guest, PATIENCE_MS), 0);
	pair_free(&p);
	assert_false(moved(&idler));
	assert_int_equal(samples.count, 2 * (nr_host_cpus + 3));
	for (pass = 0; pass < 2; pass++) {
		cpu_set_t done;
		int vcpu;

		CPU_ZERO(&done);
		while (CPU_COUNT(&done) < nr_host_cpus) {
			assert_int_equal(samples.results[i].guest_cpu, 0);
			assert_int_equal(samples.results[i].pass, pass);
			CPU_SET(samples.results[i++].host_cpu, &done);
		}
		assert_true(CPU_EQUAL(&done, &idler.mask));
		for (vcpu = 1; vcpu < 4; vcpu++) {
			assert_int_equal(samples.results[i].guest_cpu, vcpu);
			assert_int_equal(samples.results[i++].host_cpu, -1);
		}
	}
	tsync_samples_release(&samples);
	idler_stop(&idler);
}

/* The guest falls silent in a pinned round. */
static void masks_come_back_when_a_pinned_round_is_broken_off(void **state)
{
	struct deadline d = deadline_in_ms(PATIENCE_MS);
	struct tsync_pair p;
	struct idler idler;
	char byte;

	idler_start(&idler);
	if (CPU_COUNT(&idler.mask) < 2) {
		print_message("SKIPPED: this takes two CPUs\n");
		idler_stop(&idler);
		skip();
	}
	pair_init(&p, PTP_FLAG_FASTEST_RESPONSE, false);
	p.host_conf.per_cpu = true;
	p.host_conf.nr_cpus = 1;
	p.host_conf.vcpu_tids = &idler.tid;
	assert_int_equal(tsync_host_start(&p.host_conf, &p.host, &p.err), 0);
	/* the loop's PROBE has come: the round is on */
	assert_int_equal(recv(p.guest_conf.fd, &byte, 1, 0), 1);
	while (!moved(&idler))
		assert_false(deadline_passed(d));
	tsync_free(p.host);
	assert_false(moved(&idler));
	close(p.guest_conf.fd);
	idler_stop(&idler);
}

/* What the process does that will be killed with a thread of ours pinned. */
static void pin_and_hang(pid_t tid, int cpu)
{
	struct pins pins;

	pins_init(&pins);
	if (!pins_guard_start(&pins) && !pins_set(&pins, tid, cpu))
		pause();
	_exit(1);
}

static void guard_gives_the_mask_back_when_the_session_is_killed(void **state)
{
	struct deadline d = deadline_in_ms(PATIENCE_MS);
	struct idler idler;
	pid_t pid;

	idler_start(&idler);
	if (CPU_COUNT(&idler.mask) < 2) {
		print_message("SKIPPED: this takes two CPUs\n");
		idler_stop(&idler);
		skip();
	}
	pid = fork();
	if (!pid)
		pin_and_hang(idler.tid, first_cpu(&idler.mask));
	while (!moved(&idler))
		assert_false(deadline_passed(d));
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	while (moved(&idler))
		assert_false(deadline_passed(d));
	idler_stop(&idler);
}

/* More orders than it has room for, then its end. */
static void a_guard_that_is_stopped_holds_up_nobody(void **state)
{
	struct idler idler;
	struct pins pins;
	pid_t guard;
	int i;

	idler_start(&idler);
	pins_init(&pins);
	assert_int_equal(pins_guard_start(&pins), 0);
	guard = pins.guard;
	assert_int_equal(kill(guard, SIGSTOP), 0);
	alarm(PATIENCE_MS / 1000);
	for (i = 0; i < 5000; i++) {
		assert_int_equal(pins_set(&pins, idler.tid, first_cpu(&idler.mask)), 0);
		pins_restore(&pins);
	}
	pins_release(&pins);
	alarm(0);
	assert_false(moved(&idler));
	assert_int_equal(kill(guard, 0), -1);
	idler_stop(&idler);
}

static void pins_move_nothing_if_one_of_both_cannot_be_moved(void **state)
{
	cpu_set_t before, after;
	struct pins pins;

	assert_int_equal(cpus_get_affinity(0, &before), 0);
	pins_init(&pins);
	assert_int_equal(pins_set(&pins, 0x3fffff, first_cpu(&before)), -ESRCH);
	assert_int_not_equal(pins_set(&pins, syscall(SYS_gettid), CPU_SETSIZE - 1), 0);
	assert_false(pins.pinned);
	pins_restore(&pins);
	assert_int_equal(cpus_get_affinity(0, &after), 0);
	assert_true(CPU_EQUAL(&before, &after));
	pins_release(&pins);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_host_cpu_of_the_masks_gets_a_round_each_vcpu_at_least_one),
		cmocka_unit_test(masks_come_back_when_a_pinned_round_is_broken_off),
		cmocka_unit_test(guard_gives_the_mask_back_when_the_session_is_killed),
		cmocka_unit_test(a_guard_that_is_stopped_holds_up_nobody),
		cmocka_unit_test(pins_move_nothing_if_one_of_both_cannot_be_moved),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
