/*
 * ksyms.c - see ksyms.h. Layer 2.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "in/ksyms.h"
#include "in/ksyms-scan.h"

static int scan(struct in_ksyms *k)
{
	int ret;

	pthread_mutex_init(&k->lock, NULL);
	ret = in_ksyms_scan(k);
	if (ret)
		in_ksyms_release(k);
	return ret;
}

int in_ksyms_parse(struct in_ksyms *k, struct buf *text, size_t from, size_t len)
{
	*k = (struct in_ksyms){ .text = *text, .offset = from, .bytes = len };
	*text = (struct buf){ 0 };
	return scan(k);
}

int in_ksyms_open(struct in_ksyms *k, struct in_file *f, uint64_t offset, uint32_t len)
{
	*k = (struct in_ksyms){ .file = in_file_ref(f), .offset = offset, .bytes = len };
	return scan(k);
}

void in_ksyms_release(struct in_ksyms *k)
{
	unsigned int i;

	for (i = 0; i < k->nr_blocks; i++)
		free(k->blocks[i].sym);
	for (i = 0; i < k->nr_strays; i++)
		free(k->strays[i].sym);
	free(k->blocks);
	free(k->hashes);
	free(k->strays);
	buf_release(&k->text);
	in_file_unref(k->file);
	pthread_mutex_destroy(&k->lock);
	*k = (struct in_ksyms){ 0 };
}

/* --- taken apart when asked for ------------------------------------------------ */

/* Memory for @count functions, and behind them @len bytes of the text at @offset with a NUL. NULL: none. */
static struct in_ksym *read_text(const struct in_ksyms *k, unsigned int count, size_t offset,
				 size_t len, char **ret_text)
{
	struct in_ksym *sym = malloc(count * sizeof(*sym) + len + 1);
	char *text = (char *)(sym + count);

	if (!sym)
		return NULL;
	if (in_ksyms_read(k, text, len, offset)) {
		free(sym);
		return NULL;
	}
	text[len] = '\0';
	*ret_text = text;
	return sym;
}

static unsigned int block_count(const struct in_ksym_block *b)
{
	return b[1].first - b[0].first;
}

/* The functions of @b, in the order in which libtraceevent has them. NULL: they cannot be read. */
static const struct in_ksym *block_get(const struct in_ksyms *k, struct in_ksym_block *b)
{
	unsigned int count = block_count(b), n = 0;
	size_t len = b[1].offset - b[0].offset;
	char *line, *next, *end;
	struct in_ksym *sym;
	bool damaged = false;

	if (b->sym)
		return b->sym;
	sym = read_text(k, count, b->offset, len, &line);
	if (!sym)
		return NULL;
	for (end = line + len; n < count && line < end; line = next) {
		char *nl = memchr(line, '\n', end - line);

		next = nl ? nl + 1 : end;
		if (nl)
			*nl = '\0';
		n += in_ksym_parse_line(line, &sym[n], &damaged);
	}
	/* the file may have changed since it was scanned */
	if (n < count) {
		free(sym);
		return NULL;
	}
	in_ksyms_turn_equals(sym, sizeof(*sym), count);
	b->sym = sym;
	return sym;
}

static const struct in_ksym *stray_get(const struct in_ksyms *k, struct in_ksym_stray *s)
{
	struct in_ksym *sym;
	bool damaged = false;
	char *line;

	if (s->sym)
		return s->sym;
	sym = read_text(k, 1, s->offset, s->len, &line);
	if (sym && !in_ksym_parse_line(line, sym, &damaged)) {
		free(sym);
		return NULL;
	}
	s->sym = sym;
	return sym;
}

/* --- by address --------------------------------------------------------------------- */

/* The last block that begins at @addr or before. NULL: there is none. */
static struct in_ksym_block *block_of(const struct in_ksyms *k, uint64_t addr)
{
	unsigned int low = 0, high = k->nr_blocks;

	while (low < high) {
		unsigned int middle = low + (high - low) / 2;

		if (k->blocks[middle].addr <= addr)
			low = middle + 1;
		else
			high = middle;
	}
	return low ? &k->blocks[low - 1] : NULL;
}

/* How many strays begin before @addr. */
static unsigned int strays_before(const struct in_ksyms *k, uint64_t addr)
{
	unsigned int low = 0, high = k->nr_strays;

	while (low < high) {
		unsigned int middle = low + (high - low) / 2;

		if (k->strays[middle].addr < addr)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Where an address is among functions by address: so many are before it, so many at it. */
struct place {
	struct in_ksym_block *block;
	const struct in_ksym *sym;	/* the block's, if there is one */
	unsigned int in_block, block_equals;
	unsigned int stray, stray_equals;
};

/* False: they cannot be read. */
static bool find_place(const struct in_ksyms *k, uint64_t addr, struct place *p)
{
	unsigned int count;

	*p = (struct place){ .block = block_of(k, addr), .stray = strays_before(k, addr) };
	while (p->stray + p->stray_equals < k->nr_strays &&
	       k->strays[p->stray + p->stray_equals].addr == addr)
		p->stray_equals++;
	if (!p->block)
		return true;
	p->sym = block_get(k, p->block);
	if (!p->sym)
		return false;
	count = block_count(p->block);
	while (p->in_block < count && p->sym[p->in_block].addr < addr)
		p->in_block++;
	while (p->in_block + p->block_equals < count &&
	       p->sym[p->in_block + p->block_equals].addr == addr)
		p->block_equals++;
	return true;
}

/* As bsearch() does it: which of the items from @from to @to of @count is met first. */
static unsigned int first_met(unsigned int count, unsigned int from, unsigned int to)
{
	unsigned int low = 0, high = count, middle;

	for (;;) {
		middle = low + (high - low) / 2;
		if (middle < from)
			low = middle + 1;
		else if (middle >= to)
			high = middle;
		else
			return middle;
	}
}

static const struct in_ksym *find(const struct in_ksyms *k, uint64_t addr)
{
	unsigned int before, equals, at;
	struct place p;

	if (!find_place(k, addr, &p))
		return NULL;
	before = (p.block ? p.block->first + p.in_block : 0) + p.stray;
	equals = p.block_equals + p.stray_equals;
	if (equals) {
		at = first_met(k->count, before, before + equals) - before;
		if (at < p.stray_equals)
			return stray_get(k, &k->strays[p.stray + at]);
		return &p.sym[p.in_block + at - p.stray_equals];
	}
	/* in the one before, if there is one behind, too */
	if (!before || before == k->count)
		return NULL;
	if (p.stray && (!p.in_block || k->strays[p.stray - 1].addr > p.sym[p.in_block - 1].addr))
		return stray_get(k, &k->strays[p.stray - 1]);
	return p.in_block ? &p.sym[p.in_block - 1] : NULL;
}

const struct in_ksym *in_ksyms_find(struct in_ksyms *k, uint64_t addr)
{
	const struct in_ksym *s;

	pthread_mutex_lock(&k->lock);
	s = find(k, addr);
	pthread_mutex_unlock(&k->lock);
	return s;
}

/* --- by name -------------------------------------------------------------------------- */

/* The first of @name in the block @b. */
static const struct in_ksym *named_in(const struct in_ksyms *k, struct in_ksym_block *b, const char *name)
{
	const struct in_ksym *sym = block_get(k, b);
	unsigned int i, count = block_count(b);

	for (i = 0; sym && i < count; i++) {
		if (!strcmp(sym[i].name, name))
			return &sym[i];
	}
	return NULL;
}

static const struct in_ksym *named_in_blocks(const struct in_ksyms *k, const char *name, uint16_t hash)
{
	const struct in_ksym *s;
	unsigned int b, i;

	for (b = 0; b < k->nr_blocks; b++) {
		for (i = k->blocks[b].first; i < k->blocks[b + 1].first; i++) {
			if (k->hashes[i] == hash)
				break;
		}
		s = i < k->blocks[b + 1].first ? named_in(k, &k->blocks[b], name) : NULL;
		if (s)
			return s;
	}
	return NULL;
}

static const struct in_ksym *named_in_strays(const struct in_ksyms *k, const char *name, uint16_t hash)
{
	const struct in_ksym *s;
	unsigned int i;

	for (i = 0; i < k->nr_strays; i++) {
		s = k->strays[i].hash == hash ? stray_get(k, &k->strays[i]) : NULL;
		if (s && !strcmp(s->name, name))
			return s;
	}
	return NULL;
}

const struct in_ksym *in_ksyms_named(struct in_ksyms *k, const char *name)
{
	const struct in_ksym *in_block, *stray;
	char start[8] = "";
	uint16_t hash;

	memcpy(start, name, strnlen(name, sizeof(start)));
	hash = in_ksym_hash(start);
	pthread_mutex_lock(&k->lock);
	in_block = named_in_blocks(k, name, hash);
	stray = named_in_strays(k, name, hash);
	pthread_mutex_unlock(&k->lock);
	if (!in_block || !stray)
		return in_block ? in_block : stray;
	return stray->addr <= in_block->addr ? stray : in_block;
}

/* --- all -------------------------------------------------------------------------------- */

static const struct in_ksym *next(const struct in_ksyms *k, struct in_ksyms_pos *pos)
{
	const struct in_ksym *sym = NULL;

	if (pos->block < k->nr_blocks && pos->in_block == block_count(&k->blocks[pos->block])) {
		pos->block++;
		pos->in_block = 0;
	}
	if (pos->block < k->nr_blocks) {
		sym = block_get(k, &k->blocks[pos->block]);
		if (!sym)
			return NULL;
		sym += pos->in_block;
	}
	if (pos->stray < k->nr_strays && (!sym || k->strays[pos->stray].addr <= sym->addr))
		return stray_get(k, &k->strays[pos->stray++]);
	pos->in_block += sym != NULL;
	return sym;
}

const struct in_ksym *in_ksyms_next(struct in_ksyms *k, struct in_ksyms_pos *pos)
{
	const struct in_ksym *s;

	pthread_mutex_lock(&k->lock);
	s = next(k, pos);
	pthread_mutex_unlock(&k->lock);
	return s;
}
