/*
 * ksyms-scan.h - one walk over the lines of /proc/kallsyms, for ksyms.c.
 *
 * Layer 2. Nearly all lines are alike: a number of 16 digits, a letter, a name. These take a few instructions each.
 */
#ifndef IN_KSYMS_SCAN_H
#define IN_KSYMS_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "in/ksyms.h"

/* Fill blocks, hashes, strays, count and damaged of @k, whose text is known. 0; -ENOMEM; -errno of reading. */
int in_ksyms_scan(struct in_ksyms *k);

/*
 * One line, NUL-terminated in place, which the result points into. False: no function; then also
 * *@ret_damaged is set if it is no line of a list.
 */
bool in_ksym_parse_line(char *line, struct in_ksym *ret, bool *ret_damaged);

/* @len bytes at @offset of the text, into @to. 0; -errno. */
int in_ksyms_read(const struct in_ksyms *k, void *to, size_t len, size_t offset);

/*
 * Put the first @count of @sym in the order that libtraceevent has: of functions at one address that of the last line is first.
 * They are of @size bytes, begin with their addresses and come by these, then by lines.
 */
void in_ksyms_turn_equals(void *sym, size_t size, unsigned int count);

/* Of a name, by its first bytes. At least 8 bytes must be readable. */
uint16_t in_ksym_hash(const char *name);

#endif
