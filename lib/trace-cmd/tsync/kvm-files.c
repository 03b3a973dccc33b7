/*
 * kvm-files.c - see kvm-files.h. Layer 4.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tracefs.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/io.h"
#include "tsync/kvm-files.h"

/* The text of a small file without the line's end. 0; -errno. */
static int read_word(const char *dir, unsigned int vcpu, const char *name, char text[64])
{
	_cleanup_free_ char *path = NULL;
	_cleanup_buf_ struct buf b = BUF_INIT;
	int ret;

	if (asprintf(&path, "%s/vcpu%u/%s", dir, vcpu, name) < 0)
		return -ENOMEM;
	buf_init(&b, 63);
	ret = io_read_path(path, &b);
	if (ret)
		return ret == -E2BIG ? -EINVAL : ret;
	snprintf(text, 64, "%s", b.len ? (char *)b.data : "");
	text[strcspn(text, "\n")] = 0;
	return 0;
}

static int read_signed(const char *dir, unsigned int vcpu, const char *name, int64_t *ret_value)
{
	char text[64], *end;
	int ret = read_word(dir, vcpu, name, text);

	if (ret)
		return ret;
	if (!isdigit((unsigned char)text[text[0] == '-']))
		return -EINVAL;
	errno = 0;
	*ret_value = strtoll(text, &end, 10);
	return *end || errno ? -EINVAL : 0;
}

static int read_unsigned(const char *dir, unsigned int vcpu, const char *name, uint64_t *ret_value)
{
	char text[64], *end;
	int ret = read_word(dir, vcpu, name, text);

	if (ret)
		return ret;
	if (!isdigit((unsigned char)text[0]))
		return -EINVAL;
	errno = 0;
	*ret_value = strtoull(text, &end, 10);
	return *end || errno ? -EINVAL : 0;
}

int kvm_vm_read(const struct kvm_vm *vm, unsigned int i, struct kvm_scale *ret_scale)
{
	struct kvm_scale s = { .ratio = 1 };
	unsigned int n = vm->vcpu[i].number;
	uint64_t fraction = 0;
	int ret = read_signed(vm->dir, n, "tsc-offset", &s.offset), other;

	if (ret)
		return ret;
	ret = read_unsigned(vm->dir, n, "tsc-scaling-ratio", &s.ratio);
	other = read_unsigned(vm->dir, n, "tsc-scaling-ratio-frac-bits", &fraction);
	/* without scaling in hardware there is neither; one alone tells nothing */
	if (ret == -ENOENT && other == -ENOENT) {
		s.ratio = 1;
		*ret_scale = s;
		return 0;
	}
	if (ret || other)
		return ret && ret != -ENOENT ? ret : other && other != -ENOENT ? other : -EINVAL;
	if (fraction > KVM_FRACTION_MAX)
		return -EINVAL;
	s.fraction = fraction;
	if (!kvm_scale_sane(&s))
		return -EINVAL;
	*ret_scale = s;
	return 0;
}

/* The number behind "vcpu"; -1: another name. */
static int vcpu_number(const char *name)
{
	char *end;
	long n;

	if (strncmp(name, "vcpu", 4) || !isdigit((unsigned char)name[4]))
		return -1;
	errno = 0;
	n = strtol(name + 4, &end, 10);
	return *end || errno || n > INT32_MAX ? -1 : n;
}

static int by_number(const void *a, const void *b)
{
	const struct kvm_vcpu *x = a, *y = b;

	return x->number < y->number ? -1 : x->number > y->number;
}

static int add_vcpu(struct kvm_vm *vm, unsigned int number)
{
	struct kvm_vcpu *more;
	char text[64];

	if (vm->nr >= KVM_VCPUS_MAX)
		return -E2BIG;
	more = reallocarray(vm->vcpu, vm->nr + 1, sizeof(*more));
	if (!more)
		return -ENOMEM;
	vm->vcpu = more;
	more += vm->nr++;
	more->number = number;
	more->tid = -1;
	if (!read_word(vm->dir, number, "pid", text)) {
		char *end;
		long tid = strtol(text, &end, 10);

		if (end != text && !*end && tid > 0 && tid <= INT32_MAX)
			more->tid = tid;
	}
	return 0;
}

/* The vCPUs of the machine in vm->dir. */
static int list_vcpus(struct kvm_vm *vm)
{
	_cleanup_closedir_ DIR *d = opendir(vm->dir);
	struct dirent *entry;
	int ret = d ? 0 : -errno;

	while (!ret && (entry = readdir(d))) {
		int number = vcpu_number(entry->d_name);

		if (number >= 0)
			ret = add_vcpu(vm, number);
	}
	if (!ret && vm->nr)
		qsort(vm->vcpu, vm->nr, sizeof(*vm->vcpu), by_number);
	return ret;
}

/* Whether @name is <pid>-<fd>. */
static bool of_process(const char *name, pid_t pid)
{
	char prefix[32];
	int len = snprintf(prefix, sizeof(prefix), "%d-", pid);

	return !strncmp(name, prefix, len) && isdigit((unsigned char)name[len]);
}

/* Take the machine @name below @dir if it has vCPUs, unless there is one already. */
static int take_machine(const char *dir, const char *name, struct kvm_vm *vm)
{
	struct kvm_vm one = { 0 };
	int ret;

	if (asprintf(&one.dir, "%s/%s", dir, name) < 0)
		return -ENOMEM;
	ret = list_vcpus(&one);
	if (!ret && one.nr && vm->nr)
		ret = -ENOTUNIQ;
	if (ret || !one.nr) {
		kvm_vm_release(&one);
		return ret;
	}
	*vm = one;
	return 0;
}

int kvm_vm_open(const char *dir, pid_t pid, struct kvm_vm *ret_vm)
{
	_cleanup_closedir_ DIR *d = NULL;
	_cleanup_free_ char *found = NULL;
	struct kvm_vm vm = { 0 };
	struct dirent *entry;
	int ret = 0;

	if (pid <= 0)
		return -ENOENT;
	if (!dir) {
		const char *debug = tracefs_debug_dir();

		if (!debug)
			return -ENOENT;
		if (asprintf(&found, "%s/kvm", debug) < 0)
			return -ENOMEM;
		dir = found;
	}
	d = opendir(dir);
	if (!d)
		return -errno;
	while (!ret && (entry = readdir(d)))
		if (of_process(entry->d_name, pid))
			ret = take_machine(dir, entry->d_name, &vm);
	if (!ret && !vm.nr)
		ret = -ENOENT;
	if (ret) {
		kvm_vm_release(&vm);
		return ret;
	}
	*ret_vm = vm;
	return 0;
}

void kvm_vm_release(struct kvm_vm *vm)
{
	free(vm->dir);
	free(vm->vcpu);
	*vm = (struct kvm_vm){ 0 };
}

bool kvm_vm_readable(const char *dir, pid_t pid)
{
	struct kvm_scale scale;
	struct kvm_vm vm = { 0 };
	unsigned int i;
	int ret = kvm_vm_open(dir, pid, &vm);

	for (i = 0; !ret && i < vm.nr; i++)
		ret = kvm_vm_read(&vm, i, &scale);
	kvm_vm_release(&vm);
	return !ret;
}
