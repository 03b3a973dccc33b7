/*
 * show.h - what is known of a guest's clock, for people and for programs.
 *
 * Layer 5.
 */
#ifndef CLOCKS_SHOW_H
#define CLOCKS_SHOW_H

#include <stdio.h>

#include "clocks/guest.h"

/* A paragraph. */
void show_guest(FILE *out, const struct guest *g, const struct host *h);

/* All guests as one JSON object: Documentation/formats/tsync-json.md. @raw: with each bound. */
void show_json(FILE *out, const struct guest *guests, unsigned int nr_guests, const struct host *h,
	       bool raw);

#endif
