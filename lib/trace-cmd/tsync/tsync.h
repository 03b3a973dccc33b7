/*
 * tsync.h - clock synchronisation of a host with a guest: protocols and the loop.
 *
 * Layer 4. The measuring side is the guest ("server"); the host ("client")
 * starts each round and keeps the results. Sign: host time = guest time + offset.
 * Each side runs in a thread of its own.
 */
#ifndef TSYNC_TSYNC_H
#define TSYNC_TSYNC_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "tsync/bounds.h"
#include "tsync/samples.h"
#include "wire/msg.h"
#include "wire/ptp.h"

enum tsync_role {
	TSYNC_ROLE_HOST = 1, TSYNC_ROLE_GUEST = 2, TSYNC_ROLE_CLIENT = 4, TSYNC_ROLE_SERVER = 8,
};

struct tsync_conf;
struct tsync_link;		/* what a plugin gets to work with: tsync/link.h */

/* The machine that a guest runs on this one. */
struct tsync_machine {
	pid_t pid;			/* its process; -1: not known */
	const char *kvm_dir;		/* of KVM's files; NULL: kvm/ of debugfs, wherever that is */
	const char *tracing_dir;	/* NULL: libtracefs finds it */
};

/*
 * For protocols whose rounds are short and good enough for all CPUs of a guest: one full round a pass, and
 * short checks (link->check) on other CPUs, which get an offset of their own
 * only if they contradict it. No thread of others is moved.
 */
struct tsync_pace {
	int first_ms, pass_ms, last_ms;	/* a pass takes no longer: at the start, between, at the end */
	int settle_ms;			/* from the first pass to the second */
	int interval_ms;		/* then doubling up to */
	int interval_max_ms;		/* unless the user has named an interval */
};

/* A plugin: one const table in trace-timesync-NAME.c. */
struct tsync_proto {
	const char *name;		/* at most 15 characters */
	int accuracy;			/* lower wins */
	unsigned int roles;		/* enum tsync_role bits */
	bool (*usable)(const char *clock);
	/* Host: whether it is worth offering to @machine. NULL: to all. */
	bool (*suits)(const struct tsync_machine *machine);
	bool on_any_cpu;		/* a round is of a vCPU, wherever the host runs that */
	uint32_t flags;			/* TIMESHIFT_FL_* that its samples need */
	/*
	 * Either side, before the first round. 0; -EOPNOTSUPP: it does not work here, as
	 * below; another -errno, described in the link's err, ends the session.
	 */
	int (*prepare)(struct tsync_link *link);
	/*
	 * One round, host side: its time, offset and response. 0; -EAGAIN: the round
	 * yields nothing, but both ends are in step for the next one; -EOPNOTSUPP: it does
	 * not work here (a self-test failed), both ends go over to the next
	 * protocol they share, in step or not (tsync/switch.h); any other -errno ends the
	 * session. The link's err may say why. What it is sure of goes into the link's bounds.
	 */
	int (*host_round)(struct tsync_link *link, struct tsync_result *ret);
	/* The guest's part of a round; returns the same. */
	int (*guest_round)(struct tsync_link *link);
	/* Host: a pass is over, and the next one may be long in coming. */
	void (*rest)(struct tsync_link *link);		/* NULL: nothing */
	/* How passes go for it; NULL: full rounds on all CPUs, when the user wants them. */
	const struct tsync_pace *pace;
	/* Free what the plugin has in link->state; also before another protocol takes over. */
	void (*release)(struct tsync_link *link);	/* NULL: nothing */
};

/* The @i-th known protocol, NULL at the end. */
const struct tsync_proto *tsync_proto_at(unsigned int i);
const struct tsync_proto *tsync_proto_find(const char *name);

/*
 * Names to offer for @role and @clock, or of these only @only unless that is NULL: a
 * NULL-terminated heap array of static strings; the caller frees the array. NULL without memory.
 */
const char **tsync_offer(enum tsync_role role, const char *clock, const char *only);

/* The best known one of @names (NULL-terminated) for @role and @clock, NULL if none. */
const struct tsync_proto *tsync_choose(char *const *names, enum tsync_role role, const char *clock);

/* More protocols than this there will not be. */
#define TSYNC_PROTOS_MAX	8

/*
 * What comes after @proto among @names (NULL-terminated) for @role and @clock, the best first, into @ret,
 * which ends with a NULL.
 */
void tsync_fallback(char *const *names, enum tsync_role role, const char *clock,
		    const struct tsync_proto *proto,
		    const struct tsync_proto *ret[TSYNC_PROTOS_MAX + 1]);

/* In conf.ptp_flags: what ptp does unless told otherwise. */
#define TSYNC_PTP_DEFAULT UINT32_MAX

/* The compile-time default ptp_flags of trace-timesync-ptp.c. */
uint32_t tsync_ptp_default_flags(void);

struct tsync_conf {
	const struct tsync_proto *proto;	/* as negotiated */
	/*
	 * What to go over to where that turns out not to work, the best first, up to a NULL:
	 * tsync_fallback(). None for stock peers, which do not know how.
	 */
	const struct tsync_proto *fallback[TSYNC_PROTOS_MAX + 1];
	int fd;				/* connected socket; owned by the session from start on */
	const char *tracing_dir;	/* NULL: libtracefs finds it */
	const char *clock;		/* trace clock of the session, e.g. "local" */
	/* written into the stamps; own_id names the instance clock_synch-<own_id> */
	int own_id, peer_id;
	bool own_made;			/* by tsync_pick_id(): nobody else has set it up in some other way */
	int64_t cid;			/* of the peer, for the names of debug files */
	/*
	 * PTP_FLAG_* and TSYNC_PTP_BOUNDS, or TSYNC_PTP_DEFAULT. The guest decides; the host obeys START as far as
	 * its clock allows, but sees to it before that it can do what is said here.
	 */
	uint32_t ptp_flags;
	bool keep_bounds;		/* host: all bounds, not only those that limit something */
	bool report;			/* guest: send the stamps after OFFSET; host: expect them */
	const char *debug_dir;		/* NULL: no debug files */
	int own_cpus;			/* guest: rounds on others are refused; 0: not known */
	/* a simulated clock, read instead of the trace clock where that is read without markers */
	int64_t (*now)(void *data);	/* NULL: the real one */
	void *now_data;
	/* host only */
	int nr_cpus;			/* of the guest */
	int interval_ms;		/* <= 0: start and end only */
	bool interval_auto;		/* as the protocol's pace has it, if it has one */
	bool per_cpu;			/* rounds for each guest (and host) CPU, else one a pass */
	const pid_t *vcpu_tids;		/* host threads of the guest's CPUs, or NULL; -1 unknown */
	pid_t vm_pid;			/* of the guest's machine; -1 unknown */
	const char *kvm_dir;		/* as struct tsync_machine has it */
};

/* Defaults for all fields: no descriptor, ids 0, no peer CID (-1), the plugin's default flags. */
void tsync_conf_init(struct tsync_conf *conf);

/*
 * Reserve the first free session id from @wanted on, by creating its sync
 * instance (which mkdir makes atomic); it goes into conf.own_id of one session, whose end
 * (or failure to start) removes it, or to tsync_drop_id(). Leftovers of sessions
 * that crashed are cleared away. Stock peers use ids 0, 2 and -1 without asking,
 * so better begin above. @tracing_dir NULL: libtracefs finds it. Returns the id; -errno.
 */
int tsync_pick_id(const char *tracing_dir, int wanted);
void tsync_drop_id(const char *tracing_dir, int id);

struct tsync_session;

/*
 * Start the host's or guest's thread; all of @conf is copied. 0; -errno described in @err (the fd
 * is closed then, too): -EINVAL for flags that the clock does not allow, or
 * why there is no sync instance.
 */
int tsync_host_start(const struct tsync_conf *conf, struct tsync_session **ret, struct err *err);
int tsync_guest_start(const struct tsync_conf *conf, struct tsync_session **ret, struct err *err);

/*
 * The same in two steps, for who has many guests and compares with them by turns: all that can be done
 * ahead, then the first pass. tsync_host_begin(): 0; -errno, and only tsync_free() is of use then.
 */
int tsync_host_prepare(const struct tsync_conf *conf, struct tsync_session **ret, struct err *err);
int tsync_host_begin(struct tsync_session *s);

/*
 * Host: wait for the end of the first pass. 0 (also if no round of it yielded a sample);
 * -ETIMEDOUT; or why it failed.
 */
int tsync_host_wait_first(struct tsync_session *s, int timeout_ms, struct err *err);

/*
 * The protocol in use now: another than negotiated where that did not work, and then @ret_why (may be
 * NULL) says why, if anybody knew.
 */
const struct tsync_proto *tsync_proto_now(struct tsync_session *s, struct err *ret_why);

/* Host: begin with the final pass; does not wait. Once is enough. */
void tsync_host_ask_stop(struct tsync_session *s);

/* Either side: wait for the thread's end, however it comes. 0; -ETIMEDOUT. */
int tsync_wait_end(struct tsync_session *s, int timeout_ms);

/*
 * Host: make the final pass and STOP, wait for the thread (bounded by
 * @timeout_ms), and hand out the samples. Even if a later pass failed, those
 * of earlier ones are valid: 0 then, and @err tells. If there are none, why
 * the session failed, or -ENODATA. Call it once.
 */
int tsync_host_stop(struct tsync_session *s, int timeout_ms, struct tsync_samples *ret,
		    struct err *err);

/*
 * Guest: wait for the host's STOP or the connection's end, at most @timeout_ms, then end the
 * thread. 0; -ETIMEDOUT; or how it ended.
 */
int tsync_guest_stop(struct tsync_session *s, int timeout_ms);

/* End at once and free; NULL is fine. The sync instance is removed, affinities are restored. */
void tsync_free(struct tsync_session *s);

#endif
