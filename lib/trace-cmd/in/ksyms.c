/*
 * ksyms.c - see ksyms.h. Layer 2, pure.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "in/ksyms.h"

/* Value of a hexadecimal digit, 16: it is none. */
static unsigned int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : 16;
}

/* One line, NUL-terminated in place. False: no function; in @ret_damaged if it is no line of a list. */
static bool parse_line(char *line, struct in_ksym *ret, bool *ret_damaged)
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

static unsigned int count_lines(const struct buf *text)
{
	const char *p = (const char *)text->data, *end = p + text->len;
	unsigned int n = 1;

	while (p < end && (p = memchr(p, '\n', end - p))) {
		n++;
		p++;
	}
	return n;
}

/* Merge the sorted runs [from, middle) and [middle, to), equal ones in their order. */
static void merge_runs(struct in_ksym *sym, struct in_ksym *room, unsigned int from,
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

/* Stable, and quick for what consists of a few sorted runs, as kallsyms does. 0; -ENOMEM. */
static int sort(struct in_ksym *sym, unsigned int count)
{
	_cleanup_free_ struct in_ksym *room = NULL;
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

/* libtraceevent keeps the lines last first, and sorts them so. */
static void reverse(struct in_ksym *sym, unsigned int count)
{
	unsigned int i;

	for (i = 0; i < count / 2; i++) {
		struct in_ksym other = sym[i];

		sym[i] = sym[count - 1 - i];
		sym[count - 1 - i] = other;
	}
}

/*
 * Of functions at one address the last line comes first. So runs that rise are turned around, by
 * address: cheaper than to sort what falls.
 */
static void turn_equals(struct in_ksym *sym, unsigned int count)
{
	unsigned int from, to;

	for (from = 0; from < count; from = to) {
		for (to = from + 1; to < count && sym[to].addr == sym[from].addr; to++)
			;
		reverse(sym + from, to - from);
	}
}

int in_ksyms_parse(struct in_ksyms *k, struct buf *text)
{
	char *line, *end, *next;

	*k = (struct in_ksyms){ .text = *text, .bytes = text->len };
	*text = (struct buf){ 0 };
	k->damaged = k->text.len && memchr(k->text.data, 0, k->text.len);
	/* a NUL behind the last line, even if there is none */
	if (buf_add(&k->text, "", 1))
		return -ENOMEM;
	k->sym = calloc(count_lines(&k->text) + 1, sizeof(*k->sym));
	if (!k->sym)
		return -ENOMEM;
	end = (char *)k->text.data + k->text.len - 1;
	for (line = (char *)k->text.data; line < end; line = next) {
		char *nl = memchr(line, '\n', end - line);

		next = nl ? nl + 1 : end;
		if (nl)
			*nl = 0;
		k->count += parse_line(line, &k->sym[k->count], &k->damaged);
	}
	k->sym[k->count] = (struct in_ksym){ 0 };
	if (sort(k->sym, k->count))
		return -ENOMEM;
	turn_equals(k->sym, k->count);
	return 0;
}

void in_ksyms_release(struct in_ksyms *k)
{
	buf_release(&k->text);
	free(k->sym);
	*k = (struct in_ksyms){ 0 };
}

const struct in_ksym *in_ksyms_find(const struct in_ksyms *k, uint64_t addr)
{
	unsigned int low = 0, high = k->count;

	/* as bsearch() does it: of several at one address it decides which one is met first */
	while (low < high) {
		unsigned int middle = low + (high - low) / 2;
		const struct in_ksym *s = &k->sym[middle];

		if (addr == s->addr || (addr > s->addr && addr < s[1].addr))
			return s;
		if (addr < s->addr)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

const struct in_ksym *in_ksyms_named(const struct in_ksyms *k, const char *name)
{
	unsigned int i;

	for (i = 0; i < k->count; i++) {
		if (!strcmp(k->sym[i].name, name))
			return &k->sym[i];
	}
	return NULL;
}
