/*
 * test-launch.c - session/launch: whom a recording in the background is ended by.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "session/launch.h"
#include "session/pidfile.h"

#define GUARDIAN	4711	/* not our parent */

static pid_t named;

/* The session's calls come here instead of to session/pidfile.c. */
pid_t pidfile_alive(const char *path)
{
	(void)path;
	return 0;
}

int pidfile_write(const char *path, pid_t pid, struct err *err)
{
	(void)path;
	(void)err;
	named = pid;
	return 0;
}

void pidfile_remove(const char *path, pid_t pid)
{
	(void)path;
	if (named == pid)
		named = 0;
}

/* It may have been killed meanwhile: then our parent is init, which must not be sent what is meant for us. */
static void guardian_is_named_even_if_it_is_gone(void **state)
{
	struct plan plan = { .daemonize = true };
	struct note *note = note_new();

	(void)state;
	assert_non_null(note);
	note->guardian = GUARDIAN;
	launch_begun(&plan, note);
	assert_int_equal(named, GUARDIAN);
	launch_end(&plan, GUARDIAN);
	assert_int_equal(named, 0);
	note_free(note);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(guardian_is_named_even_if_it_is_gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
