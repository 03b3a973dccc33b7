/*
 * mem.c - see mem.h. Layer 5.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "report/events.h"
#include "report/mem.h"
#include "report/pevents.h"
#include "report/ptable.h"
#include "report/scan.h"
#include "report/value.h"

/* Bytes that a function has now, those it ever got, and the most it had at a time. */
struct site {
	uint64_t address;		/* in the function */
	struct tep_handle *tep;
	uint64_t alloc, req;
	uint64_t total_alloc, total_req;
	uint64_t max_alloc, max_req;
};

/* Memory at an address. */
struct block {
	uint32_t site;
	uint64_t alloc, req;
	bool used;
};

/* Where an event of the kind has what. */
struct kind {
	bool allocates, frees;
	struct pfield site, ptr, req, alloc;
	uint32_t min_size;
};

/* What the events of a file are. */
struct known {
	struct tep_handle *tep;
	struct pevents reader;		/* only for the byte order */
	struct kind kinds[6];
	unsigned int nr_kinds;
	unsigned char *by_id;		/* a kind's number + 1 */
};

struct mem {
	bool any;			/* records, of whatever event */
	struct known *files;
	unsigned int nr_files;
	struct ptable sites_known, blocks_known, starts_known;
	struct site *sites;
	struct block *blocks;
	uint64_t *starts;		/* of the functions of call sites */
	uint32_t sites_room, blocks_room, starts_room;
};

static bool kind_field(struct tep_event *event, const char *name, struct kind *k,
		       struct pfield *ret)
{
	const struct tep_format_field *f = tep_find_field(event, name);

	if (!f || f->offset < 0 || f->offset > 4096 || (f->size != 4 && f->size != 8))
		return false;
	*ret = (struct pfield){ .offset = f->offset, .size = f->size };
	if (k->min_size < (uint32_t)f->offset + f->size)
		k->min_size = f->offset + f->size;
	return true;
}

static void kind_add(struct known *file, const char *name, bool frees)
{
	struct tep_event *event = tep_find_event_by_name(file->tep, "kmem", name);
	struct kind *k = &file->kinds[file->nr_kinds];

	if (!event || event->id < 0 || event->id >= PEVENT_IDS)
		return;
	*k = (struct kind){ .allocates = !frees, .frees = frees };
	if (!kind_field(event, "ptr", k, &k->ptr))
		return;
	if (!frees && !(kind_field(event, "call_site", k, &k->site) &&
			kind_field(event, "bytes_req", k, &k->req) &&
			kind_field(event, "bytes_alloc", k, &k->alloc)))
		return;
	file->by_id[event->id] = ++file->nr_kinds;
}

/* The file that @tep is of, which may be new. NULL: out of memory. */
static struct known *file_of(struct mem *m, struct tep_handle *tep)
{
	struct known *more, *file;
	unsigned int i;

	for (i = 0; i < m->nr_files; i++) {
		if (m->files[i].tep == tep)
			return &m->files[i];
	}
	more = reallocarray(m->files, m->nr_files + 1, sizeof(*more));
	if (!more)
		return NULL;
	m->files = more;
	file = &more[m->nr_files];
	*file = (struct known){ .tep = tep };
	file->reader.swap = tep_is_file_bigendian(tep) != tep_is_local_bigendian(tep);
	file->by_id = calloc(PEVENT_IDS, 1);
	if (!file->by_id)
		return NULL;
	m->nr_files++;
	kind_add(file, "kmalloc", false);
	kind_add(file, "kmalloc_node", false);
	kind_add(file, "kmem_cache_alloc", false);
	kind_add(file, "kmem_cache_alloc_node", false);
	kind_add(file, "kfree", true);
	kind_add(file, "kmem_cache_free", true);
	return file;
}

/* The start of the function that @address is in; itself if none is known. PTABLE_NONE. */
static uint32_t start_of(struct mem *m, const struct known *file, uint64_t address)
{
	uint32_t before = m->starts_known.used;
	uint32_t i = ptable_number(&m->starts_known, file - m->files, address);
	uint64_t start;

	if (i == PTABLE_NONE || i < before)
		return i;
	if (!ptable_grow((void **)&m->starts, &m->starts_room, i, sizeof(*m->starts)))
		return PTABLE_NONE;
	start = tep_find_function_address(file->tep, address);
	m->starts[i] = start ? start : address;
	return i;
}

static struct site *site_of(struct mem *m, const struct known *file, uint64_t address,
			    uint32_t *ret_number)
{
	uint32_t start = start_of(m, file, address), before, i;

	if (start == PTABLE_NONE)
		return NULL;
	before = m->sites_known.used;
	i = ptable_number(&m->sites_known, file - m->files, m->starts[start]);
	if (i == PTABLE_NONE)
		return NULL;
	if (i == before) {
		if (!ptable_grow((void **)&m->sites, &m->sites_room, i, sizeof(*m->sites)))
			return NULL;
		m->sites[i].address = address;
		m->sites[i].tep = file->tep;
	}
	*ret_number = i;
	return &m->sites[i];
}

static void release_block(struct mem *m, struct block *b)
{
	if (!b->used)
		return;
	m->sites[b->site].alloc -= b->alloc;
	m->sites[b->site].req -= b->req;
	b->used = false;
}

/* The memory at @ptr of @file; NULL: out of memory. */
static struct block *block_of(struct mem *m, const struct known *file, uint64_t ptr)
{
	uint32_t i = ptable_number(&m->blocks_known, file - m->files, ptr);

	if (i == PTABLE_NONE ||
	    !ptable_grow((void **)&m->blocks, &m->blocks_room, i, sizeof(*m->blocks)))
		return NULL;
	return &m->blocks[i];
}

static uint64_t waste(const struct site *s)
{
	return s->alloc > s->req ? s->alloc - s->req : 0;
}

static int allocate(struct mem *m, const struct known *file, const struct kind *k,
		    const struct tep_record *record)
{
	uint64_t ptr = pfield_read(&file->reader, record->data, k->ptr);
	struct block *b = block_of(m, file, ptr);
	uint32_t number;
	struct site *s;

	s = site_of(m, file, pfield_read(&file->reader, record->data, k->site), &number);
	if (!b || !s)
		return -ENOMEM;
	release_block(m, b);	/* of which nobody has told */
	b->alloc = pfield_read(&file->reader, record->data, k->alloc);
	b->req = pfield_read(&file->reader, record->data, k->req);
	b->site = number;
	b->used = true;
	s->alloc += b->alloc;
	s->req += b->req;
	s->total_alloc += b->alloc;
	s->total_req += b->req;
	if (s->alloc > s->max_alloc)
		s->max_alloc = s->alloc;
	if (s->req > s->max_req)
		s->max_req = s->req;
	return 0;
}

static int mem_record(void *data, const struct stream *s, struct tep_record *record)
{
	struct mem *m = data;
	const struct event *e = events_find(s->events, record);
	struct known *file = file_of(m, s->tep);
	const struct kind *k;
	uint32_t i;

	m->any = true;
	if (!file)
		return -ENOMEM;
	if (!e || !file->by_id[e->tep->id])
		return 0;
	k = &file->kinds[file->by_id[e->tep->id] - 1];
	if ((uint32_t)record->size < k->min_size)
		return 0;
	if (k->allocates)
		return allocate(m, file, k, record);
	i = ptable_find(&m->blocks_known, file - m->files,
			pfield_read(&file->reader, record->data, k->ptr));
	if (i != PTABLE_NONE)
		release_block(m, &m->blocks[i]);
	return 0;
}

static int by_waste(const void *a, const void *b)
{
	const struct site *x = a, *y = b;

	if (waste(x) != waste(y))
		return waste(x) > waste(y) ? -1 : 1;
	if (x->alloc != y->alloc)
		return x->alloc > y->alloc ? -1 : 1;
	if (x->total_alloc != y->total_alloc)
		return x->total_alloc > y->total_alloc ? -1 : 1;
	return x->address < y->address ? -1 : x->address > y->address;
}

static int mem_print(void *data, struct textout *out, struct err *err)
{
	struct mem *m = data;
	uint32_t i;

	if (!m->any) {
		err_set(err, 0, "No records found in file");
		return -ENODATA;
	}
	textout_str(out, "                Function            \tWaste\tAlloc\treq\t\tTotAlloc     TotReq"
		    "\t\tMaxAlloc     MaxReq\tMaxWaste\n");
	textout_str(out, "                --------            \t-----\t-----\t---\t\t--------     ------"
		    "\t\t--------     ------\t--------\n");
	if (m->sites_known.used)
		qsort(m->sites, m->sites_known.used, sizeof(*m->sites), by_waste);
	for (i = 0; i < m->sites_known.used; i++) {
		const struct site *s = &m->sites[i];
		const char *name = tep_find_function(s->tep, s->address);
		char address[24];

		snprintf(address, sizeof(address), "0x%llx", (unsigned long long)s->address);
		textout_printf(out, "%32s\t%lld\t%lld\t%lld\t\t%8lld   %8lld\t\t%8lld   %8lld\t%lld\n",
			       name ? name : address, (long long)waste(s), (long long)s->alloc,
			       (long long)s->req, (long long)s->total_alloc,
			       (long long)s->total_req, (long long)s->max_alloc,
			       (long long)s->max_req, (long long)(s->max_alloc - s->max_req));
	}
	return 0;
}

int mem_run(const struct report_plan *plan, struct err *err)
{
	struct mem m = { 0 };
	const struct scan scan = {
		.name = "mem", .record = mem_record, .print = mem_print, .data = &m,
	};
	unsigned int i;
	int ret = scan_run(plan, &scan, err);

	for (i = 0; i < m.nr_files; i++)
		free(m.files[i].by_id);
	free(m.files);
	ptable_release(&m.sites_known);
	ptable_release(&m.blocks_known);
	ptable_release(&m.starts_known);
	free(m.sites);
	free(m.blocks);
	free(m.starts);
	return ret;
}
