/*
 * plot.c - see plot.h. Layer 5.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "clocks/plot.h"
#include "clocks/show.h"

#define SCRIPT "tsync_plot.py"

/* Seen from the program: where it is installed, and where it isn't. 0; -ENOENT. */
static int find_script(char *ret, size_t size)
{
	static const char *const places[] = { "../share/trace-cmd", "../scripts/debug" };
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *slash;
	size_t i;

	if (n <= 0)
		return -ENOENT;
	self[n] = '\0';
	slash = strrchr(self, '/');
	if (slash)
		*slash = '\0';
	for (i = 0; i < ARRAY_SIZE(places); i++)
		if (snprintf(ret, size, "%s/%s/" SCRIPT, self, places[i]) < (int)size &&
		    !access(ret, R_OK))
			return 0;
	return -ENOENT;
}

/* Python with the script, that reads from @in. Its pid; -errno. */
static pid_t start(const char *script, const char *path, int in)
{
	pid_t pid = fork();

	if (pid)
		return pid < 0 ? -errno : pid;
	if (dup2(in, STDIN_FILENO) < 0)
		_exit(127);
	/* the system's, which has what its packages bring; else whichever there is */
	execl("/usr/bin/python3", "python3", script, "-o", path, (char *)NULL);
	execlp("python3", "python3", script, "-o", path, (char *)NULL);
	_exit(127);
}

/* 0; -ECHILD if it did not work, after it has said why. */
static int finish(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
		return -ENOENT;
	return WIFEXITED(status) && !WEXITSTATUS(status) ? 0 : -ECHILD;
}

static bool is_picture(const char *path)
{
	const char *dot = strrchr(path, '.');

	return dot && (!strcmp(dot, ".png") || !strcmp(dot, ".svg"));
}

/* Hand everything over, with nothing of ours in the script's way. 0; -errno. */
static int feed(const char *script, const char *path, const struct guest *guests,
		unsigned int nr_guests, const struct host *h)
{
	_cleanup_fclose_ FILE *data = tmpfile();
	pid_t pid;

	if (!data)
		return -errno;
	show_json(data, guests, nr_guests, h, true);
	if (fflush(data) || ferror(data))
		return errno ? -errno : -EIO;
	rewind(data);
	pid = start(script, path, fileno(data));
	return pid < 0 ? (int)pid : finish(pid);
}

int plot_guests(const char *path, const struct guest *guests, unsigned int nr_guests,
		const struct host *h, struct err *err)
{
	char script[PATH_MAX];
	int ret;

	if (!is_picture(path))
		return err_set(err, -EINVAL, "--plot: '%s' is neither a .png nor a .svg file", path);
	if (find_script(script, sizeof(script)))
		return err_set(err, -ENOENT, "--plot: %s is missing: it belongs to ../share/trace-cmd, seen from the program",
			       SCRIPT);
	ret = feed(script, path, guests, nr_guests, h);
	if (ret == -ENOENT)
		return err_set(err, ret, "--plot: needs python3 and matplotlib (Debian: apt-get install python3-matplotlib)");
	if (!ret)
		return 0;
	err_set(err, ret == -ECHILD ? 0 : ret, "--plot: no picture in '%s'", path);
	return ret;
}
