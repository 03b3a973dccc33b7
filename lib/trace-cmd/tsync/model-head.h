/*
 * model-head.h - what the file's option says of a comparison beside the lines.
 *
 * Layer 4, pure, for model.c.
 */
#ifndef TSYNC_MODEL_HEAD_H
#define TSYNC_MODEL_HEAD_H

#include "tsync/model.h"

/* The measured bounds. 0; -ENOMEM, as all. */
int model_put_raw(const struct bounds *b, struct opt_tsync *t);

/* What the rounds' figures are together. */
int model_put_figures(const struct tsync_samples *s, struct opt_tsync *t);

int model_put_names(const struct model_conf *conf, struct opt_tsync *t);

#endif
