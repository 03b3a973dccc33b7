/*
 * nested.c - see nested.h. Layer 2.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fmt/nested.h"
#include "trace-seq.h"

#define INDENT		3	/* blanks for each caller */
#define NO_CPU		4095	/* to ask the plugin about: it keeps a list for each CPU below, too */

/* What the plugin says of @record with other functions is @depth times the indent, and @name. */
static bool says(const struct native *n, struct tep_handle *tep, const struct tep_record *record,
		 const uint8_t *function, const uint8_t *caller, const struct symbol_name *name,
		 unsigned int depth)
{
	uint8_t *data = malloc(record->size);
	struct tep_record other = *record;
	struct trace_seq seq;
	bool same;

	if (!data)
		return false;
	memcpy(data, record->data, record->size);
	memcpy(data + n->pid.offset, function, n->pid.size);
	memcpy(data + n->caller.offset, caller, n->caller.size);
	other.data = data;
	other.cpu = NO_CPU;
	trace_seq_init(&seq);
	tep_print_event(tep, &seq, &other, "%s", TEP_PRINT_INFO);
	trace_seq_terminate(&seq);
	same = seq.len == INDENT * depth + name->len &&
	       strspn(seq.buffer, " ") == INDENT * depth &&
	       !memcmp(seq.buffer + INDENT * depth, name->text, name->len);
	trace_seq_destroy(&seq);
	free(data);
	return same;
}

bool nested_agrees(const struct native *n, struct tep_handle *tep, struct symbols *symbols,
		   const struct tep_record *record)
{
	const uint8_t *data = record->data;
	const uint8_t *ip = data + n->pid.offset, *parent = data + n->caller.offset;
	struct symbol_name function, caller;
	bool agrees;

	if (n->pid.size != n->caller.size ||
	    !symbols_name(symbols, value_read(ip, n->pid.size, n->swap), &function) ||
	    !symbols_name(symbols, value_read(parent, n->caller.size, n->swap), &caller) ||
	    !strcmp(function.text, caller.text))
		return false;
	pthread_mutex_lock(symbols->lock);
	agrees = says(n, tep, record, ip, parent, &function, 0) &&
		 says(n, tep, record, parent, ip, &caller, 1);
	pthread_mutex_unlock(symbols->lock);
	return agrees;
}

int nested_print(const struct native *n, struct nest *nest, struct symbols *symbols,
		 const struct tep_record *record, struct text *out)
{
	const struct fmt_record r = { .data = record->data, .size = record->size };
	uint64_t address = native_read(n, &r, &n->pid);
	struct symbol_name function, caller;
	bool has_name = symbols_name(symbols, address, &function);
	bool has_caller = symbols_name(symbols, native_read(n, &r, &n->caller), &caller);
	int depth = nest_depth(nest, record->cpu, has_name ? &function : NULL, has_caller ? &caller : NULL);
	char *to;

	if (depth < 0)
		return depth;
	text_fill(out, ' ', INDENT * (size_t)depth);
	to = text_reserve(out, SYMBOL_TEXT_MAX + TEXT_SLACK);
	if (!to)
		return -ENOMEM;
	to = symbols_put_any(symbols, to, address, false);
	if (!to)
		return -ERANGE;
	text_commit(out, to);
	return 0;
}
