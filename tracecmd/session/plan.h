/*
 * plan.h - what one run of record or of an agent's session is to do.
 *
 * Layer 5. Filled in by the option parser, validated, free of side effects; all
 * strings and arrays are owned by the plan.
 */
#ifndef SESSION_PLAN_H
#define SESSION_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "net/auth.h"
#include "setup/setup.h"
#include "wire/opt-timeshift.h"
#include "zip/zip.h"

#define PLAN_MAX_GUESTS		256
#define PLAN_MAX_INSTANCES	256

/* How guests are synchronised, and what is kept of it. */
struct plan_tsync {
	int interval_ms;		/* > 0 periodic, 0 start and end, < 0 never */
	bool interval_given;		/* else the protocol may know better */
	bool per_cpu;
	const char *proto;		/* this one only (static); NULL: the best that works */
	bool chosen;			/* the user named a method or kind of stamp */
	uint32_t ptp_flags;		/* PTP_FLAG_*, TSYNC_PTP_BOUNDS */
	bool raw;			/* keep all measured bounds in the guest's file */
	char *debug_dir;		/* NULL: no debug files */
	enum timeshift_layout layout;	/* TIMESHIFT_CURRENT or TIMESHIFT_FORK */
};

/* Who is to do it. */
enum plan_kind {
	PLAN_RECORD,		/* tracing into a file, from beginning to end */
	PLAN_START,		/* set up and left running */
	PLAN_SET,		/* set up beside what is there */
	PLAN_STREAM,		/* like record, but printed instead of stored */
	PLAN_EXTRACT,		/* what the buffers hold, into a file */
	PLAN_AGENT,		/* like record, for a host */
	PLAN_PROFILE,		/* like stream, but gathered and printed in the end */
	PLAN_PROXY,		/* like record, for a guest of this machine */
};

/* One -A, or --proxy. */
struct plan_guest {
	bool proxy;		/* it is our host, and we are the guest */
	char *where;		/* as given: HOST:PORT, CID[:PORT], NAME[@CID][:PORT] */
	char *name;		/* --name, or NULL */
	struct strlist args;	/* options for its agent */
};

/* A listener that is to get the data, -N or -V. */
struct plan_listener {
	char *host;		/* -N: a name or address; NULL: none, or vsock */
	uint32_t cid;		/* -V */
	uint32_t port;		/* 0: no listener */
	bool tcp;		/* -t: data over TCP instead of UDP */
};

/* --rotate: files of a bounded size or time, of which the last ones are kept. */
struct plan_rotate {
	uint64_t bytes;		/* 0: no limit */
	int64_t ms;		/* 0: no limit */
	int keep;		/* files, 0: all */
};

/* What profile prints, and what record stores for a profile. */
struct plan_profile {
	struct strlist hooks;	/* -H, as given */
	bool irqs_global;	/* -G */
	bool by_comm;
	char *output;		/* profile: file for the text; NULL: standard output */
};

struct plan {
	enum plan_kind kind;
	struct setup_system system;
	struct setup_conf *instances;	/* [0] is the top one, then in the order of -B */
	int nr_instances;
	struct plan_guest *guests;
	int nr_guests;
	char **command;			/* NULL: until a signal */
	char *output;			/* trace.dat */
	char *temp_dir;			/* NULL: beside the output */
	int file_version;
	const struct zip_algo *zip;
	bool packed;			/* by the very algorithm that was named */
	bool all_formats;		/* -a */
	bool ignore_unknown;		/* -i */
	bool quiet;
	bool keep;			/* -k: leave tracing set up */
	bool force;			/* even if others are recording there */
	bool keep_before;		/* -K: reset nothing before, either */
	bool no_splice;
	bool poll;			/* read without a pause */
	bool no_filter;			/* don't hide our own threads */
	bool date;			/* store the clock's distance to the time of day */
	char *ts_offset;		/* verbatim, or NULL */
	int sleep_us;			/* -1: not given */
	int fifo_priority;
	int max_kb;			/* -m: of the data of each CPU, the latest; 0: all */
	uint64_t limit_bytes;		/* --limit-size: end when there is as much; 0: no limit */
	int64_t duration_ms;		/* --duration: end after that time; 0: no limit */
	struct plan_rotate rotate;
	struct plan_listener listener;
	uint64_t guest_bytes;		/* of each guest's data, at most; 0: what the disk has room for */
	bool auth;			/* --auth: peers must know the key, connections are encrypted */
	struct auth_secret auth_key;
	bool only_command;		/* -F: trace the command and nothing else */
	char *user;			/* run the command as this user, or NULL */
	bool exit_status;		/* end with the command's */
	bool fail_on_lost;		/* lost events are an error */
	bool to_stderr;			/* what we say goes to stderr, stdout is the command's */
	bool daemonize;
	bool fork;			/* start: don't wait for the command */
	bool debug;
	bool no_fifos;			/* guests' data never through FIFOs */
	bool no_timeout;		/* wait for peers as long as it takes */
	bool snapshot;			/* extract: what the snapshot holds */
	bool all_instances;		/* extract: those that exist */
	bool top;			/* extract: the top one, too */
	struct plan_tsync tsync;
	struct plan_profile profile;
};

/* Defaults of record. 0; -ENOMEM. */
int plan_init(struct plan *p);
void plan_release(struct plan *p);

/* Add an instance or a guest; it becomes the current (last) one. NULL: -ENOMEM or too many. */
struct setup_conf *plan_add_instance(struct plan *p, const char *name);
struct plan_guest *plan_add_guest(struct plan *p, const char *where);

/* For another machine, and sent there? */
static inline bool plan_is_remote(const struct plan *p)
{
	return p->kind == PLAN_AGENT || p->kind == PLAN_PROXY;
}

/* Are events taken out of the ring buffers by ourselves, and no file written? */
static inline bool plan_is_live(const struct plan *p)
{
	return p->kind == PLAN_STREAM || p->kind == PLAN_PROFILE;
}

/* True if instance @i takes part. */
bool plan_uses(const struct plan *p, int i);

/*
 * Check everything that can be checked without touching anything: something to
 * do, events, tracers and clocks known, output writable in its directory. 0;
 * -errno described in @err.
 */
int plan_check(const struct plan *p, bool agent, struct err *err);

#endif
