/*
 * format-check.h - may libtraceevent be given this text as the format of an event?
 *
 * Layer 2. libtraceevent trusts what it parses: some texts that no kernel writes make it
 * read freed memory, or recurse until the stack ends. So it only gets what has the shape of
 * a kernel's format: lines of fields with sane places, and a print format of literals,
 * fields that there are, operators and calls, nested to a limit.
 */
#ifndef IN_FORMAT_CHECK_H
#define IN_FORMAT_CHECK_H

#include <stdbool.h>
#include <stddef.h>

enum format_verdict {
	FORMAT_GOOD,		/* may be parsed */
	FORMAT_NO_PRINT,	/* only up to *ret_print: how it prints is not understood */
	FORMAT_BAD,		/* not the format of an event */
};

/*
 * Look at @text, which ends with a NUL and has none before. *ret_print is the length of
 * all that is before its "print fmt:", unless the verdict is FORMAT_BAD. 0; -ENOMEM.
 */
int format_check(const char *text, enum format_verdict *ret_verdict, size_t *ret_print);

/* The fields of an event: where in the text their names are. */
struct format_fields {
	struct { const char *name; size_t len; } *field;
	unsigned int nr;
};

/* The same of the print format alone, what is behind "print fmt:"; it may use these fields. */
bool format_print_check(const char *text, const struct format_fields *fields);

/*
 * Is no directive in the @len bytes of @text, behind which is a NUL, wider than is reasonable? With
 * @stars some may take their width from an argument.
 */
bool format_widths_check(const char *text, size_t len, bool stars);

#endif
