/*
 * fgraph-options.h - how calls of the function_graph tracer look: options of a plugin "fgraph", as
 * libtraceevent's own plugins have them.
 *
 * Layer 5.
 */
#ifndef REPORT_FGRAPH_OPTIONS_H
#define REPORT_FGRAPH_OPTIONS_H

#include "event-parse.h"
#include "report/plan.h"

#define FGRAPH_OPTIONS 5

struct fgraph_options {
	struct tep_plugin_option list[FGRAPH_OPTIONS + 1];
};

/*
 * Have libtraceevent know them: for tep_plugin_add_option(), and for its list. @o must stay until
 * fgraph_options_remove().
 */
void fgraph_options_add(struct fgraph_options *o);
void fgraph_options_remove(struct fgraph_options *o);

/* What they are set to. */
struct plan_fgraph fgraph_options_get(const struct fgraph_options *o);

#endif
