/*
 * convert.h - a trace file in another version or compression.
 *
 * Layer 5.
 */
#ifndef EDIT_CONVERT_H
#define EDIT_CONVERT_H

#include "base/err.h"
#include "zip/zip.h"

struct convert_plan {
	const char *input, *output;
	int version;			/* 6 or 7 */
	const struct zip_algo *zip;	/* NULL: none; version 6 has none */
};

/*
 * Write it, telling on stderr where the data of each CPU is. What is damaged in the
 * input is left out: the output is made all the same, and the damage is the error. 0;
 * -errno with a message.
 */
int convert_run(const struct convert_plan *plan, struct err *err);

#endif
