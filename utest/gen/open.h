/*
 * open.h - opening made-up trace files in memory. After cmocka.h and its friends.
 */
#ifndef GEN_OPEN_H
#define GEN_OPEN_H

#include "gen/sample.h"
#include "in/file.h"

static inline struct in_file *open_bytes(const struct buf *b, struct err *err)
{
	struct in_file *f = NULL;
	int ret = in_file_open_memory(b->data, b->len, &f, err);

	assert_int_equal(ret, f ? 0 : err->code);
	return f;
}

static inline struct in_file *open_good(const struct buf *b)
{
	struct err err = { 0 };
	struct in_file *f = open_bytes(b, &err);

	if (!f)
		fail_msg("%s", err.text);
	return f;
}

/* Opening must fail with @code and a message that holds @text. */
static inline void open_bad(const struct buf *b, int code, const char *text)
{
	struct err err = { 0 };
	struct in_file *f = open_bytes(b, &err);

	assert_null(f);
	assert_int_equal(err.code, code);
	if (!strstr(err.text, text))
		fail_msg("'%s' is not in '%s'", text, err.text);
}

#endif
