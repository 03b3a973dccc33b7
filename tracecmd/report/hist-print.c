/*
 * hist-print.c - see hist-print.h. Layer 5.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "report/hist-print.h"
#include "report/value.h"

/* An entry, and what it is called. */
struct chain {
	const struct hist_file *file;
	const struct profile_owned *owner;
	const struct profile_entry *entry;
	const char *name;
	bool function;
	char address[24];		/* the name, where there is none */
};

struct tree {
	struct tep_handle *tep;
	struct pstacks stacks;		/* with one and the same frame for all that are in a function */
	struct ptable starts;		/* of functions */
	uint64_t *frames;		/* what stands for each of them */
	uint32_t frames_room;
	struct textout *out;
	struct buf prefix;
};

static void print_name(const struct tree *t, uint64_t address)
{
	const char *name = tep_find_function(t->tep, address);

	if (name)
		textout_str(t->out, name);
	else
		textout_printf(t->out, "0x%" PRIx64, address);
}

static void print_prefix(const struct tree *t, const char *more)
{
	textout_add(t->out, t->prefix.data, t->prefix.len);
	textout_str(t->out, more);
}

static int print_level(struct tree *t, struct pstack_use *uses, uint32_t n, uint32_t depth,
		       uint64_t all);

/* One branch, the functions that all of its stacks go on with, and what parts behind them. */
static int print_branch(struct tree *t, const struct pstack_node *node, uint32_t depth, bool last,
			uint64_t all)
{
	size_t prefix_len = t->prefix.len;
	struct pstack_node next;
	int ret = 0;

	print_prefix(t, "|\n");
	print_prefix(t, "|--%");
	textout_printf(t->out, "%.2f-- ", 100.0 * node->stats.count / all);
	print_name(t, node->address);
	textout_printf(t->out, "  # %" PRIu64 "\n", node->stats.count);
	while (pstacks_only(&t->stacks, node->uses, node->nr_uses, ++depth, &next)) {
		print_prefix(t, last ? "           " : "|          ");
		print_name(t, next.address);
		textout_str(t->out, "\n");
	}
	if (pstacks_part(&t->stacks, node->uses, node->nr_uses, depth, NULL)) {
		if (buf_printf(&t->prefix, last ? "             " : "|            "))
			return -ENOMEM;
		ret = print_level(t, node->uses, node->nr_uses, depth, node->stats.count);
		t->prefix.len = prefix_len;
	}
	return ret;
}

static int print_level(struct tree *t, struct pstack_use *uses, uint32_t n, uint32_t depth,
		       uint64_t all)
{
	_cleanup_free_ struct pstack_node *nodes = NULL;
	uint32_t i, parts;
	int ret = 0;

	nodes = pstacks_nodes(&t->stacks, uses, n, depth, &parts);
	if (!nodes)
		return -ENOMEM;
	for (i = 0; !ret && i < parts; i++)
		ret = print_branch(t, &nodes[i], depth, i == parts - 1, all);
	return ret;
}

/*
 * What stands for the function that @address is in: the first such address. Not its start: several
 * functions may have that. 0: out of memory.
 */
static uint64_t frame_of(struct tree *t, uint64_t address)
{
	uint64_t start = tep_find_function_address(t->tep, address);
	uint32_t before = t->starts.used, i;

	if (!start)
		return address;
	i = ptable_number(&t->starts, start, 0);
	if (i == PTABLE_NONE ||
	    !ptable_grow((void **)&t->frames, &t->frames_room, i, sizeof(*t->frames)))
		return 0;
	if (i == before)
		t->frames[i] = address;
	return t->frames[i];
}

/* The stacks of an entry with what stands for functions as frames. NULL: out of memory. */
static struct pstack_use *plain_uses(struct tree *t, const struct profile *p,
				     const struct profile_entry *e, uint32_t *ret_count)
{
	struct pstack_use *uses = profile_uses(p, e, ret_count);
	uint32_t i, k;

	for (i = 0; uses && i < *ret_count; i++) {
		const struct pstack *stack = &p->stacks.list[uses[i].stack];
		uint64_t frames[PSTACK_FRAMES];

		for (k = 0; k < stack->len; k++)
			frames[k] = frame_of(t, p->stacks.frames[stack->start + k]);
		uses[i].stack = pstacks_number(&t->stacks, frames, stack->len);
		if (uses[i].stack == PTABLE_NONE) {
			free(uses);
			return NULL;
		}
	}
	return uses;
}

/* The callers: a list if there are no others, else a tree. 0; -ENOMEM. */
static int print_callers(struct tree *t, const struct chain *c)
{
	uint32_t n, depth = 0, i;
	_cleanup_free_ struct pstack_use *uses = plain_uses(t, c->file->profile, c->entry, &n);
	struct pstack_node next;
	uint64_t with_stack = 0;

	if (!uses)
		return -ENOMEM;
	pstacks_sort(&t->stacks, uses, n);
	for (i = 0; i < n; i++)
		with_stack += uses[i].stats.count;
	while (n && pstacks_only(&t->stacks, uses, n, depth, &next))
		depth++;
	if (n && (with_stack < c->entry->count ||
		  pstacks_part(&t->stacks, uses, n, depth, NULL))) {
		t->prefix.len = 0;
		if (buf_printf(&t->prefix, "            "))
			return -ENOMEM;
		return print_level(t, uses, n, 0, c->entry->count);
	}
	for (i = 0; i < depth; i++) {
		pstacks_only(&t->stacks, uses, n, i, &next);
		textout_str(t->out, "          ");
		print_name(t, next.address);
		textout_str(t->out, "\n");
	}
	return 0;
}

static int print_chain(struct tree *t, const struct chain *c, uint64_t all)
{
	const char *comm, *star = c->function ? "" : "*";

	textout_printf(t->out, "  %%%3.2f ", 100.0 * c->entry->count / all);
	if (c->owner->kind == OWNER_GLOBAL) {
		textout_str(t->out, "<all pids>");
	} else {
		comm = tep_data_comm_from_pid(t->tep, c->owner->number);
		textout_printf(t->out, " (%d) ", c->owner->number);
		value_text(t->out, FORMAT_TEXT, comm, strlen(comm));
	}
	textout_printf(t->out, " %30s #%" PRIu64 "\n         |\n         --- %s%s%s\n", c->name,
		       c->entry->count, star, c->name, star);
	textout_line_end(t->out);
	return print_callers(t, c);
}

static int by_count(const void *a, const void *b)
{
	const struct chain *x = a, *y = b;
	int order;

	if (x->entry->count != y->entry->count)
		return x->entry->count > y->entry->count ? -1 : 1;
	if (x->owner->number != y->owner->number)
		return x->owner->number < y->owner->number ? -1 : 1;
	order = strcmp(x->name, y->name);
	return order ? order : x->entry->key.b < y->entry->key.b ? -1 : 1;
}

static void chain_name(struct chain *c)
{
	const struct pevents *events = &c->file->profile->events;

	c->function = c->entry->key.b;
	c->name = events->by_id[profile_kind(c->entry) - events->nr_pairs]->tep->name;
	if (!c->function)
		return;
	c->name = tep_find_function(c->file->tep, c->entry->key.b);
	if (c->name)
		return;
	snprintf(c->address, sizeof(c->address), "0x%" PRIx64, c->entry->key.b);
	c->name = c->address;
}

/* All entries of all files as chains. NULL: out of memory. */
static struct chain *collect(const struct hist_file *files, unsigned int nr_files,
			     uint32_t *ret_count, uint64_t *ret_all)
{
	struct chain *chains;
	uint32_t i, k, owner, n = 0;

	for (i = 0; i < nr_files; i++)
		n += files[i].profile->entries.used;
	chains = calloc(n + 1, sizeof(*chains));
	n = 0;
	for (i = 0; chains && i < nr_files; i++) {
		const struct profile *p = files[i].profile;

		for (owner = 0; owner < p->owners_known.used; owner++) {
			for (k = p->owners[owner].entries; k; k = profile_entry_at(p, k - 1)->next) {
				chains[n] = (struct chain){
					.file = &files[i], .owner = &p->owners[owner],
					.entry = profile_entry_at(p, k - 1),
				};
				*ret_all += chains[n++].entry->count;
			}
		}
	}
	*ret_count = n;
	return chains;
}

int hist_print(const struct hist_file *files, unsigned int nr_files, struct textout *out,
	       struct err *err)
{
	_cleanup_free_ struct chain *chains = NULL;
	uint64_t all = 0;
	uint32_t i, n;
	int ret = 0;

	chains = collect(files, nr_files, &n, &all);
	if (!chains)
		return -ENOMEM;
	if (!n) {
		err_set(err, 0, "No records found in file");
		return -ENODATA;
	}
	for (i = 0; i < n; i++)
		chain_name(&chains[i]);
	/* a name of its own moves with its chain */
	qsort(chains, n, sizeof(*chains), by_count);
	for (i = 0; !ret && i < n; i++) {
		struct tree t = { .tep = chains[i].file->tep, .out = out, .prefix = BUF_INIT };

		if (chains[i].function && chains[i].address[0])
			chains[i].name = chains[i].address;
		if (i)
			textout_str(out, "\n");
		ret = print_chain(&t, &chains[i], all);
		buf_release(&t.prefix);
		pstacks_release(&t.stacks);
		ptable_release(&t.starts);
		free(t.frames);
	}
	return ret;
}
