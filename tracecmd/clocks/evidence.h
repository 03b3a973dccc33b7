/*
 * evidence.h - what the files of a host and a guest hold that proves something of their clocks.
 *
 * Layer 5. First the host's file is read: when each vCPU was out of the guest, when its TSC was
 * set anew, and vsock packets; then the guest's, as often as wanted, each time held against what theta is taken to
 * be by then. Handles must give raw times (TRACECMD_FL_RAW_TS).
 */
#ifndef CLOCKS_EVIDENCE_H
#define CLOCKS_EVIDENCE_H

#include "base/err.h"
#include "clocks/causality.h"
#include "clocks/moves.h"
#include "clocks/packets.h"

struct tracecmd_input;

struct evidence {
	int nr_vcpus;
	const int *tids;	/* the host's threads of the guest's CPUs, -1 unknown; the handle's */
	struct gaps *gaps;	/* of each */
	uint64_t windows;	/* kvm_entry events of these threads */
	bool has_kvm;		/* the host's file knows the events, if none occurred */
	struct moves moves;	/* of these vCPUs' TSCs */
	struct packets host, guest;
	bool guest_read;	/* the guest's packets are known */
};

/* theta for guest CPU @cpu (-1: any) at guest time @time. 0; -ENODATA: not known there. */
typedef int (*theta_fn)(void *data, int cpu, int64_t time, struct theta *ret);

/*
 * Read the host's file for the guest with @trace_id. 0; -ENOENT described in @err: the host's
 * file knows no such guest; -ENOMEM; -errno of the file, after all that could be read
 * of it.
 */
int evidence_read_host(struct evidence *e, struct tracecmd_input *host,
		       unsigned long long trace_id, struct err *err);

/* What comes out of it: for each vCPU, and behind them for packets. */
struct finding {
	struct causality causality;
	struct bounds bounds;		/* that the events prove */
	size_t reduced;			/* bounds that were left when they were last reduced */
};

/*
 * Hold the guest's events against it: nr_vcpus + 1 findings. Bounds, if @want_bounds, are only such
 * as can limit a line. 0; -errno as above. The caller gives the findings to findings_free().
 */
int evidence_judge(struct evidence *e, struct tracecmd_input *guest, theta_fn theta, void *data,
		   bool want_bounds, struct finding **ret, struct err *err);
void findings_free(const struct evidence *e, struct finding *findings);

void evidence_release(struct evidence *e);

#endif
