/*
 * ksyms-scan.c - see ksyms-scan.h. Layer 2.
 */
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "in/ksyms-scan.h"

#define BLOCK		32	/* functions, at least: they are read together */
#define PIECE		(64u << 10)	/* bytes of text that are looked at together, while they are in the cache */
#define HEAD		19	/* "ffffffff81000000 T " */
#define SLACK		16	/* readable bytes behind a piece */

/* --- a line, as it comes ---------------------------------------------------- */

/* Value of a hexadecimal digit, 16: it is none. */
static unsigned int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : 16;
}

bool in_ksym_parse_line(char *line, struct in_ksym *ret, bool *ret_damaged)
{
	uint64_t addr = 0;
	unsigned int v;
	char *p = line, type;

	for (; (v = digit_value(*p)) < 16; p++)
		addr = addr << 4 | v;
	if (p == line || p - line > 16 || *p != ' ' || !p[1] || p[2] != ' ' || !p[3]) {
		*ret_damaged |= *line != 0;
		return false;
	}
	type = p[1];
	*ret = (struct in_ksym){ .addr = addr, .name = p + 3 };
	p = p + 3 + strcspn(p + 3, " \t");
	/* no functions: ARM's mapping symbols, and absolute ones as x86's offsets of per-CPU data */
	if (p == ret->name || *ret->name == '$' || type == 'A' || type == 'a')
		return false;
	if (*p) {
		*p++ = 0;
		p = strchr(p, '[');
		if (p) {
			ret->module = ++p;
			p[strcspn(p, "]")] = 0;
		}
	}
	return true;
}

/* --- eight bytes at once ------------------------------------------------------ */

#define EACH(byte)	((byte) * 0x0101010101010101ull)

/* The value of eight digits 0-9a-f, the same bits set in all bytes of @bad that are none. */
static inline uint32_t hex8(const char *text, uint64_t *bad)
{
	uint64_t x, letter, v;

	memcpy(&x, text, sizeof(x));
	x = be64toh(x);
	letter = x >> 6 & EACH(1);
	v = (x & EACH(0xf)) + 9 * letter;
	/* what these would look like; those that are letters are ten and more, and none is sixteen */
	*bad |= (v + EACH('0') + ('a' - '0' - 10) * letter) ^ x;
	*bad |= ((v + EACH(6)) >> 4 & EACH(1)) ^ letter;
	*bad |= v & EACH(0x10);
	v = (v | v >> 4) & 0x00ff00ff00ff00ffull;
	v = (v | v >> 8) & 0x0000ffff0000ffffull;
	return (uint32_t)(v | v >> 16);
}

uint16_t in_ksym_hash(const char *name)
{
	uint64_t x, ends, mask;

	memcpy(&x, name, sizeof(x));
	x = le64toh(x);
	/* the top bit of the first byte that ends a name (then maybe of others), and all bits before that byte */
	ends = (x - EACH(0x21)) & ~x & EACH(0x80);
	mask = ends ? (ends ^ (ends - 1)) >> 8 : UINT64_MAX;
	return (x & mask) * 0x9e3779b97f4a7c15ull >> 48;
}

/* --- the walk --------------------------------------------------------------------- */

struct scan {
	struct in_ksyms *k;
	size_t offset;			/* of the piece, in the text */
	unsigned int in_blocks;		/* functions */
	unsigned int alloc_blocks, alloc_strays, alloc_hashes;
	uint64_t start;			/* the first 8 characters of the latest line whose value is @high */
	uint32_t high;
	uint64_t last;			/* address of the latest one in a block */
	int left;			/* functions that its block may still have */
	bool strayed;			/* once one is out of order, all that follow are left to sort() */
};

/*
 * @array of *@alloc items of @size bytes, of which @count are used, with room for one more and the end's
 * block. NULL: out of memory; it is as it was.
 */
static void *with_room(void *array, unsigned int count, unsigned int *alloc, size_t size)
{
	unsigned int more = *alloc ? 2 * *alloc : 4096;

	if (count + 1 < *alloc)
		return array;
	array = reallocarray(array, more, size);
	if (array)
		*alloc = more;
	return array;
}

static int add_stray(struct scan *s, uint64_t addr, uint16_t hash, size_t offset, size_t len)
{
	struct in_ksyms *k = s->k;
	void *room = with_room(k->strays, k->nr_strays, &s->alloc_strays, sizeof(*k->strays));

	if (!room)
		return -ENOMEM;
	k->strays = room;
	k->strays[k->nr_strays++] = (struct in_ksym_stray){
		.addr = addr, .offset = offset, .len = len, .hash = hash,
	};
	return 0;
}

static int add_block(struct scan *s, uint64_t addr, size_t offset)
{
	struct in_ksyms *k = s->k;
	void *room = with_room(k->blocks, k->nr_blocks, &s->alloc_blocks, sizeof(*k->blocks));

	if (!room)
		return -ENOMEM;
	k->blocks = room;
	k->blocks[k->nr_blocks++] = (struct in_ksym_block){
		.addr = addr, .offset = offset, .first = s->in_blocks,
	};
	return 0;
}

/* Where the blocks end. */
static void end_blocks(struct scan *s, size_t offset)
{
	if (s->k->nr_blocks)
		s->k->blocks[s->k->nr_blocks] = (struct in_ksym_block){
			.offset = offset, .first = s->in_blocks,
		};
	s->strayed = true;
	s->left = 0;
}

/* A function whose line of @len bytes is at @offset. 0; -ENOMEM. */
static int add(struct scan *s, uint64_t addr, uint16_t hash, size_t offset, size_t len)
{
	struct in_ksyms *k = s->k;
	void *room;

	if (addr < s->last && !s->strayed)
		end_blocks(s, offset);
	if (s->strayed)
		return add_stray(s, addr, hash, offset, len);
	if (s->left <= 0 && (!k->nr_blocks || addr != s->last)) {
		if (add_block(s, addr, offset))
			return -ENOMEM;
		s->left = BLOCK;
	}
	room = with_room(k->hashes, s->in_blocks, &s->alloc_hashes, sizeof(*k->hashes));
	if (!room)
		return -ENOMEM;
	k->hashes = room;
	k->hashes[s->in_blocks++] = hash;
	s->left--;
	s->last = addr;
	return 0;
}

/* The same; most are further ones of a block. */
static inline int add_quick(struct scan *s, uint64_t addr, uint16_t hash, size_t offset, size_t len)
{
	if (addr < s->last || s->left <= 0 || s->in_blocks >= s->alloc_hashes)
		return add(s, addr, hash, offset, len);
	s->k->hashes[s->in_blocks++] = hash;
	s->left--;
	s->last = addr;
	return 0;
}

/* A line that isn't as most are. What decides are the characters up to the name's first. */
static int odd_line(struct scan *s, const char *line, size_t len, size_t offset)
{
	char head[HEAD + SLACK] = "", name[8] = "";
	size_t n = len < HEAD + 1 ? len : HEAD + 1, at;
	struct in_ksym sym;

	memcpy(head, line, n);
	if (!in_ksym_parse_line(head, &sym, &s->k->damaged))
		return 0;
	at = sym.name - head;
	memcpy(name, line + at, len - at < sizeof(name) ? len - at : sizeof(name));
	return add(s, sym.addr, in_ksym_hash(name), offset, len);
}

/* One of @len bytes, behind which SLACK more can be read. 0; -ENOMEM. */
static inline int scan_line(struct scan *s, const char *line, size_t len, size_t offset)
{
	uint64_t bad = 0, addr, start;
	char type, first;

	if (len <= HEAD)
		return odd_line(s, line, len, offset);
	/* most addresses begin as the one before does */
	memcpy(&start, line, sizeof(start));
	if (start != s->start) {
		s->high = hex8(line, &bad);
		s->start = bad ? EACH('0') : start;
		s->high = bad ? 0 : s->high;
	}
	addr = (uint64_t)s->high << 32 | hex8(line + 8, &bad);
	type = line[17];
	first = line[HEAD];
	if (bad || line[16] != ' ' || line[18] != ' ' || type <= ' ' || (type | 0x20) == 'a' ||
	    first <= ' ' || first == '$')
		return odd_line(s, line, len, offset);
	return add_quick(s, addr, in_ksym_hash(line + HEAD), offset, len);
}

/*
 * The lines of the @len bytes of @piece; the last one, if nothing ends it, only at the text's end (@all). 0, with the
 * bytes that were used; -ENOMEM.
 */
static int scan_piece(struct scan *s, const char *piece, size_t len, bool all, size_t *ret_used)
{
	const char *line, *next, *end = piece + len;

	for (line = piece; line < end; line = next) {
		const char *nl = memchr(line, '\n', end - line);
		size_t n = (nl ? nl : end) - line;

		if (!nl && !all)
			break;
		next = nl ? nl + 1 : end;
		if (n && scan_line(s, line, n, s->offset + (line - piece)))
			return -ENOMEM;
	}
	*ret_used = line - piece;
	return 0;
}

/* --- strays: their order ---------------------------------------------------------- */

/* Merge the sorted runs [from, middle) and [middle, to), equal ones in their order. */
static void merge_runs(struct in_ksym_stray *sym, struct in_ksym_stray *room, unsigned int from,
		       unsigned int middle, unsigned int to)
{
	unsigned int a = from, b = middle, n = from;

	if (sym[middle - 1].addr <= sym[middle].addr)
		return;
	memcpy(room + from, sym + from, (middle - from) * sizeof(*sym));
	while (a < middle && b < to)
		sym[n++] = sym[b].addr < room[a].addr ? sym[b++] : room[a++];
	memcpy(sym + n, room + a, (middle - a) * sizeof(*sym));
}

/* Stable, and quick for what consists of a few sorted runs. 0; -ENOMEM. */
static int sort(struct in_ksym_stray *sym, unsigned int count)
{
	_cleanup_free_ struct in_ksym_stray *room = NULL;
	unsigned int width, at;

	for (at = 1; at < count && sym[at - 1].addr <= sym[at].addr; at++)
		;
	if (at >= count)
		return 0;
	room = malloc(count * sizeof(*room));
	if (!room)
		return -ENOMEM;
	for (width = 1; width < count; width *= 2)
		for (at = 0; at + width < count; at += 2 * width)
			merge_runs(sym, room, at, at + width,
				   count - at > 2 * width ? at + 2 * width : count);
	return 0;
}

static uint64_t addr_at(const uint8_t *sym)
{
	uint64_t addr;

	memcpy(&addr, sym, sizeof(addr));
	return addr;
}

void in_ksyms_turn_equals(void *sym, size_t size, unsigned int count)
{
	uint8_t *at = sym, *end = count ? at + count * size : at, *to, *a, *b;

	for (; at < end; at = to) {
		for (to = at + size; to < end && addr_at(to) == addr_at(at); to += size)
			;
		for (a = at, b = to - size; a < b; a += size, b -= size) {
			uint8_t other[sizeof(struct in_ksym_stray) + sizeof(struct in_ksym)];

			memcpy(other, a, size);
			memcpy(a, b, size);
			memcpy(b, other, size);
		}
	}
}

/* --- all of it -------------------------------------------------------------------------- */

int in_ksyms_read(const struct in_ksyms *k, void *to, size_t len, size_t offset)
{
	if (k->file)
		return in_source_read(&k->file->src, to, len, k->offset + offset);
	if (len)
		memcpy(to, k->text.data + k->offset + offset, len);
	return 0;
}

/* All pieces, in @room, which grows if a line does not fit. 0; -ENOMEM; -errno. */
static int scan_pieces(struct scan *s, struct buf *room)
{
	struct in_ksyms *k = s->k;
	size_t kept = 0, used, n;
	int ret;

	while (s->offset < k->bytes) {
		n = k->bytes - s->offset - kept;
		/* a line that does not end is not looked at again and again */
		if (n > PIECE)
			n = kept > PIECE ? (kept < n ? kept : n) : PIECE;
		if (room->len < kept + n + SLACK && !buf_extend_raw(room, kept + n + SLACK - room->len))
			return -ENOMEM;
		ret = in_ksyms_read(k, room->data + kept, n, s->offset + kept);
		if (ret)
			return ret;
		k->damaged |= memchr(room->data + kept, 0, n) != NULL;
		n += kept;
		memset(room->data + n, 0, SLACK);
		ret = scan_piece(s, (char *)room->data, n, s->offset + n == k->bytes, &used);
		if (ret)
			return ret;
		s->offset += used;
		kept = n - used;
		memmove(room->data, room->data + used, kept);
	}
	return 0;
}

int in_ksyms_scan(struct in_ksyms *k)
{
	_cleanup_buf_ struct buf room = BUF_INIT;
	struct scan s = { .k = k, .start = EACH('0') };
	int ret = scan_pieces(&s, &room);

	if (!s.strayed)
		end_blocks(&s, k->bytes);
	if (!ret)
		ret = sort(k->strays, k->nr_strays);
	if (ret)
		return ret;
	in_ksyms_turn_equals(k->strays, sizeof(*k->strays), k->nr_strays);
	k->count = s.in_blocks + k->nr_strays;
	return 0;
}
