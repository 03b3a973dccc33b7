/*
 * prior.c - see prior.h. Layer 4, pure.
 */
#include <string.h>

#include "base/cleanup.h"
#include "tsync/prior.h"

bool prior_is_adjusted(const char *clock)
{
	static const char *const adjusted[] = { "mono", "boot", "tai" };
	size_t i;

	for (i = 0; clock && i < ARRAY_SIZE(adjusted); i++)
		if (!strcmp(clock, adjusted[i]))
			return true;
	return false;
}

/*
 * x86-tsc is one counter for all of a machine. What kernels make of it by fixed factors, or two
 * quartzes of their own, differ by far less than 200 ppm; what daemons make of it, by 500 ppm each, and
 * by something else a moment later.
 */
void prior_conf_init(struct fit_conf *conf, const char *clock, bool same_machine)
{
	*conf = (struct fit_conf){ .rho_max_ppb = 200000, .quantum = 1 };
	if (prior_is_adjusted(clock)) {
		conf->rho_max_ppb = 1000000;
		conf->varies = true;
	}
	if (clock && !strcmp(clock, "x86-tsc")) {
		conf->quantum = 0;
		/* those of two makes have nothing to do with each other: 0.8 to 6 GHz, say */
		conf->rho_max_ppb = same_machine ? 0 : 10000000000;
	}
	/* jiffies, of 10 ms at most */
	if (clock && !strcmp(clock, "uptime"))
		conf->quantum = 10000000;
}
