/*
 * listen-file.c - see listen-file.h. Layer 5.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "out/out.h"
#include "session/files.h"
#include "session/finish.h"
#include "session/listen-file.h"

#define RESERVE_BYTES	(4 << 20)	/* so that a disk that fills up leaves room to finish */
#define NAMES_MAX	1000		/* with the same address */

/* "127.0.0.1:4711", "V3:4711", "fc1" (behind a socket fc1.vsock): the client, as a part of a file's name. */
static int peer_name(const struct net_peer *peer, char *name, size_t size)
{
	struct net_addr a;
	char *at;
	int ret = net_peer_addr(peer, NET_TCP, net_peer_port(peer), &a);

	if (ret)
		return ret;
	if (peer->sa.ss_family == AF_UNIX) {
		const char *slash = strrchr(a.host, '/'), *base = slash ? slash + 1 : a.host;

		snprintf(name, size, "%.*s", (int)strcspn(base + 1, ".") + 1, base);
	} else if (net_peer_cid(peer) >= 0) {
		snprintf(name, size, "V%u:%u", a.cid, a.port);
	} else {
		snprintf(name, size, "%s:%u", a.host, a.port);
	}
	/* the scope of an address is the name of an interface */
	for (at = name; *at; at++) {
		if (*at <= ' ' || *at > '~' || *at == '/')
			*at = '_';
	}
	return 0;
}

/* Take a name that nobody has. 0; -errno described in @err. */
static int take_name(const struct listen_conf *conf, const char *peer, struct note_guest *g,
		     struct err *err)
{
	char number[16] = "";
	int i, fd, error = EEXIST;

	for (i = 1; i <= NAMES_MAX; i++) {
		if (snprintf(g->file, sizeof(g->file), "%s%s%s.%s%s.dat", conf->dir ? conf->dir : "",
			     conf->dir ? "/" : "", conf->base, peer, number) >=
		    (int)sizeof(g->file)) {
			g->file[0] = 0;
			return err_set(err, -ENAMETOOLONG, "the name of its file is too long");
		}
		fd = open(g->file, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
		if (fd >= 0) {
			close(fd);
			return 0;
		}
		error = errno;
		if (error != EEXIST)
			break;
		snprintf(number, sizeof(number), "-%d", i);
	}
	err_set(err, -error, "Can not create file %s", g->file);
	g->file[0] = 0;
	return -error;
}

int listen_file_create(const struct listen_conf *conf, const struct net_peer *peer,
		       struct note_guest *g, int *ret_fd, struct err *err)
{
	char name[300];
	int ret = peer_name(peer, name, sizeof(name));

	if (!ret)
		ret = take_name(conf, name, g, err);
	if (ret)
		return err_set(err, ret, "its address is none");
	snprintf(g->name, sizeof(g->name), "%s", name);
	ret = files_output_create(g->file, false, RESERVE_BYTES, err);
	if (ret < 0)
		return ret;
	*ret_fd = ret;
	return 0;
}

bool listen_disk_is_full(int fd, uint64_t keep_free)
{
	struct statvfs fs;

	return !fstatvfs(fd, &fs) && (uint64_t)fs.f_bavail * fs.f_frsize < keep_free;
}

/* Is the metadata any good? @bare: put behind it what it may lack. 0; -errno described in @err. */
static int check_meta(const struct note_guest *g, bool bare, struct err *err)
{
	_cleanup_close_ int fd = files_output_create(g->file, true, 0, err);
	struct out_file *o = NULL;
	int ret;

	if (fd < 0)
		return fd;
	ret = bare ? out_bare_complete(fd, g->nr_cpus, err) : 0;
	if (!ret)
		ret = out_append(fd, &o, err);
	out_free(o);
	return ret;
}

/* True if any CPU has sent data. */
static bool any_data(const struct plan *p, const struct note_guest *g)
{
	struct stat st;
	int cpu;

	for (cpu = 0; cpu < g->nr_cpus; cpu++) {
		_cleanup_close_ int fd = files_cpu_open(p, g->file, "", cpu);

		if (fd >= 0 && !fstat(fd, &st) && st.st_size)
			return true;
	}
	return false;
}

int listen_file_finish(const struct plan *p, struct note_guest *g, bool bare,
		       struct err *err)
{
	int ret = check_meta(g, bare, err);

	if (!ret)
		return finish_guest(p, g, NULL, NULL, err);
	listen_file_abandon(p, g, err);
	return ret;
}

int listen_file_abandon(const struct plan *p, const struct note_guest *g, struct err *err)
{
	bool keep = g->file[0] && any_data(p, g);

	if (!g->file[0])
		return -EBADMSG;
	files_output_abandon(g->file);
	unlink(g->file);
	if (!keep)
		files_cpu_remove(p, g->file, "", g->nr_cpus);
	err_set(err, -EBADMSG, "its metadata is missing");
	if (keep)
		return err_prefix(err, -EBADMSG, "its data is kept in '%s.cpu*' (see trace-cmd-restore(1))",
				  g->file);
	return err_prefix(err, -EBADMSG, "there is no file");
}
