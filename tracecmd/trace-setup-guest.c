/*
 * trace-setup-guest.c - the setup-guest command: FIFOs for a guest's data. Layer 6.
 */
#include <errno.h>
#include <grp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "commands.h"
#include "message.h"
#include "session/virsh.h"
#include "session/virt.h"

const struct opt_spec setup_guest_options[] = {
	{ 'c', NULL, OPT_REQUIRED, "how many CPUs the guest has (as libvirt says)", "number" },
	{ 'p', NULL, OPT_REQUIRED, "mode of the FIFOs, octal (0660)", "number" },
	{ 'g', NULL, OPT_REQUIRED, "group of the FIFOs", "group" },
	{ 'a', NULL, OPT_NONE, "add virtio ports with these FIFOs to libvirt's guest" },
	{ 'h', "help", OPT_NONE, "show this help" },
	OPT_END
};

struct parse {
	long long cpus;		/* 0: not given */
	mode_t mode;
	gid_t gid;		/* (gid_t)-1: not given */
	bool attach;
};

/* One option. 0 or an exit status after a message. */
static int setup_option(struct parse *x, int id, const char *arg)
{
	struct group *group;
	char *end;
	long mode;

	switch (id) {
	case 'c':
		return opt_number(arg, 1, VIRT_MAX_CPUS, &x->cpus) ?
		       cmd_fail(0, "-c: '%s' is no number of CPUs up to %d", arg, VIRT_MAX_CPUS) : 0;
	case 'p':
		mode = strtol(arg, &end, 8);
		if (end == arg || *end || mode < 0 || mode > 0777)
			return cmd_fail(0, "-p: '%s' is no octal mode", arg);
		x->mode = mode;
		return 0;
	case 'g':
		group = getgrnam(arg);
		if (!group)
			return cmd_fail(0, "group %s does not exist", arg);
		x->gid = group->gr_gid;
		return 0;
	case 'a':
		x->attach = true;
		return 0;
	default:
		return usage("setup-guest");
	}
}

/* Ports for all CPUs. 0; -errno described in @err. */
static int attach_all(const char *name, int cpus, struct err *err)
{
	int cpu, ret = 0;

	for (cpu = 0; !ret && cpu < cpus; cpu++) {
		_cleanup_free_ char *path = virt_path(name, cpu);
		char port[64];

		snprintf(port, sizeof(port), "trace-pipe-cpu%d", cpu);
		ret = path ? virsh_attach_pipe(name, path, port, err) : -ENOMEM;
	}
	return ret;
}

static int setup_guest(struct parse *x, const char *name)
{
	struct err err = { 0 };
	int ret;

	if (!virt_name_ok(name))
		return cmd_fail(0, "'%s' is no name of a guest: letters, digits, and '_.-', at most 64", name);
	if (!x->cpus)
		x->cpus = virsh_cpus(name);
	if (x->cpus < 1 || x->cpus > VIRT_MAX_CPUS)
		return cmd_fail(0, "invalid number of cpus for guest %s\n%s", name,
				x->cpus == -ENOENT ? "There is no virsh to ask: give it with -c" :
				x->cpus == -ETIMEDOUT ? "virsh does not answer: give it with -c" :
				"Give it with -c");
	ret = virt_create(name, (int)x->cpus, x->mode, x->gid, &err);
	if (!ret && x->attach)
		ret = attach_all(name, (int)x->cpus, &err);
	return ret ? cmd_fail_err(ret, &err) : 0;
}

int cmd_setup_guest(int argc, char **argv)
{
	struct parse x = { .mode = 0660, .gid = (gid_t)-1 };
	struct optparse p;
	int id, rest, ret = 0;

	if (opt_init(&p, argc, argv))
		return cmd_fail(ENOMEM, "out of memory");
	while (!ret && (id = opt_next(&p)) >= 0)
		ret = setup_option(&x, id, p.arg);
	rest = opt_rest(&p);
	if (!ret && rest >= argc)
		ret = usage_why("setup-guest", "the name of the guest is missing");
	else if (!ret && rest < argc - 1)
		ret = usage_why("setup-guest", "unexpected argument '%s'", argv[rest + 1]);
	opt_release(&p);
	return ret ? ret : setup_guest(&x, argv[rest]);
}
