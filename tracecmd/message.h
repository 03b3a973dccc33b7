/*
 * message.h - what a command tells its user: one message that says what failed,
 * on what, why and what to try.
 *
 * Layer 6 (and whoever talks to the user: session, report).
 */
#ifndef MESSAGE_H
#define MESSAGE_H

#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

/*
 * Print on stderr "trace-cmd: STRERROR" (if @code is not 0) and, two blanks
 * in, the message. @code is an errno, either sign. Returns the exit status:
 * the errno, or 255 if @code is 0.
 */
int cmd_fail(int code, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The same for what a layer below has said in @err; @code where it said nothing. */
int cmd_fail_err(int code, const struct err *err);

/* The same shape, but the command goes on. */
void cmd_warn(int code, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void cmd_warn_err(int code, const struct err *err);

/* Have messages written by @fn from now on: as write(), but all or nothing. */
void message_write_by(ssize_t (*fn)(int fd, const void *data, size_t len));

/* Begins the text among a file's statistics that tells why some of its data is missing. */
#define TRACE_INCOMPLETE "Incomplete: "

/* For whom a connection over TCP has no --auth. */
#define NO_AUTH "the connection with %s is neither encrypted nor authenticated (--auth FILE, on both sides, does that)"

/* For whom metadata is read without a sandbox_is_tight(). */
#define SANDBOX_LOOSE "this kernel has no seccomp filters: the metadata of %s is read by a process that has no privileges, but may make system calls"

/* On stderr: @size bytes of @cpu's data are at @offset; @raw_size: of them uncompressed, or NULL. */
void tell_cpu_data(int cpu, uint64_t offset, uint64_t size, const uint64_t *raw_size);

#endif
