/*
 * append-walk.h - what has to be known of metadata to continue it, found by reading it.
 *
 * Layer 2, private to out/. The metadata came from a machine we don't trust: append_walk() looks
 * at bytes and writes to what it is given, and does nothing else, so that it can be run in a sandbox. What it
 * says is data of that machine, too: append_check().
 */
#ifndef OUT_APPEND_WALK_H
#define OUT_APPEND_WALK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "wire/dat.h"

#define APPEND_FILE_MAX		(256u << 20)	/* bytes of metadata we accept */
#define APPEND_STRINGS_MAX	(16u << 20)	/* bytes of descriptions */
#define APPEND_PATCHES_MAX	256

/* An integer that has to be stored in the file before it can be continued. */
struct append_patch {
	uint64_t at, value;
	uint32_t len;			/* bytes, 4 or 8 */
};

struct append_found {
	int error;			/* 0: it can be continued; -errno described in err */
	struct err err;
	struct dat_header head;
	uint32_t nr_cpus;		/* 0: not known */
	char clock[32];			/* that the options name, "": none */
	uint32_t strings_base;		/* bytes of descriptions */
	bool options_written;
	uint64_t link_pos;		/* version 7: of the pointer to the next OPTIONS section */
	bool bare_known;
	uint64_t bare_len;		/* version 6: bytes up to the command lines */
	uint32_t nr_patches;
	struct append_patch patches[APPEND_PATCHES_MAX];
};

/* Read all of the @len bytes at @data, which is at least one more; they are changed. Fills in @ret, all zero at first. */
void append_walk(uint8_t *data, uint64_t len, struct append_found *ret);

/* The same of version 6, or the beginning of one: up to the command lines, but no further. */
void append_walk_bare(uint8_t *data, uint64_t len, struct append_found *ret);

/*
 * Can @f be true of a file of @len bytes, so that nothing but that file comes to harm by it? Makes
 * texts end and be printable. 0; -EBADMSG.
 */
int append_check(struct append_found *f, uint64_t len);

struct out_file;

/* Continue the file in @fd, of @len bytes, by checked findings. 0; -errno described in @err. */
int append_found(int fd, uint64_t len, const struct append_found *f, struct out_file **ret,
		 struct err *err);

#endif
