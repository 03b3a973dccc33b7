/*
 * session.c - start, wait for, stop and free a session: see tsync.h. Layer 4.
 */
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "tsync/session.h"

/* After all waits were told to end. More than the slowest system call takes. */
#define ABORT_MS 5000
#define THREAD_NICE (-20)

void tsync_conf_init(struct tsync_conf *conf)
{
	*conf = (struct tsync_conf){
		.fd = -1,
		.cid = -1,
		.vm_pid = -1,
		.ptp_flags = TSYNC_PTP_DEFAULT,
	};
}

void session_first_done(struct tsync_session *s)
{
	pthread_mutex_lock(&s->lock);
	s->first_done = true;
	pthread_cond_broadcast(&s->changed);
	pthread_mutex_unlock(&s->lock);
}

/*
 * It sleeps nearly always, but a peer that waits for it to wake up holds up recording; and
 * where each probe counts nobody shall come in between. Who may not has to do without.
 */
static void set_priority(struct tsync_session *s)
{
	struct sched_param one = { .sched_priority = 1 };

	if (setpriority(PRIO_PROCESS, gettid(), THREAD_NICE))
		log_debug("tsync: no priority over others: %s", strerror(errno));
	s->policy = sched_getscheduler(0);
	sched_getparam(0, &s->param);
	if (s->policy >= 0 && s->link.proto->pace && sched_setscheduler(0, SCHED_FIFO, &one))
		log_debug("tsync: no real-time priority: %s", strerror(errno));
}

void session_uses(struct tsync_session *s, const struct tsync_proto *proto)
{
	link_release_proto(&s->link);
	s->link.proto = proto;
	if (s->policy >= 0)
		sched_setscheduler(0, s->policy, &s->param);
	set_priority(s);
	pthread_mutex_lock(&s->lock);
	s->proto = proto;
	if (s->link.err.text[0])
		s->why = s->link.err;
	pthread_mutex_unlock(&s->lock);
}

const struct tsync_proto *tsync_proto_now(struct tsync_session *s, struct err *ret_why)
{
	const struct tsync_proto *proto;

	pthread_mutex_lock(&s->lock);
	proto = s->proto;
	if (ret_why)
		*ret_why = s->why;
	pthread_mutex_unlock(&s->lock);
	return proto;
}

static void signal_event(int fd)
{
	uint64_t one = 1;

	if (write(fd, &one, sizeof(one)) < 0)
		log_debug("tsync: cannot wake the session: %s", strerror(errno));
}

static void *session_thread(void *data)
{
	struct tsync_session *s = data;
	int ret;

	set_priority(s);
	ret = s->link.guest ? guest_loop(s) : host_loop(s);
	/* the peer shall see the end now, not when somebody frees us */
	shutdown(s->link.ch.fd, SHUT_RDWR);
	pthread_mutex_lock(&s->lock);
	s->error = ret;
	s->err = s->link.err;
	if (ret)
		err_set(&s->err, ret, "time synchronisation ended: %s", strerror(-ret));
	s->finished = true;
	pthread_cond_broadcast(&s->changed);
	pthread_mutex_unlock(&s->lock);
	return NULL;
}

/* Have copies of all that @conf refers to. */
static int copy_conf(struct tsync_conf *to, const struct tsync_conf *conf)
{
	*to = *conf;
	to->tracing_dir = conf->tracing_dir ? strdup(conf->tracing_dir) : NULL;
	to->clock = conf->clock ? strdup(conf->clock) : NULL;
	to->debug_dir = conf->debug_dir ? strdup(conf->debug_dir) : NULL;
	to->kvm_dir = conf->kvm_dir ? strdup(conf->kvm_dir) : NULL;
	to->vcpu_tids = NULL;
	if ((conf->tracing_dir && !to->tracing_dir) || (conf->clock && !to->clock) ||
	    (conf->debug_dir && !to->debug_dir) || (conf->kvm_dir && !to->kvm_dir))
		return -ENOMEM;
	if (conf->vcpu_tids && conf->nr_cpus > 0) {
		size_t bytes = conf->nr_cpus * sizeof(pid_t);
		pid_t *tids = malloc(bytes);

		if (!tids)
			return -ENOMEM;
		memcpy(tids, conf->vcpu_tids, bytes);
		to->vcpu_tids = tids;
	}
	return 0;
}

static void release_conf(struct tsync_conf *conf)
{
	free((char *)conf->tracing_dir);
	free((char *)conf->clock);
	free((char *)conf->debug_dir);
	free((char *)conf->kvm_dir);
	free((pid_t *)conf->vcpu_tids);
}

static void init_lock(struct tsync_session *s)
{
	pthread_condattr_t attr;

	pthread_mutex_init(&s->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&s->changed, &attr);
	pthread_condattr_destroy(&attr);
}

/* Whether this session will move threads of others. */
static bool will_pin(const struct tsync_conf *conf)
{
	return conf->per_cpu && conf->vcpu_tids;
}

static int start_thread(struct tsync_session *s)
{
	sigset_t all, old;
	int ret;

	/* signals are the command's business */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	ret = -pthread_create(&s->thread, NULL, session_thread, s);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	s->started = !ret;
	return ret;
}

static int set_up(struct tsync_session *s, const struct tsync_conf *conf, bool guest,
		  struct err *err)
{
	int ret = copy_conf(&s->conf, conf);

	if (ret) {
		close(conf->fd);
		return ret;
	}
	s->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	s->abort_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	ret = link_init(&s->link, &s->conf, guest, conf->fd, s->abort_fd, err);
	if (!ret && (s->wake_fd < 0 || s->abort_fd < 0))
		ret = -EMFILE;
	if (ret)
		return ret;
	s->samples.keep_all = conf->keep_bounds;
	s->proto = s->conf.proto;
	ret = s->proto->prepare(&s->link);
	s->refused = ret == -EOPNOTSUPP && s->conf.fallback[0];
	if (ret && !s->refused)
		return s->link.err.code ? err_set(err, ret, "%s", s->link.err.text) : ret;
	if (!guest && will_pin(&s->conf) && pins_guard_start(&s->pins))
		log_debug("tsync: no guard for the affinities of vCPU threads");
	return 0;
}

static int session_new(const struct tsync_conf *conf, bool guest, struct tsync_session **ret_s,
			 struct err *err)
{
	struct tsync_session *s = calloc(1, sizeof(*s));
	int ret;

	if (!s) {
		close(conf->fd);
		return err_set(err, -ENOMEM, "out of memory");
	}
	s->wake_fd = s->abort_fd = -1;
	s->link.ch.fd = -1;
	pins_init(&s->pins);
	init_lock(s);
	ret = set_up(s, conf, guest, err);
	if (ret) {
		err_set(err, ret, "time synchronisation cannot start: %s", strerror(-ret));
		tsync_free(s);
		return ret;
	}
	*ret_s = s;
	return 0;
}

static int session_start(const struct tsync_conf *conf, bool guest, struct tsync_session **ret_s,
			 struct err *err)
{
	struct tsync_session *s;
	int ret = session_new(conf, guest, &s, err);

	if (ret)
		return ret;
	ret = start_thread(s);
	if (ret) {
		tsync_free(s);
		return err_set(err, ret, "time synchronisation cannot start: %s", strerror(-ret));
	}
	*ret_s = s;
	return 0;
}

int tsync_host_prepare(const struct tsync_conf *conf, struct tsync_session **ret, struct err *err)
{
	return session_new(conf, false, ret, err);
}

int tsync_host_begin(struct tsync_session *s)
{
	return start_thread(s);
}

int tsync_host_start(const struct tsync_conf *conf, struct tsync_session **ret, struct err *err)
{
	return session_start(conf, false, ret, err);
}

int tsync_guest_start(const struct tsync_conf *conf, struct tsync_session **ret, struct err *err)
{
	return session_start(conf, true, ret, err);
}

/* Wait with the lock held until *@flag or the thread's end. 0; -ETIMEDOUT. */
static int wait_for(struct tsync_session *s, const bool *flag, struct deadline d)
{
	struct timespec ts = {
		.tv_sec = d.at_ns / 1000000000,
		.tv_nsec = d.at_ns % 1000000000,
	};

	while (!*flag && !s->finished)
		if (pthread_cond_timedwait(&s->changed, &s->lock, &ts))
			break;
	return *flag || s->finished ? 0 : -ETIMEDOUT;
}

int tsync_host_wait_first(struct tsync_session *s, int timeout_ms, struct err *err)
{
	int ret;

	pthread_mutex_lock(&s->lock);
	ret = wait_for(s, &s->first_done, deadline_in_ms(timeout_ms));
	if (ret) {
		err_set(err, ret, "the first time synchronisation takes too long");
	} else if (!s->first_done) {
		ret = s->error ? s->error : -ECANCELED;
		err_set(err, ret, "%s", s->err.text);
	}
	pthread_mutex_unlock(&s->lock);
	return ret;
}

/* End all waits of the thread at once: those for the peer's bytes and those to send some. */
static void session_abort(struct tsync_session *s)
{
	signal_event(s->abort_fd);
	shutdown(s->link.ch.fd, SHUT_RDWR);
}

/*
 * Wait, with the lock held, for the thread's end, by force after @timeout_ms.
 * 0; -ETIMEDOUT if it took force; why it ended.
 */
static int wait_end(struct tsync_session *s, int timeout_ms, struct err *err)
{
	int ret = wait_for(s, &s->finished, deadline_in_ms(timeout_ms));

	if (!ret)
		return s->error ? err_set(err, s->error, "%s", s->err.text) : 0;
	session_abort(s);
	wait_for(s, &s->finished, deadline_in_ms(ABORT_MS));
	return err_set(err, ret, "the last time synchronisation takes too long");
}

void tsync_host_ask_stop(struct tsync_session *s)
{
	signal_event(s->wake_fd);
}

int tsync_wait_end(struct tsync_session *s, int timeout_ms)
{
	int ret;

	pthread_mutex_lock(&s->lock);
	ret = wait_for(s, &s->finished, deadline_in_ms(timeout_ms));
	pthread_mutex_unlock(&s->lock);
	return ret;
}

int tsync_host_stop(struct tsync_session *s, int timeout_ms, struct tsync_samples *ret_samples,
		    struct err *err)
{
	int ret;

	tsync_host_ask_stop(s);
	pthread_mutex_lock(&s->lock);
	ret = wait_end(s, timeout_ms, err);
	if (s->finished && s->samples.count) {
		*ret_samples = s->samples;
		s->samples = (struct tsync_samples){ 0 };
		ret = 0;
	} else if (!ret) {
		ret = err_set(err, -ENODATA, "no round of the time synchronisation gave an offset");
	}
	pthread_mutex_unlock(&s->lock);
	return ret;
}

int tsync_guest_stop(struct tsync_session *s, int timeout_ms)
{
	int ret;

	pthread_mutex_lock(&s->lock);
	ret = wait_end(s, timeout_ms, NULL);
	pthread_mutex_unlock(&s->lock);
	return ret;
}

void tsync_free(struct tsync_session *s)
{
	if (!s)
		return;
	if (s->started) {
		session_abort(s);
		pthread_join(s->thread, NULL);
	}
	pins_release(&s->pins);
	link_release(&s->link);
	tsync_samples_release(&s->samples);
	free(s->apart);
	fd_close(&s->wake_fd);
	fd_close(&s->abort_fd);
	pthread_cond_destroy(&s->changed);
	pthread_mutex_destroy(&s->lock);
	release_conf(&s->conf);
	free(s);
}
