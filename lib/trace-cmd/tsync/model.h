/*
 * model.h - what all rounds of a session say together: the option of the file, and TimeShift.
 *
 * Layer 4, pure. CPUs whose bounds agree are one clock, as those of one machine should be; those
 * that contradict each other are kept apart and said to be so.
 */
#ifndef TSYNC_MODEL_H
#define TSYNC_MODEL_H

#include "tsync/fit.h"
#include "tsync/samples.h"
#include "wire/opt-tsync.h"

struct model_conf {
	const char *method;		/* name of the protocol */
	const char *host_clock, *guest_clock;	/* trace clocks, NULL: unknown */
	uint64_t peer_id;		/* trace id of the host */
	bool same_machine;		/* both clocks go by one oscillator */
	bool one_rate;			/* and nobody scales it: that is known */
	bool by_host_cpu;		/* CPUs are told apart by those of the host, else by the guest's */
	const struct opt_tsync *before;	/* what it is made of again, with more bounds; NULL */
	bool raw;			/* keep the measured bounds in the option */
};

/*
 * 0; -ENODATA if the rounds made nothing sure; -ERANGE for clocks that step all the time; -ENOMEM.
 * @ret is written on success and released by the caller.
 */
int tsync_model_make(const struct tsync_samples *s, const struct model_conf *conf,
		     struct opt_tsync *ret);

/*
 * TimeShift as other readers understand it: samples on the model's lines, so close that these
 * readers' interpolation neither leaves the lines nor overflows. 0; -ENODATA if there is
 * no line; -EINVAL for other layouts; -ENOMEM.
 */
int tsync_model_timeshift(const struct opt_tsync *t, enum timeshift_layout layout, uint32_t flags,
			  int nr_guest_cpus, struct timeshift *ret);

#endif
