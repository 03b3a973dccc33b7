/*
 * sandbox.c - see sandbox.h. Layer 0.
 *
 * The caller may have threads: between fork() and the end nothing is called that takes a lock.
 */
#include <errno.h>
#include <grp.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/reap.h"
#include "base/sandbox.h"

#define TIMEOUT_MS	30000
#define CPU_S		20	/* of the processor */
#define DESCRIPTORS_MAX	65536	/* closed one by one where the kernel has no close_range() */
#define NOBODY		65534
#define FAILED		70	/* exit status: it could not be shut in */

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif

#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#elif defined(__i386__)
#define ARCH AUDIT_ARCH_I386
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
#elif defined(__arm__)
#define ARCH AUDIT_ARCH_ARM
#elif defined(__powerpc64__) && defined(__LITTLE_ENDIAN__)
#define ARCH AUDIT_ARCH_PPC64LE
#elif defined(__s390x__)
#define ARCH AUDIT_ARCH_S390X
#elif defined(__riscv) && __riscv_xlen == 64
#define ARCH AUDIT_ARCH_RISCV64
#endif

#ifdef ARCH

#ifndef SECCOMP_RET_KILL_PROCESS
#define SECCOMP_RET_KILL_PROCESS 0x80000000U
#endif

#define LOAD(what)	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, what))
#define RETURN(what)	BPF_STMT(BPF_RET | BPF_K, what)
/* if the loaded word is @value, do the next; else what is behind it */
#define IF(value)	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1)
#define ALLOW(call)	IF(call), RETURN(SECCOMP_RET_ALLOW)
#define DENY(call)	IF(call), RETURN(SECCOMP_RET_KILL_PROCESS)

static const struct sock_filter filter[] = {
	LOAD(arch),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCH, 1, 0),
	RETURN(SECCOMP_RET_KILL_PROCESS),
	LOAD(nr),
#ifndef SANITIZED
	ALLOW(__NR_exit_group),
	ALLOW(__NR_exit),
	ALLOW(__NR_rt_sigreturn),
	RETURN(SECCOMP_RET_KILL_PROCESS),
#else
	/* sanitizers map memory and complain by themselves: only what would reach others is kept from it */
#ifdef __NR_open
	DENY(__NR_open),
#endif
	DENY(__NR_openat),
	DENY(__NR_socket),
	DENY(__NR_connect),
	DENY(__NR_execve),
	DENY(__NR_kill),
	DENY(__NR_ptrace),
	RETURN(SECCOMP_RET_ALLOW),
#endif
};

static int forbid_calls(void)
{
	const struct sock_fprog prog = {
		.len = ARRAY_SIZE(filter), .filter = (struct sock_filter *)filter,
	};

	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog, 0, 0) ? -errno : 0;
}

bool sandbox_is_tight(void)
{
	/* without a filter to look at: EFAULT where filters are known, EINVAL where not */
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, NULL, 0, 0) == -1 && errno == EFAULT;
}

#else

static int forbid_calls(void)
{
	return -EINVAL;
}

bool sandbox_is_tight(void)
{
	return false;
}

#endif

static void close_all(void)
{
	int fd;

#ifdef SYS_close_range
	if (!syscall(SYS_close_range, 0, ~0U, 0))
		return;
#endif
	for (fd = 0; fd < DESCRIPTORS_MAX; fd++)
		close(fd);
}

/* Neither files nor processes nor more memory, and not for ever. */
static void limit(void)
{
	static const struct { int what; rlim_t most; } limits[] = {
		{ RLIMIT_CORE, 0 }, { RLIMIT_FSIZE, 0 }, { RLIMIT_NOFILE, 0 }, { RLIMIT_NPROC, 0 },
		{ RLIMIT_CPU, CPU_S },
#ifndef SANITIZED
		{ RLIMIT_DATA, 0 },
#endif
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(limits); i++) {
		const struct rlimit r = { limits[i].most, limits[i].most };

		setrlimit(limits[i].what, &r);
	}
}

/* Become nobody, who can do nothing. 0; -errno. */
static int drop_privileges(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = { 0 };

	/* in a namespace that knows no nobody we stay who we are: without capabilities */
	if (!geteuid() && !setgroups(0, NULL) && !setresgid(NOBODY, NOBODY, NOBODY) &&
	    setresuid(NOBODY, NOBODY, NOBODY) && errno != EINVAL)
		return -errno;
	if (syscall(SYS_capset, &head, none))
		return -errno;
	/* nobody else's processes may look into it either */
	return prctl(PR_SET_DUMPABLE, 0) || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ? -errno : 0;
}

/* The process itself. */
static void run_inside(sandbox_fn fn, const void *arg, void *result, bool tight)
{
	close_all();
	limit();
	if (drop_privileges() || (tight && forbid_calls()))
		_exit(FAILED);
	fn(arg, result);
	_exit(0);
}

/* Wait for @pid, which is ended after TIMEOUT_MS. 0; -ETIMEDOUT; -errno. */
static int wait_inside(pid_t pid, int *ret_status)
{
	int ret = reap_within(pid, ret_status, TIMEOUT_MS);

	if (ret == -ETIMEDOUT)
		reap_killed(pid, ret_status);
	return ret;
}

int sandbox_run(sandbox_fn fn, const void *arg, void *result, size_t size, struct err *err)
{
	void *shared = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	bool tight = sandbox_is_tight();
	int status = 0, ret;
	pid_t pid;

	if (shared == MAP_FAILED)
		return err_set(err, -ENOMEM, "out of memory");
	pid = fork();
	if (!pid)
		run_inside(fn, arg, shared, tight);
	ret = pid < 0 ? -errno : wait_inside(pid, &status);
	if (!ret && !WIFEXITED(status))
		ret = err_set(err, -ECHILD, "the process that was to read it was ended by signal %d",
			      WTERMSIG(status));
	else if (!ret && WEXITSTATUS(status))
		ret = err_set(err, -ECHILD, WEXITSTATUS(status) == FAILED ?
			      "no process without privileges could be made to read it" :
			      "the process that was to read it failed");
	else if (ret)
		err_set(err, ret, "cannot have it read by a process without privileges: %s",
			strerror(-ret));
	if (!ret)
		memcpy(result, shared, size);
	munmap(shared, size);
	return ret;
}
