/*
 * burst-link.c - see burst-link.h. Layer 4.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

#include "base/log.h"
#include "tsync/burst-link.h"

#define MARKER_WARM_UP	8
#define PACKET_MS	LINK_MSG_MS
/* So many bursts without looking all the time, where that has not helped; then it may be another time. */
#define ASLEEP_BURSTS	8
/* TCP keeps back what it was told to for 200 ms at most: for less than this it surely has. */
#define HOLD_NS		50000000

/* --- stamps ---------------------------------------------------------------- */

void burst_note(struct burst_state *b, unsigned int number, enum burst_field field, int64_t time)
{
	struct burst_probe *p;

	if (number < 1 || number > BURST_PROBES)
		return;
	p = &b->probe[number - 1];
	if (p->unsure & (1 << field))
		return;
	p->time[field] = time;
	p->have |= 1 << field;
}

static void mark(struct tsync_link *link, unsigned int number, char kind)
{
	struct burst_state *b = link->state;
	struct sync_mark m = {
		.series = b->series, .own_id = link->conf->own_id,
		.peer_id = link->conf->peer_id, .number = number, .kind = kind,
	};

	/* one that fails is one bound less */
	sync_instance_mark(link->clock.inst, &m);
}

/* Whether the direct clock's stamps of probes count, at least with a bridge. */
static bool by_direct(const struct burst_state *b)
{
	return !b->marker || b->bridged;
}

/* Right after a packet has come. Returns the direct stamp. */
static int64_t stamp_in(struct tsync_link *link, unsigned int number, enum burst_field field)
{
	struct burst_state *b = link->state;
	int64_t time;

	if (!by_direct(b))
		mark(link, number, 'r');
	time = direct_now(&b->direct);
	if (by_direct(b))
		burst_note(b, number, field, time);
	return time;
}

/* Right before a packet goes. */
static int64_t stamp_out(struct tsync_link *link, unsigned int number, enum burst_field field)
{
	struct burst_state *b = link->state;
	int64_t time = direct_now(&b->direct);

	if (by_direct(b))
		burst_note(b, number, field, time);
	else
		mark(link, number, 's');
	return time;
}

static void take_mark(const struct sync_mark *m, int64_t time, void *data)
{
	struct tsync_link *link = data;
	struct burst_state *b = link->state;
	bool sent = m->kind == 's';

	if (m->series != b->series || m->own_id != link->conf->own_id ||
	    m->peer_id != link->conf->peer_id)
		return;
	if (m->kind == 'b' && m->number >= 1 && m->number <= b->nr_marks) {
		b->mark[m->number - 1].stamp = time;
		b->mark[m->number - 1].have = true;
	}
	if (b->bridged || (!sent && m->kind != 'r'))
		return;
	if (link->guest)
		burst_note(b, m->number, sent ? BURST_SEND : BURST_RECEIVE, time);
	else
		burst_note(b, m->number, sent ? BURST_ANSWER : BURST_ARRIVE, time);
}

/* --- the bridge -------------------------------------------------------------- */

static void bridge_marks(struct tsync_link *link)
{
	struct burst_state *b = link->state;
	int i;

	for (i = 0; b->bridged && i < BRIDGE_MARKS && b->nr_marks < 2 * BRIDGE_MARKS; i++) {
		struct bridge_mark *m = &b->mark[b->nr_marks++];

		m->have = false;
		m->before = direct_now(&b->direct);
		mark(link, b->nr_marks, 'b');
		m->after = direct_now(&b->direct);
	}
}

/* Of our own stamps: what is sent was so then or later, what is received then or earlier. */
static int cross_probe(const struct bridge *over, bool guest, struct burst_probe *p)
{
	enum burst_field sent = guest ? BURST_SEND : BURST_ANSWER;
	enum burst_field received = guest ? BURST_RECEIVE : BURST_ARRIVE;
	int ret = 0;

	if (p->have & (1 << sent))
		ret = bridge_early(over, p->time[sent], &p->time[sent]);
	if (!ret && p->have & (1 << received))
		ret = bridge_late(over, p->time[received], &p->time[received]);
	return ret;
}

/* Our own stamps become the trace clock's. 0; what says why some did not. */
static int cross(struct burst_state *b, bool guest)
{
	struct bridge over;
	unsigned int i;
	int ret = bridge_make(b->mark, b->nr_marks, &over);

	for (i = 0; i < b->nr && !ret; i++)
		ret = cross_probe(&over, guest, &b->probe[i]);
	bridge_release(&over);
	return ret;
}

int burst_collect(struct tsync_link *link)
{
	struct burst_state *b = link->state;
	bool bridged = b->bridged;
	int ret = b->marker ? sync_instance_drain(link->clock.inst, take_mark, link) : 0;
	unsigned int i;

	/* the kernel may have given up its counter meanwhile */
	b->bridged = bridged && direct_is_linear(link->conf->clock);
	if (!ret && bridged)
		ret = b->bridged ? cross(b, link->guest) : -ESTALE;
	/* what has not become the trace clock's is still the other one's */
	for (i = 0; i < b->nr && bridged && ret; i++)
		b->probe[i].have = 0;
	if (ret)
		log_debug("tsync: reading back the markers: %s", strerror(-ret));
	return ret;
}

/* --- packets ------------------------------------------------------------------ */

void burst_round_begin(struct tsync_link *link, uint32_t series)
{
	struct burst_state *b = link->state;
	int i;

	b->series = series;
	b->nr = 0;
	b->last = (struct burst_probe){ 0 };
	memset(b->probe, 0, sizeof(b->probe));
	burst_sum_init(&b->sum);
	/* number 0 is no probe */
	for (i = 0; b->marker && i < MARKER_WARM_UP; i++)
		mark(link, 0, 's');
	/* these, and what a round that failed has left */
	if (b->marker)
		sync_instance_drain(link->clock.inst, NULL, NULL);
	b->nr_marks = 0;
	bridge_marks(link);
	/* the host's thread may run anywhere; the guest's is on the CPU it was asked for */
	spin_begin(&b->spin, &link->ch, link->may_spin && !b->asleep, !link->guest);
}

void burst_round_end(struct tsync_link *link)
{
	struct burst_state *b = link->state;

	bridge_marks(link);
	spin_end(&b->spin);
	if (b->spin.misses >= SPIN_USELESS)
		b->asleep = ASLEEP_BURSTS;
	else if (b->asleep)
		b->asleep--;
}

void burst_link_init(struct tsync_link *link)
{
	struct burst_state *b = link->state;
	socklen_t len = sizeof(int);
	int protocol = 0;

	b->may_hold = !getsockopt(link->ch.fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &len) &&
		      protocol == IPPROTO_TCP;
	b->hold_ns = HOLD_NS;
}

static bool hold(struct tsync_link *link, int on)
{
	return !setsockopt(link->ch.fd, IPPROTO_TCP, TCP_CORK, &on, sizeof(on));
}

/* A packet that went too early: of its stamps only the first one, @early, was surely before that. */
static void use_early(struct burst_state *b, unsigned int number, enum burst_field field,
		      int64_t early)
{
	if (by_direct(b))
		burst_note(b, number, field, early);
	else if (number >= 1 && number <= BURST_PROBES)
		b->probe[number - 1].unsure |= 1 << field;
}

/*
 * Give the kernel the packet first, to be kept back, then stamp, then let it go: so putting it into a buffer is no
 * part of its way.
 */
static int send_held(struct tsync_link *link, const struct burst_packet *p, const struct buf *buf,
		     enum burst_field field, int64_t *ret_time)
{
	struct deadline d = deadline_in_ms(PACKET_MS);
	struct burst_state *b = link->state;
	int64_t early = direct_now(&b->direct), start_ns = mono_now_ns();
	int ret = channel_send_raw(&link->ch, buf, d);

	*ret_time = stamp_out(link, p->number, field);
	hold(link, 0);
	/* when it is gone already: even reading a clock would be part of its way */
	if (mono_now_ns() - start_ns > b->hold_ns) {
		use_early(b, p->number, field, early);
		*ret_time = early;
	}
	return ret;
}

int burst_send(struct tsync_link *link, const struct burst_packet *p,
		       enum burst_field field, int64_t *ret_time)
{
	struct deadline d = deadline_in_ms(PACKET_MS);
	struct burst_state *b = link->state;
	uint8_t data[BURST_PACKET_LEN];
	struct buf buf = { .data = data, .len = sizeof(data) };

	burst_packet_put(data, p);
	if (p->kind == BURST_END)
		return channel_send_raw(&link->ch, &buf, d);
	if (b->may_hold && hold(link, 1))
		return send_held(link, p, &buf, field, ret_time);
	*ret_time = stamp_out(link, p->number, field);
	return channel_send_raw(&link->ch, &buf, d);
}

/* The rest of a packet of which @have bytes are there. 0; -errno. */
static int complete(struct burst_state *b, size_t have, struct deadline d)
{
	while (have < BURST_PACKET_LEN) {
		int ret = spin_wait(&b->spin, d);
		ssize_t n = ret ? ret : spin_take(&b->spin, b->packet + have, BURST_PACKET_LEN - have);

		if (n < 0)
			return n;
		have += n;
	}
	return 0;
}

/*
 * Something else than a packet came, of 32 bytes or more as all messages here: the
 * loop's, which have their own results, or nonsense.
 */
static int not_a_packet(struct tsync_link *link)
{
	struct burst_state *b = link->state;
	struct msg_tsync msg;
	int ret = channel_unread(&link->ch, b->packet, sizeof(b->packet));

	if (!ret)
		ret = link_recv(link, &msg, LINK_MSG_MS);
	return ret ? ret : -EPROTO;
}

int burst_recv(struct tsync_link *link, unsigned int number, enum burst_field field,
		       struct burst_packet *ret_packet, int64_t *ret_time)
{
	struct deadline d = deadline_in_ms(PACKET_MS);
	struct burst_state *b = link->state;
	int ret = spin_wait(&b->spin, d);
	ssize_t n;

	if (ret)
		return ret;
	/* it is there: taking it is no part of its way */
	*ret_time = stamp_in(link, number, field);
	n = spin_take(&b->spin, b->packet, sizeof(b->packet));
	if (n < 0)
		return n == -EAGAIN ? -EPROTO : n;
	ret = complete(b, n, d);
	if (ret)
		return ret;
	if (!burst_is_packet(b->packet))
		return not_a_packet(link);
	ret = burst_packet_parse(b->packet, ret_packet);
	if (!ret && ret_packet->series != b->series)
		ret = -EPROTO;
	return ret;
}
