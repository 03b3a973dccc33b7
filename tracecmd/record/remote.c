/*
 * remote.c - options about other machines: listeners, guests and their clocks. See
 * parse.h. Layer 6.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "net/addr.h"
#include "net/auth.h"
#include "record/parse.h"
#include "session/guest-clock.h"
#include "tsync/estimate.h"
#include "tsync/tsync.h"
#include "wire/ptp.h"

/* --- listeners */

static int set_port(struct parse *x, const char *option, const char *text, long long max)
{
	long long port;

	if (opt_number(text, 1, max, &port))
		return refuse(x, "%s: '%s' is no port", option, text);
	x->plan->listener.port = port;
	return 0;
}

/* -N [HOST:]PORT */
static int set_listener(struct parse *x, const char *text)
{
	_cleanup_free_ char *host = NULL;
	const char *name, *port;
	size_t len;

	net_addr_split(text, &name, &len, &port);
	/* a word alone is the port */
	host = port || text[0] == '[' ? strndup(name, len) : strdup("localhost");
	if (!host)
		return -ENOMEM;
	if (!*host)
		return refuse(x, "-N: '%s' names no host", text);
	if (parse_text(&x->plan->listener.host, host))
		return -ENOMEM;
	return set_port(x, "-N", port ? port : text, 65535);
}

/* -V CID:PORT */
static int set_vsock_listener(struct parse *x, const char *text)
{
	const char *colon = strchr(text, ':');
	_cleanup_free_ char *cid = strndup(text, colon ? colon - text : 0);
	long long number;

	if (!cid)
		return -ENOMEM;
	if (!colon)
		return refuse(x, "vsocket must have format of 'CID:PORT'");
	if (opt_number(cid, 0, UINT32_MAX - 1, &number))
		return refuse(x, "-V: '%s' is no CID", cid);
	x->plan->listener.cid = number;
	return set_port(x, "-V", colon + 1, UINT32_MAX - 1);
}

/* --- guests */

static int add_guest(struct parse *x, const char *where, bool proxy)
{
	int i;

	/* the words behind it are for the host, whose agent records no guests */
	if (x->guest && x->guest->proxy && !proxy)
		return refuse(x, "-A behind --proxy would be about the host's guests: name ours before it");
	for (i = 0; proxy && i < x->plan->nr_guests; i++) {
		if (x->plan->guests[i].proxy)
			return refuse(x, "--proxy: there is only one host");
	}
	x->guest = plan_add_guest(x->plan, where);
	if (!x->guest)
		return refuse(x, "more than %d guests", PLAN_MAX_GUESTS);
	x->guest->proxy = proxy;
	return 0;
}

static int set_name(struct parse *x, const char *name)
{
	if (!x->guest)
		return refuse(x, "--name is only used for -A options, and --proxy");
	if (!*name || strchr(name, '/') || name[0] == '.' || strlen(name) > 64)
		return refuse(x, "--name: '%s' cannot be part of a file name", name);
	return parse_text(&x->guest->name, name);
}

int parse_guest_word(struct parse *x, const struct opt_spec *spec, const char *arg)
{
	/* as a word of its own an optional argument would be taken for a command */
	bool joined = spec->arg == OPT_OPTIONAL && arg;
	char word[128];
	int ret;

	if (spec->id < OPT_LONG)
		snprintf(word, sizeof(word), "-%c%s", spec->id, joined ? arg : "");
	else
		snprintf(word, sizeof(word), "--%s%s%s", spec->name, joined ? "=" : "",
			 joined ? arg : "");
	ret = strlist_add(&x->guest->args, word);
	if (!ret && arg && !joined)
		ret = strlist_add(&x->guest->args, arg);
	return ret;
}

/* --- time synchronisation */

static int set_choice(struct parse *x, const char *option, const char *text, const char *on,
		      const char *off, uint32_t flag)
{
	struct plan_tsync *t = &x->plan->tsync;

	if (strcmp(text, on) && strcmp(text, off))
		return refuse(x, "--%s: '%s' is neither %s nor %s", option, text, on, off);
	t->chosen = true;
	t->ptp_flags = strcmp(text, on) ? t->ptp_flags & ~flag : t->ptp_flags | flag;
	return 0;
}

/* --tsync-proto NAME */
static int set_proto(struct parse *x, const char *name)
{
	const struct tsync_proto *proto = tsync_proto_find(name);

	if (!proto && strcmp(name, "auto"))
		return refuse(x, "--tsync-proto: '%s' is neither auto nor a protocol known here",
			      name);
	x->plan->tsync.proto = proto ? proto->name : NULL;
	return 0;
}

static int tsync_option(struct parse *x, int id, const char *arg)
{
	struct plan_tsync *t = &x->plan->tsync;

	switch (id) {
	case OPT_TSYNC_INTERVAL:
		t->interval_given = true;
		return parse_number(x, "--tsync-interval", arg, -1, 3600000, &t->interval_ms);
	case OPT_TSYNC_PER_CPU:
	case OPT_NO_TSYNC_PER_CPU:
		t->per_cpu = id == OPT_TSYNC_PER_CPU;
		return 0;
	case OPT_TSYNC_PROTO:
		return set_proto(x, arg);
	case OPT_TSYNC_METHOD:
		t->chosen = true;
		return estimate_method(arg, &t->ptp_flags) ?
		       refuse(x, "--tsync-method: '%s' is none of bounds, fastest and histogram",
			      arg) : 0;
	case OPT_TSYNC_RAW:
		t->raw = true;
		return 0;
	case OPT_TSYNC_STAMP:
		return set_choice(x, "tsync-stamp", arg, "marker", "mono_raw",
				  PTP_FLAG_USE_MARKER);
	case OPT_TSYNC_DEBUG:
		return parse_path(x, "--tsync-debug", &t->debug_dir, arg);
	default: /* OPT_TSYNC_LAYOUT */
		if (strcmp(arg, "fork") && strcmp(arg, "current"))
			return refuse(x, "--tsync-layout: '%s' is neither current nor fork", arg);
		t->layout = strcmp(arg, "fork") ? TIMESHIFT_CURRENT : TIMESHIFT_FORK;
		return 0;
	}
}

int parse_remote(struct parse *x, int id, const char *arg)
{
	long long bytes;

	switch (id) {
	case 'N':
		return set_listener(x, arg);
	case 'V':
		return set_vsock_listener(x, arg);
	case 'A':
	case OPT_PROXY:
		return add_guest(x, arg, id == OPT_PROXY);
	case OPT_NOFIFOS:
		x->plan->no_fifos = true;
		return 0;
	case OPT_GUEST_SIZE:
		if (opt_size(arg, &bytes))
			return refuse(x, "--guest-size: '%s' is no size: 500K, 100M, 2G", arg);
		x->plan->guest_bytes = bytes;
		return 0;
	case OPT_AUTH:
		x->plan->auth = true;
		/* which are not encrypted */
		x->plan->no_fifos = true;
		return auth_key_load(arg, &x->plan->auth_key, x->err) ? -EINVAL : 0;
	case OPT_NAME:
		return set_name(x, arg);
	default:
		return tsync_option(x, id, arg);
	}
}

/* A protocol that cannot compare the clock of a guest; nobody has chosen one for clocks not named. */
static int check_proto(struct parse *x)
{
	const struct plan_tsync *t = &x->plan->tsync;
	const struct tsync_proto *proto = t->proto ? tsync_proto_find(t->proto) : NULL;
	int i;

	for (i = 0; proto && i < x->plan->nr_guests; i++) {
		const char *clock = guest_own_clock(&x->plan->guests[i]);

		if (!clock)
			clock = x->plan->instances[0].clock;
		if (clock && strcmp(clock, "tsc2nsec") && !proto->usable(clock))
			return refuse(x, "--tsync-proto %s cannot compare the clock '%s'%s",
				      t->proto, clock,
				      strcmp(t->proto, "kvm") ? "" : ": use -C x86-tsc");
	}
	return 0;
}

/* Stamps by clock are times of mono_raw only if the trace is in mono_raw, too. */
static int check_stamps(struct parse *x)
{
	const char *clock = x->plan->instances[0].clock;
	int i;

	for (i = 1; !clock && i < x->plan->nr_instances; i++)
		clock = x->plan->instances[i].clock;
	if ((!x->plan->nr_guests && !plan_is_remote(x->plan)) || !x->plan->tsync.chosen ||
	    x->plan->tsync.ptp_flags & PTP_FLAG_USE_MARKER ||
	    (clock && !strcmp(clock, "mono_raw")))
		return 0;
	return refuse(x, "--tsync-stamp mono_raw compares CLOCK_MONOTONIC_RAW, but the trace uses the clock '%s': add -C mono_raw",
		      clock ? clock : "local");
}

int parse_remote_end(struct parse *x)
{
	int ret;

	if (x->plan->listener.port && x->output_given)
		return refuse(x, "-o incompatible with -N");
	if (x->plan->auth && !x->plan->listener.port && !x->plan->nr_guests)
		return refuse(x, "--auth is about -A, --proxy, -N and -V, which are missing");
	if (x->plan->listener.tcp && !x->plan->listener.host)
		return refuse(x, "-t is about -N, which is missing");
	ret = check_stamps(x);
	return ret ? ret : check_proto(x);
}
