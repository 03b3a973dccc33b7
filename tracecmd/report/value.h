/*
 * value.h - single values as JSON, CSV and plain text have them.
 *
 * Layer 5.
 */
#ifndef REPORT_VALUE_H
#define REPORT_VALUE_H

#include <stddef.h>

#include "event-parse.h"
#include "report/fields.h"
#include "report/plan.h"
#include "report/textout.h"

void value_unsigned(struct textout *out, unsigned long long v);
/* "0x1f" */
void value_hex(struct textout *out, unsigned long long v);
void value_signed(struct textout *out, long long v);

/*
 * @len bytes of text. JSON: in quotes; bytes that are no UTF-8 are taken for Latin-1. CSV: in
 * quotes where it needs them. Plain: control characters become blanks.
 */
void value_text(struct textout *out, enum report_format format, const char *text, size_t len);

/* What is not there: null, or nothing. */
void value_none(struct textout *out, enum report_format format);

/* A field of a record; value_none() if the record is too short for it. */
void value_field(struct textout *out, enum report_format format, const struct field *f,
		 struct tep_handle *tep, const struct tep_record *record);

#endif
