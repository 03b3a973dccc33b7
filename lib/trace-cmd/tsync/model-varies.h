/*
 * model-varies.h - segments of the file for clocks of a rate that varies.
 *
 * Layer 4, pure, for model.c.
 */
#ifndef TSYNC_MODEL_VARIES_H
#define TSYNC_MODEL_VARIES_H

#include "tsync/bounds.h"
#include "tsync/fit.h"
#include "wire/opt-tsync.h"

/* A model of the same clocks that is made anew, or NULL; and whose clock of it. */
struct earlier {
	const struct opt_tsync *model;
	int cpu;
};

/*
 * The segments of @f, which was made of @b for a rate that varies, into @ret, which has none. 0; -ENOMEM; then
 * @ret may have some of them.
 */
int model_put_varying(const struct fit *f, const struct bounds *b, const struct earlier *e,
		      struct opt_tsync_group *ret);

#endif
