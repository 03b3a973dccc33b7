/*
 * Stamps of a burst by a clock that only markers show: they become that clock's, or there are none.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "sim/tracefs-tree.h"
#include "tsync/burst-link.h"

#define ID	7001
#define INST	"instances/clock_synch-7001/"
#define PIPE	INST "per_cpu/cpu0/trace_pipe_raw"
#define AHEAD	1000000

/* One end of a burst that is over: two probes and a mark, whose clock is ahead of the other one. */
struct end {
	char dir[40];
	struct tsync_conf conf;
	struct tsync_link link;
	struct burst_state state;
};

static void end_init(struct end *e, bool guest, const char *clock)
{
	int claim = -1;

	*e = (struct end){ .dir = "/tmp/test-burst-link-XXXXXX" };
	assert_non_null(mkdtemp(e->dir));
	put_file(e->dir, "events/ftrace/raw_data/format", RAW_FORMAT);
	put_file(e->dir, INST "trace_marker_raw", "");
	put_file(e->dir, INST "tracing_on", "1\n");
	put_file(e->dir, PIPE, "");
	e->conf.clock = clock;
	e->link.conf = &e->conf;
	e->link.guest = guest;
	e->link.state = &e->state;
	assert_int_equal(sync_instance_open(e->dir, ID, NULL, true, &claim, &e->link.clock.inst, NULL), 0);
	e->state.marker = e->state.bridged = true;
	e->state.nr = 2;
	burst_note(&e->state, 1, guest ? BURST_SEND : BURST_ARRIVE, 5000);
	burst_note(&e->state, 1, guest ? BURST_RECEIVE : BURST_ANSWER, 6000);
	burst_note(&e->state, 2, guest ? BURST_SEND : BURST_ARRIVE, 7000);
	e->state.mark[0] = (struct bridge_mark){ .before = 4000, .stamp = 4350 + AHEAD, .after = 4500, .have = true };
	e->state.nr_marks = 1;
}

static void end_release(struct end *e)
{
	sync_instance_close(e->link.clock.inst);
	remove_all(e->dir, "");
}

static void none_is_there(const struct end *e)
{
	assert_int_equal(e->state.probe[0].have, 0);
	assert_int_equal(e->state.probe[1].have, 0);
}

/* What is open as the markers' pipe cannot be read any more. */
static void break_pipe(const struct end *e)
{
	char path[512], name[64], target[512];
	int fd, bad = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC), found = 0;

	assert_true(bad >= 0);
	snprintf(path, sizeof(path), "%s/" PIPE, e->dir);
	for (fd = 0; fd < 64; fd++) {
		ssize_t n;

		snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
		n = readlink(name, target, sizeof(target) - 1);
		target[n > 0 ? n : 0] = 0;
		if (strcmp(target, path))
			continue;
		assert_int_equal(dup3(bad, fd, O_CLOEXEC), fd);
		found++;
	}
	assert_int_equal(found, 1);
	close(bad);
}

static void stamps_are_the_marked_clocks(void **state)
{
	struct end e;
	int guest;

	if (!direct_is_linear("local")) {
		print_message("SKIPPED: this kernel's clocks have no counter in common\n");
		skip();
	}
	for (guest = 0; guest < 2; guest++) {
		const int64_t *time = e.state.probe[0].time;

		end_init(&e, guest, "local");
		assert_int_equal(burst_collect(&e.link), 0);
		assert_true(e.state.bridged);
		/* sent then or later, received then or earlier; the limits of one mark, and of the slope */
		assert_in_range(time[guest ? BURST_SEND : BURST_ANSWER], AHEAD + 4800, AHEAD + 6350);
		assert_in_range(time[guest ? BURST_RECEIVE : BURST_ARRIVE], AHEAD + 5300, AHEAD + 6370);
		assert_int_equal(e.state.probe[1].have, 1 << (guest ? BURST_SEND : BURST_ARRIVE));
		end_release(&e);
	}
}

static void where_markers_cannot_be_read_there_are_no_stamps(void **state)
{
	struct end e;
	int guest;

	for (guest = 0; guest < 2; guest++) {
		end_init(&e, guest, "local");
		break_pipe(&e);
		assert_int_equal(burst_collect(&e.link), -EISDIR);
		none_is_there(&e);
		end_release(&e);
	}
}

/* As where the kernel finds its counter unfit while clocks are compared. */
static void clocks_that_have_no_counter_in_common_any_more_make_no_bridge(void **state)
{
	struct end e;
	int guest;

	for (guest = 0; guest < 2; guest++) {
		end_init(&e, guest, "mono");
		assert_int_equal(burst_collect(&e.link), -ESTALE);
		none_is_there(&e);
		assert_false(e.state.bridged);
		/* the next one's markers count each */
		burst_note(&e.state, 1, BURST_SEND, 5);
		assert_int_equal(burst_collect(&e.link), 0);
		assert_int_equal(e.state.probe[0].have, 1 << BURST_SEND);
		assert_int_equal(e.state.probe[0].time[BURST_SEND], 5);
		end_release(&e);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stamps_are_the_marked_clocks),
		cmocka_unit_test(where_markers_cannot_be_read_there_are_no_stamps),
		cmocka_unit_test(clocks_that_have_no_counter_in_common_any_more_make_no_bridge),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
