/*
 * test-fuzz-corpus.c - every input that fuzzing found worth keeping does no harm to what it
 * was found for. (Sanitizers, if there are any, say what harm is.)
 */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

#include "base/io.h"
#include "fuzz/targets.h"

#define CORPUS	"utest/fuzz/corpus"	/* seen from the top of the tree, where tests run */

static void replay(const struct fuzz_target *t)
{
	char path[512];
	struct dirent *d;
	unsigned int n = 0;
	DIR *dir;

	snprintf(path, sizeof(path), CORPUS "/%s", t->corpus);
	dir = opendir(path);
	if (!dir)
		fail_msg("%s: no corpus; the test runs at the top of the tree", path);
	while ((d = readdir(dir))) {
		_cleanup_buf_ struct buf b = BUF_INIT;

		if (d->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), CORPUS "/%s/%s", t->corpus, d->d_name);
		assert_int_equal(io_read_path(path, &b), 0);
		assert_int_equal(t->run(b.data, b.len), 0);
		n++;
	}
	closedir(dir);
	assert_true(n > 0);
}

static void corpus_is_harmless(void **state)
{
	replay(*state);
}

int main(void)
{
	struct CMUnitTest tests[ARRAY_SIZE(fuzz_targets)];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(fuzz_targets); i++)
		tests[i] = (struct CMUnitTest){
			.name = fuzz_targets[i].name, .test_func = corpus_is_harmless,
			.initial_state = (void *)&fuzz_targets[i],
		};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
