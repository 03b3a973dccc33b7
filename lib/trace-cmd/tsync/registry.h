/*
 * registry.h - the plugins there are.
 *
 * Layer 4. A new one: trace-timesync-NAME.c with its table, one line here and one in registry.c.
 */
#ifndef TSYNC_REGISTRY_H
#define TSYNC_REGISTRY_H

#include "tsync/tsync.h"

extern const struct tsync_proto tsync_proto_burst;	/* trace-timesync-burst.c */
extern const struct tsync_proto tsync_proto_ptp;	/* trace-timesync-ptp.c */
extern const struct tsync_proto tsync_proto_kvm;	/* trace-timesync-kvm.c */
extern const struct tsync_proto tsync_proto_vmexit;	/* trace-timesync-vmexit.c */

#endif
