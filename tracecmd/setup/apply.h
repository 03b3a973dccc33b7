/*
 * apply.h - the parts of setup_apply(), in the order in which they take effect; private to setup/.
 *
 * Layer 3. Each returns 0 or a -errno described in the struct err, with all it changed noted in
 * the instance's journal.
 */
#ifndef SETUP_APPLY_H
#define SETUP_APPLY_H

#include "setup/events.h"
#include "setup/instance.h"

/* Write what nobody asked for, so that it may fail where the kernel has it not or locks it. */
int apply_optional(struct setup_instance *s, const char *file, const char *value);

/*
 * Write what was asked for. A failure is described as "@what", the file and the reason, and, if
 * there is one, @advice. @file may name a path within the instance's directory.
 */
int apply_asked(struct setup_instance *s, const char *file, const char *value, const char *what,
		const char *advice, struct err *err);

/* apply-functions.c: which functions are traced. */
bool functions_are_traced_by(const char *tracer);
const char *functions_advice(int code);		/* why a file about functions can't be used; or NULL */
/* describe why functions of @option can't be written to @path; @bad: one that there is not */
int functions_describe(struct err *err, int code, const char *path, const char *bad,
		       const char *option);
int apply_functions_reset(struct setup_instance *s, const struct setup_conf *c);
int apply_functions(struct setup_instance *s, const struct setup_conf *c, struct err *err);
/* what may be switched on only when the tracer and its filters are in place */
int apply_function_options(struct setup_instance *s, const struct setup_conf *c, struct err *err);

/* apply-pids.c: which tasks are traced. */
int apply_pids_reset(struct setup_instance *s, const struct setup_conf *c);
int apply_pids(struct setup_instance *s, const struct setup_conf *c, struct err *err);

/* apply-size.c: the CPUs to trace, and sizes of buffers. */
int apply_cpumask(struct setup_instance *s, const struct setup_conf *c, struct err *err);
int apply_sizes(struct setup_instance *s, const struct setup_conf *c, struct err *err);

/* apply-events.c: events off; on again, with filters and triggers. */
int apply_events_reset(struct setup_instance *s);
int apply_events(struct setup_instance *s, const struct setup_conf *c, struct err *err);

/* The filters and triggers of @c alone, to try them. */
int apply_conditions(struct setup_instance *s, const struct setup_conf *c, struct err *err);

/* filters.c: set the filter of the events @targets; NULL: they get none. */
int filters_apply(struct setup_instance *s, const struct event_list *list,
		  const struct event_targets *targets, const char *filter, struct err *err);

/* apply-triggers.c: instead of those that the events of @c with triggers have */
int apply_triggers_reset(struct setup_instance *s, const struct event_list *list,
			 const struct setup_conf *c);
int apply_triggers(struct setup_instance *s, const struct event_list *list,
		   const struct event_targets *targets, const char *triggers, struct err *err);

#endif
