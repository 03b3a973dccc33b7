/*
 * guest-clock.c - see guest-clock.h. Layer 5.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <tracefs.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/tsc.h"
#include "session/guest-clock.h"
#include "session/vm.h"
#include "tsync/kvm-files.h"

const char *guest_own_clock(const struct plan_guest *conf)
{
	int i;

	for (i = 0; i < conf->args.nr; i++) {
		if (!strcmp(conf->args.item[i], "-C"))
			return i + 1 < conf->args.nr ? conf->args.item[i + 1] : NULL;
		if (!strncmp(conf->args.item[i], "-C", 2))
			return conf->args.item[i] + 2;
	}
	return NULL;
}

/* Whether the clock, and how it is compared, are left to us. */
static bool is_free(const struct plan *p)
{
	const struct plan_tsync *t = &p->tsync;
	int i;

	/* --date counts from where CLOCK_MONOTONIC does */
	if (p->kind != PLAN_RECORD || !p->nr_guests || p->date || t->interval_ms < 0 || t->chosen ||
	    (t->proto && strcmp(t->proto, "kvm")))
		return false;
	for (i = 0; i < p->nr_instances; i++)
		if (p->instances[i].clock || p->instances[i].tsc2nsec)
			return false;
	for (i = 0; i < p->nr_guests; i++)
		if (guest_own_clock(&p->guests[i]))
			return false;
	return true;
}

bool clock_tsc_there(void)
{
	_cleanup_free_ char *clocks = tracefs_instance_file_read(NULL, "trace_clock", NULL);

	return clocks && strstr(clocks, TSC_CLOCK);
}

bool clock_tsc_known(void)
{
	struct tsc_scale scale;

	return clock_tsc_there() && !tsc_scale_read(&scale);
}

static bool kvm_knows(const struct plan_guest *guest)
{
	_cleanup_free_ char *name = NULL;
	struct net_addr addr;

	if (vm_resolve(guest->where, &addr, &name, NULL) || addr.kind != NET_VSOCK)
		return false;
	return kvm_vm_readable(NULL, vm_pid_of(addr.cid));
}

int guest_choose_clock(struct plan *p)
{
	int i;

	if (!is_free(p) || !clock_tsc_known())
		return 0;
	for (i = 0; i < p->nr_guests; i++)
		if (!kvm_knows(&p->guests[i]))
			return 0;
	log_debug("guests' TSC offsets are known: the clock is " TSC_CLOCK);
	for (i = 0; i < p->nr_instances; i++) {
		p->instances[i].clock = strdup(TSC_CLOCK);
		if (!p->instances[i].clock)
			return -ENOMEM;
		p->instances[i].tsc2nsec = true;
	}
	return 0;
}
