/*
 * test-sandbox.c - what reads hostile bytes can reckon, and nothing else.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/sandbox.h"
#include "out/append-walk.h"

struct answer {
	int number;
	int ret;
};

static void twice(const void *arg, void *result)
{
	((struct answer *)result)->number = 2 * *(const int *)arg;
}

static void result_of_reckoning_comes_back(void **state)
{
	struct answer a = { 7, 7 };
	struct err err = { 0 };
	int n = 21;

	assert_int_equal(sandbox_run(twice, &n, &a, sizeof(a), &err), 0);
	assert_int_equal(a.number, 42);
	assert_int_equal(a.ret, 0);
}

static void opens_file(const void *arg, void *result)
{
	((struct answer *)result)->ret = open("/etc/passwd", O_RDONLY) < 0 ? -errno : 1;
}

static void makes_socket(const void *arg, void *result)
{
	((struct answer *)result)->ret = socket(AF_INET, SOCK_STREAM, 0) < 0 ? -errno : 1;
}

static void runs_program(const void *arg, void *result)
{
	char *argv[] = { "true", NULL };

	execve("/bin/true", argv, argv);
}

static void follows_null(const void *arg, void *result)
{
	/* as a signal, which no sanitizer takes for its own */
	__builtin_trap();
}

static void what_it_may_not_do_ends_it(void **state)
{
	static const sandbox_fn bad[] = { opens_file, makes_socket, runs_program, follows_null };
	unsigned int i;

	if (!sandbox_is_tight())
		skip();
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		struct answer a = { .number = 5 };
		struct err err = { 0 };

		assert_int_equal(sandbox_run(bad[i], NULL, &a, sizeof(a), &err), -ECHILD);
		/* sanitizers make an exit of some signals */
		assert_true(strstr(err.text, "ended by signal") || strstr(err.text, "failed"));
		/* and leaves what we have alone */
		assert_int_equal(a.number, 5);
	}
}

/* --- seen from outside ----------------------------------------------------------- */

struct meeting {
	atomic_int inside, go;
};

static void waits(const void *arg, void *result)
{
	struct meeting *m = *(struct meeting *const *)arg;

	atomic_store(&m->inside, 1);
	while (!atomic_load(&m->go))
		;
}

/* What /proc says of our only child: its status, and how many descriptors it has. */
struct look {
	struct meeting *m;
	char status[4096];
	int fds;
};

static void *look_at_it(void *arg)
{
	struct look *l = arg;
	struct deadline d = deadline_in_ms(20000);
	_cleanup_buf_ struct buf kids = BUF_INIT, status = BUF_INIT;
	char path[64];
	struct dirent *e;
	DIR *dir;

	while (!atomic_load(&l->m->inside) && !deadline_passed(d))
		usleep(1000);
	snprintf(path, sizeof(path), "/proc/self/task/%d/children", getpid());
	if (!io_read_path(path, &kids) && kids.len) {
		int pid = (int)strtol((char *)kids.data, NULL, 10);

		snprintf(path, sizeof(path), "/proc/%d/status", pid);
		if (!io_read_path(path, &status))
			snprintf(l->status, sizeof(l->status), "%.*s", (int)status.len,
				 (char *)status.data);
		snprintf(path, sizeof(path), "/proc/%d/fd", pid);
		dir = opendir(path);
		while (dir && (e = readdir(dir)))
			l->fds += e->d_name[0] != '.';
		if (dir)
			closedir(dir);
	}
	atomic_store(&l->m->go, 1);
	return NULL;
}

static void it_is_nobody_and_has_nothing(void **state)
{
	struct meeting *m = mmap(NULL, sizeof(*m), PROT_READ | PROT_WRITE,
				 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct look l = { .m = m };
	struct answer a;
	struct err err = { 0 };
	pthread_t thread;

	assert_ptr_not_equal(m, MAP_FAILED);
	assert_int_equal(pthread_create(&thread, NULL, look_at_it, &l), 0);
	assert_int_equal(sandbox_run(waits, &m, &a, sizeof(a), &err), 0);
	pthread_join(thread, NULL);
	munmap(m, sizeof(*m));
	if (!l.status[0])
		skip();		/* a kernel without lists of children */
	assert_non_null(strstr(l.status, "CapEff:\t0000000000000000\n"));
	assert_non_null(strstr(l.status, "CapPrm:\t0000000000000000\n"));
	assert_non_null(strstr(l.status, "NoNewPrivs:\t1\n"));
	if (sandbox_is_tight())
		assert_non_null(strstr(l.status, "Seccomp:\t2\n"));
	if (!getuid())
		assert_non_null(strstr(l.status, "Uid:\t65534\t65534\t65534\t65534\n"));
	assert_int_equal(l.fds, 0);
}

/* --- what it says is data, too --------------------------------------------------------- */

#define LEN 1000	/* of the file */

static struct append_found good(void)
{
	return (struct append_found){
		.head = { .version = 7, .long_size = 8, .page_size = 4096 },
		.nr_cpus = 2, .options_written = true, .link_pos = LEN - 8,
		.nr_patches = 1, .patches = { { LEN - 4, 1, 4 } },
	};
}

static void findings_that_cannot_be_are_refused(void **state)
{
	struct append_found f = good();

	assert_int_equal(append_check(&f, LEN), 0);
#define REFUSED(change) do { \
		f = good(); \
		change; \
		assert_int_equal(append_check(&f, LEN), -EBADMSG); \
	} while (0)
	REFUSED(f.error = 1);
	REFUSED(f.error = -5000);
	REFUSED(f.head.version = 8);
	REFUSED(f.head.order = 2);
	REFUSED(f.head.page_size = 3);
	REFUSED(f.head.long_size = 0);
	REFUSED(f.nr_cpus = DAT_CPU_LIMIT + 1);
	REFUSED(f.strings_base = UINT32_MAX);
	REFUSED(f.link_pos = LEN - 7);
	REFUSED(f.link_pos = UINT64_MAX);
	REFUSED(f.bare_len = LEN + 1);
	REFUSED(f.nr_patches = APPEND_PATCHES_MAX + 1);
	REFUSED(f.patches[0].at = LEN - 3);
	REFUSED(f.patches[0].at = UINT64_MAX - 2);
	REFUSED(f.patches[0].len = 5000);
}

static void texts_found_end_and_are_printable(void **state)
{
	struct append_found f = good();

	memset(f.clock, 'x', sizeof(f.clock));
	memset(f.head.compression, 0x1b, sizeof(f.head.compression));
	memset(f.err.text, 0xff, sizeof(f.err.text));
	f.error = -EBADMSG;
	assert_int_equal(append_check(&f, LEN), 0);
	assert_int_equal(strlen(f.clock), sizeof(f.clock) - 1);
	assert_int_equal(strlen(f.err.text), sizeof(f.err.text) - 1);
	assert_int_equal(f.err.text[0], '?');
	assert_int_equal(f.head.compression[0], '?');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(result_of_reckoning_comes_back),
		cmocka_unit_test(what_it_may_not_do_ends_it),
		cmocka_unit_test(it_is_nobody_and_has_nothing),
		cmocka_unit_test(findings_that_cannot_be_are_refused),
		cmocka_unit_test(texts_found_end_and_are_printable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
