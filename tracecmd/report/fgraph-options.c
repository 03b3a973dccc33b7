/*
 * fgraph-options.c - see fgraph-options.h. Layer 5.
 */
#include "report/fgraph-options.h"

void fgraph_options_add(struct fgraph_options *o)
{
	static const char *const texts[FGRAPH_OPTIONS][2] = {
		{ "tailprint", "Name the function where it returns" },
		{ "depth", "Tell the depth of each call" },
		{ "retval-skip", "Leave out what functions have returned" },
		{ "retval-dec", "Show it in decimal" },
		{ "retval-hex", "Show it in hexadecimal" },
	};
	unsigned int i;

	*o = (struct fgraph_options){ 0 };
	for (i = 0; i < FGRAPH_OPTIONS; i++) {
		o->list[i].name = (char *)texts[i][0];
		o->list[i].description = (char *)texts[i][1];
		o->list[i].plugin_alias = (char *)"fgraph";
	}
	tep_plugin_add_options("fgraph", o->list);
}

void fgraph_options_remove(struct fgraph_options *o)
{
	tep_plugin_remove_options(o->list);
}

struct plan_fgraph fgraph_options_get(const struct fgraph_options *o)
{
	return (struct plan_fgraph){
		.tailprint = o->list[0].set, .depth = o->list[1].set, .no_retval = o->list[2].set,
		.retval_dec = o->list[3].set, .retval_hex = o->list[4].set,
	};
}
