/*
 * err.h - the one message a failing operation hands up to the command.
 *
 * Layer 0. Functions return 0 or -errno; those that know more than errno says
 * also take a struct err and describe there what failed, on what and why. The
 * library never prints it: the command does, once.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#define ERR_TEXT_MAX 1024

struct err {
	int code;			/* negative errno, 0 if unset */
	char text[ERR_TEXT_MAX];	/* one or more lines, no trailing newline */
};

/*
 * Describe a failure and return @code, so that "return err_set(...)" works.
 * @err may be NULL. The first description wins: later calls on a set @err
 * leave it alone, because the innermost one knows the cause best.
 */
int err_set(struct err *err, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Put "@fmt: " in front of what is already said, to name the object it befell. */
int err_prefix(struct err *err, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Forget what was said. */
void err_clear(struct err *err);

#endif
