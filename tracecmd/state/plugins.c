/*
 * plugins.c - libtraceevent's plugins; see list.h. Layer 5.
 */
#include <event-parse.h>
#include <trace-seq.h>

#include "state/list.h"

void list_plugins(void)
{
	struct tep_handle *tep = tep_alloc();
	struct tep_plugin_list *list = tep ? tep_load_plugins(tep) : NULL;
	struct trace_seq s;

	trace_seq_init(&s);
	tep_print_plugins(&s, "  ", "\n", list);
	trace_seq_do_printf(&s);
	trace_seq_destroy(&s);
	if (list)
		tep_unload_plugins(list, tep);
	tep_free(tep);
}

void list_plugin_options(void)
{
	struct tep_handle *tep = tep_alloc();
	struct tep_plugin_list *list = tep ? tep_load_plugins(tep) : NULL;
	struct trace_seq s;

	trace_seq_init(&s);
	tep_plugin_print_options(&s);
	trace_seq_do_printf(&s);
	trace_seq_destroy(&s);
	if (list)
		tep_unload_plugins(list, tep);
	tep_free(tep);
}
