/*
 * rigtool - the one helper binary of the rig; linked statically, the same
 * file runs on the developer's machine, in L1 and in L2.
 *
 *   rigtool serve PORT              run shell commands sent over vsock
 *   rigtool exec CID PORT CMD...    send one, with stdin; exit with its status
 *   rigtool echo PORT               echo server for "ping"
 *   rigtool ping CID PORT COUNT     one-byte round trips; prints nanoseconds
 *   rigtool mark COUNT USLEEP [DIR] write "rig N tsc=T" to DIR/trace_marker
 *   rigtool clocks COUNT USLEEP     print "mono TSC NS WIDTH raw TSC NS WIDTH"
 *   rigtool tsc TICKS               move the TSC of all CPUs on (a guest's, its own)
 *
 * Wire format of exec: the client sends a 4-byte length and the command, then
 * its stdin until EOF (shutdown); the server answers with frames of one type
 * byte ('o' stdout, 'e' stderr, 'x' exit status), a 4-byte length, the data.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <linux/vm_sockets.h>
#include <x86intrin.h>

static void die(const char *what)
{
	fprintf(stderr, "rigtool: %s: %s\n", what, strerror(errno));
	exit(125);
}

static uint64_t tsc(void)
{
	uint64_t t;

	_mm_lfence();
	t = __rdtsc();
	_mm_lfence();
	return t;
}

static uint64_t now(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

static int writen(int fd, const void *buf, size_t n)
{
	const char *p = buf;

	while (n) {
		ssize_t r = write(fd, p, n);

		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0)
			return -1;
		p += r;
		n -= r;
	}
	return 0;
}

static int readn(int fd, void *buf, size_t n)
{
	char *p = buf;

	while (n) {
		ssize_t r = read(fd, p, n);

		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0)
			return -1;
		p += r;
		n -= r;
	}
	return 0;
}

static int vsock_listen(unsigned int port)
{
	struct sockaddr_vm a = {
		.svm_family = AF_VSOCK, .svm_cid = VMADDR_CID_ANY, .svm_port = port,
	};
	int s = socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (s < 0 || bind(s, (void *)&a, sizeof(a)) || listen(s, 64))
		die("vsock listen");
	return s;
}

static int vsock_connect(unsigned int cid, unsigned int port)
{
	struct sockaddr_vm a = {
		.svm_family = AF_VSOCK, .svm_cid = cid, .svm_port = port,
	};
	int s = socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (s < 0 || connect(s, (void *)&a, sizeof(a)))
		die("vsock connect");
	return s;
}

static int frame(int s, char type, const void *buf, uint32_t n)
{
	char head[5] = { type };

	memcpy(head + 1, &n, 4);
	return writen(s, head, 5) || writen(s, buf, n) ? -1 : 0;
}

/*
 * Send what the command writes to its pipes, until it has ended and they are
 * drained. A daemon it left behind may keep them open: so not until end of file.
 */
static int pump(int s, int out, int err, pid_t pid)
{
	struct pollfd pfd[2] = {
		{ .fd = out, .events = POLLIN },
		{ .fd = err, .events = POLLIN },
	};
	int status = 0, ended = 0;
	char buf[32768];

	for (;;) {
		int ready, i;

		if (!ended && waitpid(pid, &status, WNOHANG) == pid)
			ended = 1;
		ready = poll(pfd, 2, ended ? 0 : 20);
		if (ended && ready <= 0)
			return status;
		for (i = 0; i < 2; i++) {
			ssize_t r;

			if (!pfd[i].revents)
				continue;
			r = read(pfd[i].fd, buf, sizeof(buf));
			if (r <= 0)
				pfd[i].fd = -1;
			else if (frame(s, i ? 'e' : 'o', buf, r))
				exit(1);
		}
	}
}

/* One command: its stdin is the socket itself, stdout and stderr are pipes. */
static void serve_one(int s)
{
	int out[2], err[2], status;
	char *cmd;
	uint32_t n;
	pid_t pid;

	if (readn(s, &n, 4) || n > 1 << 20)
		exit(1);
	cmd = calloc(1, n + 1);
	if (!cmd || readn(s, cmd, n))
		exit(1);
	if (pipe2(out, O_CLOEXEC) || pipe2(err, O_CLOEXEC))
		die("pipe");
	pid = fork();
	if (pid < 0)
		die("fork");
	if (!pid) {
		dup2(s, 0);
		dup2(out[1], 1);
		dup2(err[1], 2);
		signal(SIGPIPE, SIG_DFL);
		execl("/bin/sh", "sh", "-c", cmd, NULL);
		die("exec");
	}
	close(out[1]);
	close(err[1]);
	status = pump(s, out[0], err[0], pid);
	n = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	frame(s, 'x', &n, 4);
	exit(0);
}

static int serve(unsigned int port, int echo)
{
	int l = vsock_listen(port);

	signal(SIGCHLD, SIG_IGN);
	for (;;) {
		int s = accept4(l, NULL, NULL, SOCK_CLOEXEC);

		if (s < 0)
			continue;
		if (!fork()) {
			char c;

			signal(SIGCHLD, SIG_DFL);
			if (!echo)
				serve_one(s);
			while (read(s, &c, 1) == 1 && write(s, &c, 1) == 1)
				;
			exit(0);
		}
		close(s);
	}
}

static int exec_remote(unsigned int cid, unsigned int port, char **argv)
{
	char cmd[65536] = "", buf[32768];
	struct pollfd pfd[2];
	size_t len = 0;
	uint32_t n;
	int s;

	for (; *argv; argv++) {
		len += snprintf(cmd + len, sizeof(cmd) - len, "%s%s", *argv, argv[1] ? " " : "");
		if (len >= sizeof(cmd))
			return 125;
	}
	s = vsock_connect(cid, port);
	n = len;
	if (writen(s, &n, 4) || writen(s, cmd, n))
		die("send");
	pfd[0] = (struct pollfd){ .fd = s, .events = POLLIN };
	pfd[1] = (struct pollfd){ .fd = 0, .events = POLLIN };
	for (;;) {
		if (poll(pfd, 2, -1) < 0)
			die("poll");
		if (pfd[1].revents) {
			ssize_t r = read(0, buf, sizeof(buf));

			if (r <= 0 || writen(s, buf, r)) {
				shutdown(s, SHUT_WR);
				pfd[1].fd = -1;
			}
		}
		if (pfd[0].revents) {
			char head[5];

			if (readn(s, head, 5))
				die("guest went away");
			memcpy(&n, head + 1, 4);
			if (head[0] == 'x')
				return readn(s, &n, 4) ? 125 : (int)n;
			while (n) {
				uint32_t part = n < sizeof(buf) ? n : sizeof(buf);

				if (readn(s, buf, part))
					die("guest went away");
				writen(head[0] == 'e' ? 2 : 1, buf, part);
				n -= part;
			}
		}
	}
}

static int cmp64(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static int ping(unsigned int cid, unsigned int port, int count)
{
	uint64_t *rtt = calloc(count, sizeof(*rtt));
	int s = vsock_connect(cid, port), i;
	char c = 'x';

	for (i = 0; i < count; i++) {
		uint64_t t = now(CLOCK_MONOTONIC_RAW);

		if (write(s, &c, 1) != 1 || read(s, &c, 1) != 1)
			die("ping");
		rtt[i] = now(CLOCK_MONOTONIC_RAW) - t;
	}
	qsort(rtt, count, sizeof(*rtt), cmp64);
	printf("n=%d min=%lu p10=%lu p50=%lu p90=%lu p99=%lu max=%lu\n", count,
	       rtt[0], rtt[count / 10], rtt[count / 2], rtt[count * 9 / 10],
	       rtt[count * 99 / 100], rtt[count - 1]);
	return 0;
}

/*
 * The payload holds the TSC read just before the write, so that an event's
 * timestamp, in whatever trace clock, can be held against the TSC later.
 */
static int mark(int count, int us, const char *dir)
{
	char path[4096], buf[64];
	int fd, i;

	snprintf(path, sizeof(path), "%s/trace_marker", dir);
	fd = open(path, O_WRONLY);
	if (fd < 0)
		die(path);
	for (i = 0; i < count; i++) {
		int n = snprintf(buf, sizeof(buf), "rig %d tsc=%lu", i, tsc());

		/* it fails when nothing is traced at the moment: no matter */
		if (write(fd, buf, n) < 0)
			errno = 0;
		usleep(us);
	}
	return 0;
}

/* Of several tries, the one whose two TSC reads lie closest together. */
static int clocks(int count, int us)
{
	int i, j, k;

	for (i = 0; i < count; i++) {
		uint64_t best[3] = { 0 }, width[2] = { -1ULL, -1ULL }, val[2] = { 0 };
		static const clockid_t id[2] = { CLOCK_MONOTONIC, CLOCK_MONOTONIC_RAW };

		for (j = 0; j < 20; j++) {
			for (k = 0; k < 2; k++) {
				uint64_t a = tsc(), v = now(id[k]), b = tsc();

				if (b - a < width[k]) {
					width[k] = b - a;
					best[k] = a + (b - a) / 2;
					val[k] = v;
				}
			}
		}
		printf("mono %lu %lu %lu raw %lu %lu %lu\n", best[0], val[0], width[0],
		       best[1], val[1], width[1]);
		fflush(stdout);
		usleep(us);
	}
	return 0;
}

/* By IA32_TSC_ADJUST, so that all CPUs move alike; and soon after each other. */
static int move_tsc(unsigned int ticks)
{
	char path[64];
	uint64_t v[64];
	int i, n, fd[64];

	for (n = 0; n < 64; n++) {
		snprintf(path, sizeof(path), "/dev/cpu/%d/msr", n);
		fd[n] = open(path, O_RDWR);
		if (fd[n] < 0 && n)
			break;
		if (fd[n] < 0 || pread(fd[n], &v[n], 8, 0x3b) != 8)
			die(path);
		v[n] += ticks;
	}
	for (i = 0; i < n; i++)
		if (pwrite(fd[i], &v[i], 8, 0x3b) != 8)
			die("IA32_TSC_ADJUST");
	return 0;
}

static unsigned int number(const char *arg)
{
	unsigned long n;
	char *end;

	errno = 0;
	n = strtoul(arg, &end, 10);
	if (errno || *end || end == arg || n > UINT32_MAX) {
		errno = errno ? errno : EINVAL;
		die(arg);
	}
	return n;
}

int main(int argc, char **argv)
{
	const char *c = argc > 1 ? argv[1] : "";

	signal(SIGPIPE, SIG_IGN);
	if (!strcmp(c, "serve") && argc == 3)
		return serve(number(argv[2]), 0);
	if (!strcmp(c, "echo") && argc == 3)
		return serve(number(argv[2]), 1);
	if (!strcmp(c, "exec") && argc > 4)
		return exec_remote(number(argv[2]), number(argv[3]), argv + 4);
	if (!strcmp(c, "ping") && argc == 5)
		return ping(number(argv[2]), number(argv[3]), number(argv[4]));
	if (!strcmp(c, "mark") && argc >= 4)
		return mark(number(argv[2]), number(argv[3]), argc > 4 ? argv[4] : "/sys/kernel/tracing");
	if (!strcmp(c, "clocks") && argc == 4)
		return clocks(number(argv[2]), number(argv[3]));
	if (!strcmp(c, "tsc") && argc == 3)
		return move_tsc(number(argv[2]));
	fprintf(stderr, "usage: rigtool serve|exec|echo|ping|mark|clocks|tsc ...\n");
	return 125;
}
