/*
 * leftover.c - see leftover.h. Layer 3.
 *
 * A lock tells better than a pid whether the writer lives: it goes with the last process
 * that has the file open, and no other process can be mistaken for it.
 *
 * Of sessions that share an instance each has found what the one before had set. So what one notes is put back only
 * when no younger one is left there; what an older one has to leave lies in a file like those of dead sessions, which
 * are treated alike: the latest first, as far as nobody is in the way.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/log.h"
#include "setup/journal.h"
#include "setup/leftover.h"
#include "setup/place.h"

#define SUFFIX ".journal"
#define NAME_BYTES 64
#define HIDDEN_BYTES 32
#define RESTORE_MS 30000	/* how long somebody else may take to put tracing back */
#define LOOK_MS 20

static char *dir_name(void)
{
	char *name;

	if (!geteuid())
		return strdup("/run/trace-cmd");
	return asprintf(&name, "/tmp/trace-cmd-%u", geteuid()) < 0 ? NULL : name;
}

/* The directory, if nobody but us can write there: journals say what to write, as root. fd; -errno. */
static int open_dir(const char *name)
{
	_cleanup_close_ int fd = open(name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st))
		return -errno;
	return st.st_uid == geteuid() && !(st.st_mode & 022) ? take_fd(fd) : -EPERM;
}

/* The directory of all journals. fd; -errno. */
static int open_journals(void)
{
	_cleanup_free_ char *name = dir_name();

	return name ? open_dir(name) : -ENOMEM;
}

/* A new file in @dir, by a name that is no journal's yet, @hidden. fd; -errno. */
static int new_hidden(int dir, char hidden[HIDDEN_BYTES])
{
	int fd;

	snprintf(hidden, HIDDEN_BYTES, ".%d", getpid());
	unlinkat(dir, hidden, 0);	/* of a dead one that had our pid */
	fd = openat(dir, hidden, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	return fd < 0 ? -errno : fd;
}

/* What a dead one had to leave that had our pid, and that others keep from being put back yet, keeps its file. */
static void move_aside(int dir, const char *path)
{
	char name[NAME_BYTES];
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	snprintf(name, sizeof(name), "%d-%lld%09ld" SUFFIX, getpid(), (long long)now.tv_sec, now.tv_nsec);
	renameat(AT_FDCWD, path, dir, name);
}

/* A new file in @dir that is locked before it can be found under the name @path. fd; -errno. */
static int make_file(int dir, const char *path)
{
	char hidden[HIDDEN_BYTES];
	_cleanup_close_ int fd = new_hidden(dir, hidden);

	if (fd < 0)
		return fd;
	move_aside(dir, path);
	if (flock(fd, LOCK_EX | LOCK_NB) || renameat(dir, hidden, AT_FDCWD, path)) {
		int ret = -errno;

		unlinkat(dir, hidden, 0);
		return ret;
	}
	return take_fd(fd);
}

int leftover_begin(char **ret_path)
{
	_cleanup_free_ char *name = dir_name();
	_cleanup_free_ char *path = NULL;
	_cleanup_close_ int dir = -1;
	int fd;

	if (!name || asprintf(&path, "%s/%d" SUFFIX, name, getpid()) < 0) {
		path = NULL;
		return -ENOMEM;
	}
	if (mkdir(name, 0700) && errno != EEXIST)
		return -errno;
	dir = open_dir(name);
	if (dir < 0)
		return dir;
	fd = make_file(dir, path);
	if (fd >= 0)
		*ret_path = take_ptr(path);
	return fd;
}

void leftover_end(int fd, const char *path)
{
	if (fd < 0)
		return;
	unlink(path);
	close(fd);
}

/* Only one at a time puts back: lock the directory @fd. 0; -ETIMEDOUT. */
static int lock_dir(int fd)
{
	struct deadline d = deadline_in_ms(RESTORE_MS);

	while (flock(fd, LOCK_EX | LOCK_NB) && (errno == EWOULDBLOCK || errno == EINTR)) {
		if (deadline_passed(d))
			return -ETIMEDOUT;
		poll(NULL, 0, LOOK_MS);
	}
	return 0;
}

/* --- all there are */

/* A session: its file, or the one that asks, of which there is only the journal. */
struct found {
	char name[NAME_BYTES];	/* "": the one that asks */
	struct journal *journal;
	uint64_t begun;		/* ns since 1970 */
	int fd;			/* holds the lock of a dead one's file, else -1 */
	bool living;
	bool empty;
};

struct pile {
	struct found *found;	/* the latest first */
	int nr, alloc;
};

static void pile_release(struct pile *p)
{
	for (int i = 0; i < p->nr; i++) {
		fd_close(&p->found[i].fd);
		if (p->found[i].name[0])
			journal_free(p->found[i].journal);
	}
	free(p->found);
	*p = (struct pile){ 0 };
}

static int pile_add(struct pile *p, const struct found *f)
{
	if (p->nr == p->alloc) {
		int alloc = p->alloc ? p->alloc * 2 : 8;
		struct found *grown = reallocarray(p->found, alloc, sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		p->found = grown;
		p->alloc = alloc;
	}
	p->found[p->nr++] = *f;
	return 0;
}

/* When was the file @fd made? Where that can't be told, when it was read last: nobody does before it is put back. */
static uint64_t birth_of(int fd)
{
	struct statx st = { 0 };
	const struct statx_timestamp *t;

	statx(fd, "", AT_EMPTY_PATH, STATX_BTIME | STATX_ATIME, &st);
	t = st.stx_mask & STATX_BTIME ? &st.stx_btime : &st.stx_atime;
	return t->tv_sec * 1000000000ull + t->tv_nsec;
}

static int by_begun_latest_first(const void *a, const void *b)
{
	uint64_t x = ((const struct found *)a)->begun, y = ((const struct found *)b)->begun;

	return (x < y) - (x > y);
}

/* "PID.journal", "PID-NUMBER.journal" */
static bool is_journal_name(const char *name)
{
	size_t len = strlen(name), end = strlen(SUFFIX);

	return name[0] >= '0' && name[0] <= '9' && len > end && len < NAME_BYTES &&
	       !strcmp(name + len - end, SUFFIX);
}

/* Take the file @name in @dir, unless it is @own. 0; -ENOMEM. */
static int pile_take(struct pile *p, int dir, const char *name, const struct stat *own, bool look)
{
	_cleanup_close_ int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct found f = { .fd = -1 };
	bool finished;
	struct stat st;
	int ret;

	if (fd < 0 || fstat(fd, &st) || !S_ISREG(st.st_mode) || st.st_uid != geteuid() ||
	    (st.st_ino == own->st_ino && st.st_dev == own->st_dev))
		return 0;
	f.living = look || flock(fd, LOCK_EX | LOCK_NB);
	/* one that was removed meanwhile has been taken care of */
	if (fstat(fd, &st) || !st.st_nlink)
		return 0;
	f.begun = birth_of(fd);
	f.empty = !st.st_size;
	if (journal_receive(fd, &f.journal, &finished))
		return -ENOMEM;
	if (journal_begun(f.journal))
		f.begun = journal_begun(f.journal);
	snprintf(f.name, sizeof(f.name), "%s", name);
	ret = f.living && finished ? -ENODATA : pile_add(p, &f);
	if (ret)
		journal_free(f.journal);
	else if (!f.living)
		p->found[p->nr - 1].fd = take_fd(fd);
	return ret == -ENODATA ? 0 : ret;
}

/*
 * All journals in @dir_fd but the one that is open as @own_fd. @look: nobody's lock is touched, and all
 * seem to live. 0; -errno.
 */
static int pile_read(struct pile *p, int dir_fd, int own_fd, bool look)
{
	/* its own position, unlike dup() */
	int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), ret = 0;
	_cleanup_closedir_ DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct stat own = { 0 };
	struct dirent *d;

	if (!dir) {
		fd_close(&fd);
		return -errno;
	}
	if (own_fd >= 0 && fstat(own_fd, &own))
		return -errno;
	while (!ret && (d = readdir(dir)))
		if (is_journal_name(d->d_name))
			ret = pile_take(p, dir_fd, d->d_name, &own, look);
	return ret;
}

/* All in @dir and @mine, unless that is NULL, the latest first. 0; -errno. */
static int pile_all(struct pile *p, int dir, struct journal *mine, int own_fd)
{
	struct found f = { .journal = mine, .fd = -1 };
	int ret = pile_read(p, dir, own_fd, false);

	if (!ret && mine) {
		f.begun = journal_begun(mine) ? journal_begun(mine) : birth_of(own_fd);
		ret = pile_add(p, &f);
	}
	if (p->nr)
		qsort(p->found, p->nr, sizeof(*p->found), by_begun_latest_first);
	return ret;
}

/* Are they only of the living? */
static bool all_live(const struct pile *p)
{
	for (int i = 0; i < p->nr; i++)
		if (!p->found[i].living)
			return false;
	return true;
}

/* --- putting back */

/* What @f holds is for later: into a file for that. 0; -errno. */
static int leave_rest(int dir, const struct found *f)
{
	char hidden[HIDDEN_BYTES], name[NAME_BYTES];
	_cleanup_close_ int fd = new_hidden(dir, hidden);
	int ret;

	if (fd < 0)
		return fd;
	/* not the file of this process, which goes with it */
	if (f->name[0])
		snprintf(name, sizeof(name), "%s", f->name);
	else
		snprintf(name, sizeof(name), "%d-%llu" SUFFIX, getpid(), (unsigned long long)f->begun);
	ret = journal_leave(f->journal, f->begun, fd);
	if (!ret && renameat(dir, hidden, dir, name))
		ret = -errno;
	if (ret)
		unlinkat(dir, hidden, 0);
	return ret;
}

/* Put back @f but for what is in @busy. True if there was something of a killed one, @ret_killed. */
static bool put_back(int dir, struct found *f, struct places *busy, struct killed *ret_killed)
{
	bool told = f->name[0] && !f->empty && !journal_waits(f->journal) &&
		    !journal_is_finished(f->journal);
	bool rest = !journal_is_finished(f->journal) && journal_hold(f->journal, busy);
	int ret = rest ? leave_rest(dir, f) : 0;

	if (told)
		*ret_killed = (struct killed){ .pid = strtol(f->name, NULL, 10), .waits = rest };
	if (ret) {
		log_debug("no file for what has to stay: %s", strerror(-ret));
		/* a file that is there may stay as it is */
		if (f->name[0])
			return false;
		journal_hold(f->journal, &(struct places){ 0 });
	}
	if (journal_restore(f->journal))
		log_debug("%s: not all could be put back", f->name);
	if (!rest && f->name[0])
		unlinkat(dir, f->name, 0);
	return told;
}

/* Whoever sets something up where these have to be put back waits: lock the places of all that don't live. */
static void lock_dead(const struct pile *p, struct places *turns)
{
	for (int i = 0; i < p->nr; i++)
		if (!p->found[i].living)
			journal_places(p->found[i].journal, turns);
	/* if one takes too long for that, better in a wrong order than not at all */
	places_lock(turns, NULL);
}

/* Is all of @f in @turns? */
static bool is_our_turn(const struct found *f, const struct places *turns)
{
	struct places own = { 0 }, common = { 0 };
	bool all = !journal_places(f->journal, &own) && !places_common(&common, &own, turns) &&
		   common.nr == own.nr;

	places_release(&own);
	places_release(&common);
	return all;
}

/*
 * Put back what those have left that don't live, and @mine, unless that is NULL, the latest first: who began while
 * another one recorded has noted what that one had set. @dir is locked. Of how many that were killed; -errno: of none.
 */
static int put_back_all(int dir, struct journal *mine, int own_fd, struct killed *ret_killed)
{
	struct places turns = { 0 }, busy = { 0 };
	struct pile p = { 0 };
	int ret = pile_all(&p, dir, mine, own_fd), count = 0;

	if (!ret && !all_live(&p)) {
		/* who had been at it before is seen then */
		lock_dead(&p, &turns);
		pile_release(&p);
		ret = pile_all(&p, dir, mine, own_fd);
		for (int i = 0; !ret && i < p.nr; i++) {
			struct found *f = &p.found[i];
			bool over = journal_is_finished(f->journal);

			if (!f->living && is_our_turn(f, &turns) && put_back(dir, f, &busy, ret_killed))
				count++;
			/* what is left of it is in the way of those before it, but not what one had done that was killed then */
			if (!over)
				ret = journal_places(f->journal, &busy);
		}
	}
	pile_release(&p);
	places_release(&turns);
	places_release(&busy);
	return count ? count : ret;
}

int leftover_restore(struct killed *ret_killed, struct err *err)
{
	_cleanup_free_ char *name = dir_name();
	_cleanup_close_ int dir = name ? open_dir(name) : -ENOMEM;
	int ret;

	if (dir < 0)
		return 0;
	if (lock_dir(dir))
		return err_set(err, -ETIMEDOUT,
			       "another trace-cmd is putting back what a killed recording has left, and does not end\n"
			       "It holds a lock of %s", name);
	ret = put_back_all(dir, NULL, -1, ret_killed);
	return ret < 0 ? 0 : ret;
}

/* --- sessions that end */

/* What of @own sessions have that began behind @since, too. 0; -errno. */
static int find_shared(int dir, int own_fd, const struct places *own, uint64_t since,
		       struct places *ret)
{
	struct pile p = { 0 };
	int error = pile_read(&p, dir, own_fd, true);

	for (int i = 0; !error && i < p.nr; i++) {
		struct places theirs = { 0 };

		if (p.found[i].begun <= since)
			continue;
		error = journal_places(p.found[i].journal, &theirs);
		if (!error)
			error = places_common(ret, own, &theirs);
		places_release(&theirs);
	}
	pile_release(&p);
	return error;
}

void leftover_shared(const struct places *own, uint64_t since, int fd, struct places *ret)
{
	_cleanup_close_ int dir = fd >= 0 ? open_journals() : -1;

	if (dir >= 0 && own->nr)
		find_shared(dir, fd, own, since, ret);
}

uint64_t leftover_latest(int fd)
{
	_cleanup_close_ int dir = fd >= 0 ? open_journals() : -1;
	struct pile p = { 0 };
	uint64_t latest = 0;

	if (dir >= 0)
		pile_read(&p, dir, fd, true);
	for (int i = 0; i < p.nr; i++)
		latest = p.found[i].begun > latest ? p.found[i].begun : latest;
	pile_release(&p);
	return latest;
}

/* Nobody has to do with what is in @j, and it is put back. Else false. */
static bool settle_alone(int dir, struct journal *j, int fd)
{
	struct places own = { 0 }, shared = { 0 };
	bool alone;

	if (!journal_all_places(j, &own))
		places_lock(&own, NULL);
	alone = dir < 0 || !own.nr || (!find_shared(dir, fd, &own, 0, &shared) && !shared.nr);
	if (alone)
		journal_restore(j);
	places_release(&own);
	places_release(&shared);
	return alone;
}

void leftover_settle(struct journal *j, int fd)
{
	_cleanup_close_ int dir = fd >= 0 ? open_journals() : -1;
	struct killed killed;

	if (journal_is_finished(j) || settle_alone(dir, j, fd))
		return;
	if (lock_dir(dir) == 0)
		put_back_all(dir, j, fd, &killed);
	/* if that was impossible */
	journal_restore(j);
}
