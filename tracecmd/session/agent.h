/*
 * agent.h - serving hosts: trace this machine on request, one host at a time.
 *
 * Layer 5.
 */
#ifndef SESSION_AGENT_H
#define SESSION_AGENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "net/auth.h"
#include "session/plan.h"
#include "session/ksyms.h"

struct agent_conf {
	const char *client;	/* -N: serve TCP, and only this client; NULL: vsock */
	uint32_t cid;		/* -P: the only peer served on vsock */
	bool proxy;		/* who is served is a guest of this machine, its host */
	uint32_t port;
	bool auth;		/* serve only who knows the key */
	struct auth_secret auth_key;
	bool daemon;
	const char *instance;	/* -B: where to trace instead of the top instance; NULL */
	const char *debug_dir;	/* of time synchronisation, or NULL */
	bool tsync_chosen;	/* ptp_flags are the user's wish; that of a host goes before */
	uint32_t ptp_flags;	/* PTP_FLAG_* */
	const struct ksyms *symbols;	/* the kernel's, set by agent_run() */
	/* Turns a request's options (argv[0] "record") into a plan of @kind; errors as record_parse(). */
	int (*parse)(int argc, char **argv, enum plan_kind kind, struct plan *p, struct err *err);
};

/* Listen and serve until a signal. Returns the exit status; messages have been printed. */
int agent_run(const struct agent_conf *conf);

#endif
