/*
 * run.c - see run.h. Layer 5.
 */
#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "report/run.h"

#define BLOCK_APART	(512 << 10)	/* bytes of a block of memory that is the kernel's again when it is freed; no text of lines */
#define BLOCKS_KEPT	(1 << 20)	/* bytes of smaller ones that malloc() keeps for the next of them */

/*
 * Tables of files are large and thinly filled, texts of metadata are soon done with. What malloc()
 * keeps of them it would hand out for such tables, and clear all of it.
 */
static void keep_memory_small(void)
{
#ifdef __GLIBC__
	mallopt(M_MMAP_THRESHOLD, BLOCK_APART);
	mallopt(M_TRIM_THRESHOLD, BLOCKS_KEPT);
#endif
}

int report_do(const struct report_plan *plan, bool all_events, report_work work, void *data,
	      struct err *err)
{
	_cleanup_(inputs_release) struct inputs in = { 0 };
	_cleanup_(textout_release) struct textout out = { .fd = -1 };
	int ret;

	keep_memory_small();
	if (textout_init(&out, STDOUT_FILENO))
		return err_set(err, -ENOMEM, "out of memory");
	ret = inputs_open(&in, plan, all_events, err);
	/* what libtraceevent says meanwhile */
	fflush(stdout);
	if (ret)
		return ret;
	ret = work(&in, &out, data, err);
	textout_flush(&out);
	if (out.error == -EPIPE)
		return 0;	/* the reader has seen enough */
	if (out.error && !ret)
		return err_set(err, out.error, "writing to the standard output");
	return ret ? ret : inputs_damage(&in, err);
}
