/*
 * plot.h - a picture of what is known of the clocks, drawn by scripts/debug/tsync_plot.py.
 *
 * Layer 5.
 */
#ifndef CLOCKS_PLOT_H
#define CLOCKS_PLOT_H

#include "clocks/guest.h"

/* Draw into @path, a .png or .svg. 0; -errno described in @err. */
int plot_guests(const char *path, const struct guest *guests, unsigned int nr_guests,
		const struct host *h, struct err *err);

#endif
