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
#include "net/muxer.h"
#include "session/vm-parse.h"
#include "session/vm.h"
#include "tsync/kvm-files.h"

#define CMDLINE_MAX	(1 << 20)
#define UNIX_PREFIX	"unix:"
#define LIBVIRT_MAX	(4 << 20)
#define LIBVIRT_DIR	"/run/libvirt/qemu"	/* a file for each machine that runs */

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

/* What the process with the directory @name in /proc says of itself. False: it is none. */
static bool read_vm(const char *name, struct vm *ret)
{
	_cleanup_(buf_release) struct buf b = { .cap = CMDLINE_MAX };
	struct vm vm = { .pid = strtol(name, NULL, 10) };
	char path[64];

	if (vm.pid <= 0)
		return false;
	snprintf(path, sizeof(path), "/proc/%d/cmdline", vm.pid);
	if (io_read_path(path, &b) || !b.len)
		return false;
	vm_parse_cmdline(&b, &vm);
	*ret = vm;
	return true;
}

/* What libvirt wrote about the machine of the file @name. False: it is none. */
static bool read_libvirt(const char *name, struct vm *ret)
{
	_cleanup_(buf_release) struct buf b = { .cap = LIBVIRT_MAX };
	size_t len = strlen(name);
	char path[400];

	if (len < 5 || strcmp(name + len - 4, ".xml"))
		return false;
	snprintf(path, sizeof(path), "%s/%s", LIBVIRT_DIR, name);
	return !io_read_path(path, &b) && b.len && vm_parse_libvirt((char *)b.data, ret);
}

/*
 * Call @fn for each machine of this host: what its command line says, then what libvirt says. Ends when
 * @fn gives no 0, which is returned.
 */
static int each_vm(int (*fn)(const struct vm *vm, void *data), void *data)
{
	static const struct { const char *dir; bool (*read)(const char *name, struct vm *ret); } all[] = {
		{ "/proc", read_vm }, { LIBVIRT_DIR, read_libvirt },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(all); i++) {
		_cleanup_closedir_ DIR *dir = opendir(all[i].dir);
		struct dirent *d;
		struct vm vm;

		while (dir && (d = readdir(dir))) {
			int ret = all[i].read(d->d_name, &vm) && vm.cid >= 0 ? fn(&vm, data) : 0;

			if (ret)
				return ret;
		}
	}
	return 0;
}

static int add_name(const struct vm *vm, void *data)
{
	struct strlist *names = data;
	int i;

	if (!vm->name[0] || !owns_kvm(vm->pid))
		return 0;
	for (i = 0; i < names->nr; i++) {
		if (!strcmp(names->item[i], vm->name))
			return 0;
	}
	return strlist_add(names, vm->name);
}

int vm_names(struct strlist *names)
{
	return each_vm(add_name, names);
}

/* Whom to look for. */
struct wanted {
	const char *name;	/* NULL: by cid */
	int64_t cid;
	struct vm found;
};

static int compare(const struct vm *vm, void *data)
{
	struct wanted *w = data;

	if (w->name ? strcmp(vm->name, w->name) : vm->cid != w->cid)
		return 0;
	if (!owns_kvm(vm->pid))
		return 0;
	w->found = *vm;
	return 1;
}

/* The machine that has @name, or @cid if @name is NULL. 0; -ENOENT. */
static int find_vm(const char *name, int64_t cid, struct vm *ret)
{
	struct wanted w = { .name = name, .cid = cid };

	if (each_vm(compare, &w) != 1)
		return -ENOENT;
	*ret = w.found;
	return 0;
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

pid_t vm_pid_at(const struct net_addr *a, int fd)
{
	pid_t pid;

	if (a->kind == NET_VSOCK)
		return vm_pid_of(a->cid);
	pid = a->kind == NET_MUXER ? muxer_pid(fd) : -1;
	return pid > 0 && owns_kvm(pid) ? pid : -ENOENT;
}

/* vCPU threads by their names. */
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
		int vcpu;

		snprintf(path, sizeof(path), "/proc/%d/task/%s/comm", pid, d->d_name);
		if (d->d_name[0] == '.' || io_read_path(path, &b) || !b.len)
			continue;
		vcpu = vm_parse_vcpu((char *)b.data);
		if (vcpu < 0 || vcpu >= nr || tids[vcpu] >= 0)
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

/* A guest behind a socket is called as the socket's file is, without its ending. Heap string. */
static char *muxer_name(const char *path)
{
	const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;

	return safe_name(base, strcspn(base + 1, ".") + 1);
}

/* [NAME@]unix:PATH[:PORT], where @path is behind "unix:". 0; -EINVAL described in @err. */
static int resolve_muxer(const char *where, const char *path, struct net_addr *ret, char **ret_name,
			 struct err *err)
{
	const char *colon = strrchr(path, ':');
	int64_t port = colon ? whole_number(colon + 1, strlen(colon + 1), UINT32_MAX) : -1;
	size_t len = port > 0 ? (size_t)(colon - path) : strlen(path);
	size_t name_len = path - strlen(UNIX_PREFIX) - where;

	if (!len || len >= sizeof(ret->host) || path[len - 1] == '/')
		return err_set(err, -EINVAL, "guest '%s' names no socket; give unix:PATH[:PORT]", where);
	*ret = (struct net_addr){
		.kind = NET_MUXER, .port = port > 0 ? (uint32_t)port : NET_AGENT_PORT,
	};
	memcpy(ret->host, path, len);
	*ret_name = name_len > 1 ? safe_name(where, name_len - 1) : muxer_name(ret->host);
	return *ret_name ? 0 : -ENOMEM;
}

/* What is behind "unix:" in a GUEST argument; NULL: it has none. */
static const char *muxer_path(const char *where)
{
	const char *at = strstr(where, UNIX_PREFIX);

	if (!at || (at > where && at[-1] != '@'))
		return NULL;
	return at + strlen(UNIX_PREFIX);
}

int vm_resolve(const char *where, struct net_addr *ret, char **ret_name, struct err *err)
{
	const char *path = muxer_path(where), *at, *host, *end, *port;
	struct net_addr a = { .kind = NET_VSOCK, .port = NET_AGENT_PORT };
	size_t len;
	int64_t n;

	if (path)
		return resolve_muxer(where, path, ret, ret_name, err);
	net_addr_split(where, &host, &len, &port);
	if (port) {
		n = whole_number(port, strlen(port), UINT32_MAX);
		if (n < 1)
			return err_set(err, -EINVAL, "guest '%s': '%s' is no port", where, port);
		a.port = n;
	}
	end = host + len;
	at = memrchr(host, '@', len);
	*ret_name = NULL;
	if (at || all_digits(host, len)) {
		const char *digits = at ? at + 1 : host;

		n = whole_number(digits, end - digits, UINT32_MAX);
		if (n < 0)
			return err_set(err, -EINVAL, "guest '%s': '%.*s' is no vsock CID", where,
				       (int)(end - digits), digits);
		a.cid = n;
		if (at && at > host)
			*ret_name = safe_name(host, at - host);
		*ret = a;
		return 0;
	}
	if (!len || len >= sizeof(a.host))
		return err_set(err, -EINVAL, "guest '%s' has no usable name; give HOST:PORT, CID[:PORT] or NAME[@CID][:PORT]",
			       where);
	snprintf(a.host, sizeof(a.host), "%.*s", (int)len, host);
	*ret_name = safe_name(host, len);
	n = memchr(host, '.', len) || memchr(host, ':', len) ? -ENOENT : vm_cid_of(a.host);
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
