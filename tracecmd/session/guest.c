/*
 * guest.c - see guest.h: the metadata, the watch over the agent while recording, its end. Layer 5.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "session/files.h"
#include "session/finish.h"
#include "session/guest.h"

/* Deadlines, ms; the protocol has no keep-alive, so each wait has its own. */
#define META_FIRST_MS		30000	/* it reads the kernel's symbols meanwhile */
#define META_MESSAGE_MS		5000
#define META_TOTAL_MS		60000
#define CLOSE_MS		30000	/* from asking, ... */
#define CLOSE_SOON_MS		3000	/* ... but so long from waiting for nothing else */
#define DELIVER_MS		5000	/* our own last words */

/* Most metadata a guest may send; kallsyms of a big kernel are 30 MB. */
#define META_MAX_BYTES		(256 << 20)

/* Messages out of place that are passed over while recording. */
#define ODD_MAX			16

struct deadline guest_in_ms(const struct guest *g, int ms)
{
	return deadline_in_ms(g->plan->no_timeout ? -1 : ms);
}

/* --- metadata -------------------------------------------------------------------- */

int guest_receive_stream(struct guest *g, const struct guest_stream *s)
{
	struct deadline one = s->first;
	uint64_t got = 0;
	struct msg m;
	int ret;

	for (;;) {
		struct deadline look = deadline_in_ms(GUEST_LOOK_MS);

		if (one.at_ns > s->total.at_ns)
			one = s->total;
		ret = channel_recv(&g->ctl, &m, look.at_ns < one.at_ns ? look : one);
		if (s->ends(g->stop))
			return -ECANCELED;
		/* a receive that needs no waiting looks at no deadline */
		if (deadline_passed(s->total))
			return -ETIMEDOUT;
		if (ret == -ETIMEDOUT && !deadline_passed(one))
			continue;
		if (ret)
			return ret;
		if (m.cmd == MSG_FIN_DATA)
			return 0;
		if (m.cmd != MSG_SEND_DATA || !m.var_len)
			return -EPROTO;
		got += m.var_len;
		if (got > s->max_bytes)
			return -EFBIG;
		ret = io_write_full(s->fd, m.var, m.var_len, DEADLINE_NEVER);
		if (ret)
			return ret;
		one = guest_in_ms(g, META_MESSAGE_MS);
	}
}

/* Store the metadata in @fd. Returns the same. */
static int receive_meta(struct guest *g, int fd)
{
	int first_ms = g->conf->proxy ? guest_proxy_first_ms(g) : META_FIRST_MS;
	struct guest_stream s = {
		.fd = fd, .first = guest_in_ms(g, first_ms),
		.total = guest_in_ms(g, first_ms - META_FIRST_MS + META_TOTAL_MS),
		.max_bytes = META_MAX_BYTES, .ends = stop_wanted,
	};

	return guest_receive_stream(g, &s);
}

/* Could it become a file? Better known now than when all has been recorded. 0; -errno described in @err. */
static int check_meta(struct guest *g, int fd, struct err *err)
{
	struct out_file *o = NULL;
	int ret;

	/* what is only a part must stay as it is; where another program splits it is its own matter */
	if (g->conf->proxy) {
		g->meta_len = lseek(fd, 0, SEEK_CUR);
		return g->resp.flags & TRACE_RESP_FL_PROXY ? out_appendable(fd, err) : 0;
	}
	ret = out_append(fd, &o, err);
	out_free(o);
	return ret;
}

int guest_receive(struct guest *g, struct err *err)
{
	_cleanup_close_ int fd = files_output_create(g->own->file, false, 4 << 20, err);
	int ret;

	if (fd < 0)
		return fd;
	g->meta_file = true;
	ret = receive_meta(g, fd);
	/* it had agreed to trace: that it goes concerns nobody else */
	g->broke = guest_is_breach(ret) || guest_is_gone(ret);
	if (ret)
		return err_set(err, ret, "the metadata of %s %s did not arrive in full: %s",
			       guest_kind(g), g->own->name, guest_is_gone(ret) ?
			       "its agent hung up (an event or option it refuses? see what it printed)"
			       : strerror(-ret));
	ret = check_meta(g, fd, err);
	if (ret) {
		g->broke = guest_is_breach(ret);
		return err_prefix(err, ret, "the metadata of %s %s cannot be used",
				  guest_kind(g), g->own->name);
	}
	g->own->complete_meta = true;
	ret = guest_data_connect(g, err);
	g->broke |= ret == -ECONNREFUSED || ret == -ETIMEDOUT || guest_is_gone(ret);
	g->began_ns = mono_now_ns();
	/* from now on a stop is to end well: the waits for that aren't cut short by it */
	g->ctl.stop_fd = -1;
	return ret;
}

void guest_drop(struct guest *g)
{
	g->lost = true;
	g->own->complete_meta = false;
	if (g->ctl.fd >= 0)
		shutdown(g->ctl.fd, SHUT_RDWR);
}

int guest_fd(const struct guest *g)
{
	return g->connected && !g->lost ? g->ctl.fd : -1;
}

/*
 * The agent has something to say while recording: it can only be its end. 0: nothing that matters;
 * -errno.
 */
static int check_control(struct guest *g)
{
	struct msg m;
	int ret;

	if (guest_fd(g) < 0 || io_wait(guest_fd(g), POLLIN, deadline_in_ms(0)))
		return 0;
	ret = channel_recv(&g->ctl, &m, deadline_in_ms(0));
	if (ret == -ETIMEDOUT)
		return 0;
	if (!ret && m.cmd == MSG_NOT_SUPP && g->odd++ < ODD_MAX)
		return 0;
	return ret ? ret : -EPROTO;
}

/* How long it has been recorded. */
static double recorded_s(const struct guest *g)
{
	return (mono_now_ns() - g->began_ns) / 1e9;
}

int guest_check(struct guest *g, struct err *err)
{
	int ret = check_control(g);

	if (!ret) {
		ret = guest_data_check(g, err);
		if (ret && ret != -EPIPE)
			note_incomplete(g->own, ret == -ENOSPC ? "the disk was getting full" :
					ret == -EDQUOT ? "it was more than --guest-size" :
					"no more of its data could be stored");
		if (ret != -EPIPE)
			return ret;
		/* an agent that ends closes all: better told as what it is */
		io_wait(g->ctl.fd, POLLIN, deadline_in_ms(GUEST_LOOK_MS));
		ret = check_control(g);
		if (!ret)
			return err_set(err, -EPIPE,
				       "%s %s: its agent ended the data while recording, after %.1f s",
				       guest_kind(g), g->own->name, recorded_s(g));
	}
	g->lost = true;
	note_incomplete(g->own, guest_data_too_much(g) ? "it was more than --guest-size" :
			g->conf->proxy ? "the host was lost while recording" :
			"the guest was lost while recording");
	/* should there be somebody who only broke the protocol: it shall end now */
	shutdown(g->ctl.fd, SHUT_RDWR);
	/* its agent cannot go on either when nobody takes its data */
	if (guest_data_too_much(g)) {
		return err_set(err, -EDQUOT,
			       "%s %s sends more than --guest-size allows, no more of its data is stored; %s",
			       guest_kind(g), g->own->name, guest_others(g));
	}
	return err_set(err, -ECONNRESET,
		       "%s %s: its agent %s while recording, after %.1f s; %s",
		       guest_kind(g), g->own->name, ret == -EPROTO || ret == -EBADMSG || ret == -ENOTSUP ?
		       "broke the protocol" : "ended", recorded_s(g), guest_others(g));
}

/* --- the end ------------------------------------------------------------------ */

void guest_ask_close(struct guest *g)
{
	g->close_by = guest_in_ms(g, CLOSE_MS);
	if (g->connected && !g->lost &&
	    channel_send(&g->ctl, MSG_CLOSE, NULL, 0, NULL, 0, deadline_in_ms(GUEST_CONNECT_MS)))
		g->lost = true;
}

int guest_wait_response(struct guest *g)
{
	struct deadline soon = deadline_in_ms(CLOSE_SOON_MS), d = g->close_by;
	struct msg m;

	/* the last comparison of the clocks has taken its time, too */
	if (d.at_ns < soon.at_ns)
		d = soon;
	for (;;) {
		int ret = channel_recv(&g->ctl, &m, deadline_in_ms(GUEST_LOOK_MS));

		if (!ret && m.cmd == MSG_CLOSE_RESP)
			return 0;
		if (ret && ret != -ETIMEDOUT)
			return ret;
		if (stop_urgent(g->stop))
			return -ECANCELED;
		/* one that never stops talking would never make us wait */
		if (deadline_passed(d))
			return -ETIMEDOUT;
	}
}

int guest_wait_close(struct guest *g, struct err *err)
{
	int ret = 0, end = 0;

	if (g->conf->proxy) {
		ret = guest_proxy_close(g, &end);
	} else {
		guest_sync_finish(g);
		if (g->connected && !g->lost)
			ret = guest_wait_response(g);
		g->lost |= ret;
		end = guest_data_finish(g);
	}
	ret = ret ? ret : end;
	if (!ret && !g->lost)
		return 0;
	note_incomplete(g->own, ret == -EDQUOT ? "it was more than --guest-size" :
			stop_urgent(g->stop) ? "interrupted while the guest was still sending" :
			g->conf->proxy ? "the host was lost before all of its data had come" :
			"the guest was lost before all of its data had come");
	if (stop_urgent(g->stop))
		return err_set(err, -EINTR,
			       "interrupted while %s %s was still sending; what it sent until then is kept in '%s'",
			       guest_kind(g), g->own->name, g->own->file);
	if (ret == -EDQUOT)
		return err_set(err, ret, "%s %s sent more than --guest-size allows; what it sent until then is kept in '%s'",
			       guest_kind(g), g->own->name, g->own->file);
	return err_set(err, ret ? ret : -ECONNRESET,
		       "%s %s was lost while recording; what it sent until then is kept in '%s'",
		       guest_kind(g), g->own->name, g->own->file);
}

int guest_write(struct guest *g, struct err *err)
{
	_cleanup_(timeshift_release) struct timeshift shift = { 0 };
	_cleanup_(opt_tsync_release) struct opt_tsync model = { 0 };
	int ret;

	if (!g->own->complete_meta) {
		if (g->meta_file)
			files_output_abandon(g->own->file);
		if (g->files)
			files_cpu_remove(g->plan, g->own->file, "", g->own->nr_cpus);
		return 0;
	}
	/* of a proxy, this machine's file gets it */
	if (g->conf->proxy)
		return finish_guest(g->plan, g->own, NULL, NULL, err);
	ret = guest_sync_result(g, &shift, &model, err);
	if (!ret)
		ret = finish_guest(g->plan, g->own, shift.nr_cpus ? &shift : NULL,
				   model.nr_groups ? &model : NULL, err);
	if (!ret)
		guest_sync_tell(g, &model);
	return ret;
}

void guest_release(struct guest *g)
{
	tsync_free(g->sync);
	tsync_samples_release(&g->samples);
	channel_close(&g->ctl);
	guest_data_release(g);
	/* nothing that was never begun has to arrive */
	tunnels_finish(&g->tunnels, g->lost || !g->began_ns ? 0 : DELIVER_MS);
	msg_trace_resp_release(&g->resp);
	*g = (struct guest){ 0 };
}
