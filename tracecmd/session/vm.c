/*
 * vm.c - see vm.h. Layer 5.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/io.h"
#include "session/vm.h"
#include "tsync/kvm-files.h"

#define CMDLINE_MAX (1 << 20)

/* What a machine's command line says. */
struct vm {
	pid_t pid;
	int64_t cid;		/* -1: none */
	char name[256];		/* "": none */
};

/* True if one of the process's descriptors is a KVM machine. */
static bool owns_kvm(pid_t pid)
{
	_cleanup_closedir_ DIR *dir = NULL;
	char path[64], link[64];
	struct dirent *d;

	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	dir = opendir(path);
	while (dir && (d = readdir(dir))) {
		ssize_t n = readlinkat(dirfd(dir), d->d_name, link, sizeof(link) - 1);

		if (n > 0) {
			link[n] = 0;
			if (!strcmp(link, "anon_inode:kvm-vm"))
				return true;
		}
	}
	return false;
}

/* The value after "@key=" in a comma list, up to the next comma; its length in @ret_len. */
static const char *list_value(const char *list, const char *key, size_t *ret_len)
{
	const char *at = list;
	size_t len = strlen(key);

	while (at) {
		if (!strncmp(at, key, len) && at[len] == '=') {
			*ret_len = strcspn(at + len + 1, ",");
			return at + len + 1;
		}
		at = strchr(at, ',');
		at = at ? at + 1 : NULL;
	}
	return NULL;
}

/* Read a QEMU-like command line: -name NAME or guest=NAME,..., and ...,guest-cid=N. */
static void parse_cmdline(const struct buf *b, struct vm *vm)
{
	const char *at = (const char *)b->data, *end = at + b->len, *value;
	bool name_next = false;
	size_t len;

	for (; at < end; at += strlen(at) + 1) {
		if (name_next) {
			value = list_value(at, "guest", &len);
			if (!value) {
				value = at;
				len = strcspn(at, ",");
			}
			snprintf(vm->name, sizeof(vm->name), "%.*s", (int)len, value);
		}
		name_next = !strcmp(at, "-name");
		value = list_value(at, "guest-cid", &len);
		if (value && isdigit((unsigned char)*value))
			vm->cid = strtoll(value, NULL, 10);
	}
}

/* What the process with the directory @name in /proc says of itself. False: it is none. */
static bool read_vm(const char *name, struct vm *ret)
{
	_cleanup_(buf_release) struct buf b = { .cap = CMDLINE_MAX };
	struct vm vm = { .pid = strtol(name, NULL, 10), .cid = -1 };
	char path[64];

	if (vm.pid <= 0)
		return false;
	snprintf(path, sizeof(path), "/proc/%d/cmdline", vm.pid);
	if (io_read_path(path, &b) || !b.len)
		return false;
	parse_cmdline(&b, &vm);
	*ret = vm;
	return true;
}

int vm_names(struct strlist *names)
{
	_cleanup_closedir_ DIR *dir = opendir("/proc");
	struct dirent *d;
	struct vm vm;
	int ret = 0;

	while (!ret && dir && (d = readdir(dir))) {
		if (read_vm(d->d_name, &vm) && vm.name[0] && vm.cid >= 0 && owns_kvm(vm.pid))
			ret = strlist_add(names, vm.name);
	}
	return ret;
}

/* Look at each process for a machine that has @name, or @cid if @name is NULL. */
static int find_vm(const char *name, int64_t cid, struct vm *ret)
{
	_cleanup_closedir_ DIR *dir = opendir("/proc");
	struct dirent *d;
	struct vm vm;

	while (dir && (d = readdir(dir))) {
		if (!read_vm(d->d_name, &vm))
			continue;
		if (name ? strcmp(vm.name, name) || vm.cid < 0 : vm.cid != cid)
			continue;
		if (!owns_kvm(vm.pid))
			continue;
		*ret = vm;
		return 0;
	}
	return -ENOENT;
}

int64_t vm_cid_of(const char *name)
{
	struct vm vm;
	int ret = find_vm(name, -1, &vm);

	return ret ? ret : vm.cid;
}

pid_t vm_pid_of(uint32_t cid)
{
	struct vm vm;
	int ret = find_vm(NULL, cid, &vm);

	return ret ? ret : vm.pid;
}

/* vCPU threads as QEMU names them when told to (debug-threads=on, as libvirt does): "CPU 0/KVM". */
static int tids_by_name(pid_t pid, int32_t *tids, int nr)
{
	_cleanup_closedir_ DIR *dir = NULL;
	char path[300];
	struct dirent *d;
	int found = 0;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	dir = opendir(path);
	while (dir && (d = readdir(dir))) {
		_cleanup_(buf_release) struct buf b = { .cap = 64 };
		long vcpu;
		char *end;

		snprintf(path, sizeof(path), "/proc/%d/task/%s/comm", pid, d->d_name);
		if (d->d_name[0] == '.' || io_read_path(path, &b) ||
		    strncmp((char *)b.data, "CPU ", 4))
			continue;
		vcpu = strtol((char *)b.data + 4, &end, 10);
		if (strncmp(end, "/KVM", 4) || vcpu < 0 || vcpu >= nr || tids[vcpu] >= 0)
			continue;
		tids[vcpu] = strtol(d->d_name, NULL, 10);
		found++;
	}
	return found;
}

/*
 * As KVM itself says (kernels from 5.19). Its numbers are APIC ids, which have gaps where a socket's
 * cores are no power of two; guests number their CPUs in the same order.
 */
static int tids_by_kvm(pid_t pid, int32_t *tids, int nr)
{
	struct kvm_vm vm;
	int vcpu, found = 0;

	if (kvm_vm_open(NULL, pid, &vm))
		return 0;
	for (vcpu = 0; vcpu < nr && (unsigned int)vcpu < vm.nr; vcpu++) {
		tids[vcpu] = vm.vcpu[vcpu].tid;
		found += tids[vcpu] >= 0;
	}
	kvm_vm_release(&vm);
	return found;
}

int vm_vcpu_tids(pid_t pid, int32_t *tids, int nr)
{
	int i, found;

	for (i = 0; i < nr; i++)
		tids[i] = -1;
	if (pid <= 0)
		return 0;
	found = tids_by_kvm(pid, tids, nr);
	return found == nr ? found : found + tids_by_name(pid, tids, nr);
}

/* A name becomes part of a file name: nothing but letters, digits, "_.-", no leading dot, 64 bytes. */
static char *safe_name(const char *text, size_t len)
{
	char *name = strndup(text, len < 64 ? len : 64);
	char *c;

	for (c = name; c && *c; c++) {
		if (!isalnum((unsigned char)*c) && !strchr("_.-", *c))
			*c = '_';
	}
	if (name && *name == '.')
		*name = '_';
	return name;
}

static bool all_digits(const char *s, size_t len)
{
	return len && strspn(s, "0123456789") >= len;
}

/* Decimal digits only, up to @max. -1 otherwise. */
static int64_t whole_number(const char *s, size_t len, int64_t max)
{
	int64_t v = 0;
	size_t i;

	if (!all_digits(s, len))
		return -1;
	for (i = 0; i < len; i++) {
		v = v * 10 + s[i] - '0';
		if (v > max)
			return -1;
	}
	return v;
}

int vm_resolve(const char *where, struct net_addr *ret, char **ret_name, struct err *err)
{
	const char *colon = strrchr(where, ':'), *at, *end;
	struct net_addr a = { .kind = NET_VSOCK, .port = NET_AGENT_PORT };
	int64_t n;

	if (colon) {
		n = whole_number(colon + 1, strlen(colon + 1), UINT32_MAX);
		if (n < 1)
			return err_set(err, -EINVAL, "guest '%s': '%s' is no port", where,
				       colon + 1);
		a.port = n;
	}
	end = colon ? colon : where + strlen(where);
	at = memrchr(where, '@', end - where);
	*ret_name = NULL;
	if (at || all_digits(where, end - where)) {
		const char *digits = at ? at + 1 : where;

		n = whole_number(digits, end - digits, UINT32_MAX);
		if (n < 0)
			return err_set(err, -EINVAL, "guest '%s': '%.*s' is no vsock CID", where,
				       (int)(end - digits), digits);
		a.cid = n;
		if (at && at > where)
			*ret_name = safe_name(where, at - where);
		*ret = a;
		return 0;
	}
	if (end == where || (size_t)(end - where) >= sizeof(a.host))
		return err_set(err, -EINVAL, "guest '%s' has no usable name; give HOST:PORT, CID[:PORT] or NAME[@CID][:PORT]",
			       where);
	snprintf(a.host, sizeof(a.host), "%.*s", (int)(end - where), where);
	*ret_name = safe_name(where, end - where);
	n = memchr(where, '.', end - where) || memchr(where, ':', end - where) ? -ENOENT :
	    vm_cid_of(a.host);
	if (n >= 0) {
		a.cid = n;
	} else {
		a.kind = NET_TCP;
		if (a.port > 65535)
			return err_set(err, -EINVAL, "guest '%s': port %u is beyond 65535", where,
				       a.port);
	}
	*ret = a;
	return 0;
}
