/*
 * awaited.c - see awaited.h. Layer 3.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "net/awaited.h"

bool awaited_any(const struct awaited *w)
{
	int i;

	for (i = 0; i < w->n; i++) {
		if (w->listen[i] >= 0)
			return true;
	}
	return false;
}

int awaited_poll_fds(const struct awaited *w, struct pollfd *fds, int max)
{
	int i, n = 0;

	for (i = 0; i < w->n && n < max; i++) {
		if (w->listen[i] >= 0)
			fds[n++] = (struct pollfd){ .fd = w->listen[i], .events = POLLIN };
	}
	for (i = 0; i < w->nr_hands && n < max; i++)
		fds[n++] = (struct pollfd){ .fd = w->hands[i]->fd, .events = POLLIN };
	return n;
}

struct deadline awaited_deadline(const struct awaited *w)
{
	/* all have been given the same time: the oldest one's ends first */
	return w->nr_hands ? w->hands[0]->until : DEADLINE_NEVER;
}

/* Forget @w's hand @i; its descriptor is closed, unless it has been taken (-1). */
static void drop_hand(struct awaited *w, int i)
{
	struct awaited_hand *h = w->hands[i];

	fd_close(&h->fd);
	auth_hand_wipe(&h->hand);
	free(h);
	w->nr_hands--;
	memmove(&w->hands[i], &w->hands[i + 1], (w->nr_hands - i) * sizeof(w->hands[0]));
}

/* Port @index has what it waited for, or is given up: nobody else is needed. */
static void close_port(struct awaited *w, int index)
{
	int i = 0;

	net_unlisten(&w->listen[index]);
	while (i < w->nr_hands) {
		if (w->hands[i]->index == index)
			drop_hand(w, i);
		else
			i++;
	}
}

/* Describe why one for port @index is not taken. */
static int refused(const struct awaited *w, int index, int error, struct err *err)
{
	if (w->purpose == AUTH_SYNC)
		return err_set(err, error, "a connection for time synchronisation was refused: %s",
			       auth_why(error));
	return err_set(err, error, "a connection for the data of CPU %d was refused: %s", index,
		       auth_why(error));
}

/* Have @fd prove itself. 0; -errno: it is closed. */
static int begin_hand(struct awaited *w, int index, int fd)
{
	struct awaited_hand *h = calloc(1, sizeof(*h));
	uint8_t first[AUTH_HELLO_LEN];
	int len, ret;

	if (!h) {
		close(fd);
		return -ENOMEM;
	}
	if (w->nr_hands == AWAITED_MAX)
		drop_hand(w, 0);
	*h = (struct awaited_hand){
		.fd = fd, .index = index, .until = deadline_in_ms(AWAITED_HAND_MS),
	};
	auth_hand_init(&h->hand, &w->tunnels->session, true, w->purpose,
		       w->purpose == AUTH_DATA ? index : 0);
	w->hands[w->nr_hands++] = h;
	len = auth_hand_begin(&h->hand, first);
	/* these few bytes fit into any socket's buffer */
	ret = len < 0 ? len : io_write_full(fd, first, len, deadline_in_ms(0));
	if (ret)
		drop_hand(w, w->nr_hands - 1);
	return ret;
}

/* Take who has connected to port @index. As awaited_look(). */
static int accept_port(struct awaited *w, int index, int *ret_fd, struct err *err)
{
	/* however many there are, others have their turn */
	int ret, i;

	for (i = 0; i < AWAITED_MAX; i++) {
		ret = net_accept(w->listen[index], deadline_in_ms(0), w->peer, ret_fd, NULL);
		if (ret == -ETIMEDOUT)
			return 0;
		if (ret) {
			close_port(w, index);
			return err_set(err, ret, "no connection can be accepted any more: %s",
				       strerror(-ret));
		}
		if (!w->tunnels->key) {
			close_port(w, index);
			return 1;
		}
		ret = begin_hand(w, index, *ret_fd);
		if (ret)
			return refused(w, index, ret == -EPIPE ? -ECONNRESET : ret, err);
	}
	return 0;
}

/* One step of hand @i. 1: it is through, and was the last of its port; 0: it goes on; -errno: it is refused. */
static int step_hand(struct awaited *w, int i, int *ret_index, int *ret_fd)
{
	struct awaited_hand *h = w->hands[i];
	int ret = auth_hand_step(&h->hand, h->fd);

	*ret_index = h->index;
	if (ret == -EAGAIN)
		return deadline_passed(h->until) ? -ETIMEDOUT : 0;
	if (!ret)
		ret = tunnels_add(w->tunnels, &h->fd, &h->hand, w->use);
	if (ret)
		return ret == -EPIPE ? -ECONNRESET : ret;
	*ret_fd = h->fd;
	h->fd = -1;
	close_port(w, h->index);
	return 1;
}

/* Which ports has somebody connected to? NULL: out of memory. */
static struct pollfd *ready_ports(const struct awaited *w)
{
	struct pollfd *fds = calloc(w->n + 1, sizeof(*fds));
	int i;

	for (i = 0; fds && i < w->n; i++)
		fds[i] = (struct pollfd){ .fd = w->listen[i], .events = POLLIN };
	if (fds && poll(fds, w->n, 0) < 0)
		memset(fds, 0, w->n * sizeof(*fds));
	return fds;
}

int awaited_look(struct awaited *w, int *ret_index, int *ret_fd, struct err *err)
{
	_cleanup_free_ struct pollfd *ready = NULL;
	int i, ret;

	/* first those that may be through, then others, for whom they might have to go */
	for (i = 0; i < w->nr_hands; i++) {
		ret = step_hand(w, i, ret_index, ret_fd);
		if (ret > 0)
			return ret;
		if (ret) {
			drop_hand(w, i);
			return refused(w, *ret_index, ret, err);
		}
	}
	ready = ready_ports(w);
	for (i = 0; ready && i < w->n; i++) {
		if (!ready[i].revents)
			continue;
		*ret_index = i;
		ret = accept_port(w, i, ret_fd, err);
		if (ret)
			return ret;
	}
	return 0;
}

void awaited_release(struct awaited *w)
{
	while (w->nr_hands)
		drop_hand(w, w->nr_hands - 1);
}
