/*
 * btf-text.c - declarations and values by the kernel's types: see btf.h. Layer 1.
 */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "wire/btf.h"

#define CHAIN_MAX	64	/* typedefs, pointers and the like around a type; the kernel allows 32 */
#define NESTED_MAX	8	/* functions as parameters of functions */
#define TYPES_SHOWN	512	/* of one declaration, all that is nested in it */
#define NAME_SHOWN	256	/* bytes of a name */
#define ARGS_SHOWN	64	/* a struct of no size takes no register, so these alone are no limit */
#define ARRAY_REGISTERS	2	/* that a struct is passed in; larger ones go elsewhere */

/* INT: what follows it */
#define INT_SIGNED	(1u << 24)

/* A name as C has them: whatever else a file holds does not get onto terminals. */
static void put_name(struct buf *out, const char *name)
{
	size_t i;

	for (i = 0; name[i] && i < NAME_SHOWN; i++)
		buf_add(out, isalnum((unsigned char)name[i]) || strchr("_.$", name[i]) ? name + i : "?", 1);
}

/* --- declarations */

/* A declaration that is being written. */
struct writer {
	const struct btf *btf;
	unsigned int left;	/* types that may still be looked at */
};

static bool is_qualifier(enum btf_kind kind)
{
	return kind == BTF_CONST || kind == BTF_VOLATILE || kind == BTF_RESTRICT;
}

static const char *qualifier(enum btf_kind kind)
{
	return kind == BTF_CONST ? "const" : kind == BTF_VOLATILE ? "volatile" : "restrict";
}

/* Does @id, behind qualifiers and tags, point to something? */
static bool is_pointer(struct writer *w, uint32_t id)
{
	struct btf_type t;
	unsigned int i;

	for (i = 0; i < CHAIN_MAX && !btf_type(w->btf, id, &t); i++, id = t.size) {
		if (!is_qualifier(t.kind) && t.kind != BTF_TYPE_TAG)
			return t.kind == BTF_PTR;
	}
	return false;
}

/* Put @text in front of the declarator @d. */
static void prepend(struct buf *d, const char *text)
{
	size_t n = strlen(text);

	if (!buf_extend(d, n))
		return;
	memmove(d->data + n, d->data, d->len - n);
	memcpy(d->data, text, n);
}

/* What is pointed to is an array or a function: "(*name)". */
static void enclose(struct buf *d)
{
	if (d->len && d->data[0] == '*') {
		prepend(d, "(");
		buf_add(d, ")", 1);
	}
}

/* A type that is named, without qualifiers. */
static void put_base(struct buf *out, const struct btf_type *t)
{
	const char *tag = t->kind == BTF_STRUCT || (t->kind == BTF_FWD && !t->flag) ? "struct " :
			  t->kind == BTF_UNION || t->kind == BTF_FWD ? "union " :
			  t->kind == BTF_ENUM || t->kind == BTF_ENUM64 ? "enum " : "";
	const char *name = t->name;

	buf_add_str(out, tag);
	if (*tag && !*name)
		buf_add_str(out, "{...}");
	/* as "long unsigned int" */
	for (; *name && name - t->name < NAME_SHOWN; name++)
		buf_add(out, isalnum((unsigned char)*name) || strchr("_.$ ", *name) ? name : "?", 1);
}

static void put_params(struct buf *out, struct writer *w, const struct btf_type *proto,
		       unsigned int depth);

/*
 * One step from the declarator @d towards the type that is named: @t is what @d has. 1: go on with *@id;
 * 0: @t is that type.
 */
static int declarator_step(struct buf *d, struct buf *qualifiers, struct writer *w,
			   struct btf_type *t, unsigned int depth, uint32_t *id)
{
	*id = t->size;
	switch (t->kind) {
	case BTF_PTR:
		prepend(d, "*");
		return 1;
	case BTF_TYPE_TAG:
		return 1;
	case BTF_CONST:
	case BTF_VOLATILE:
	case BTF_RESTRICT:
		if (!is_pointer(w, *id)) {
			buf_printf(qualifiers, "%s ", qualifier(t->kind));
			return 1;
		}
		prepend(d, d->len ? " " : "");
		prepend(d, qualifier(t->kind));
		return 1;
	case BTF_ARRAY:
		enclose(d);
		*id = cursor_u32(&t->more);
		cursor_u32(&t->more);
		buf_printf(d, "[%" PRIu32 "]", cursor_u32(&t->more));
		return 1;
	case BTF_FUNC_PROTO:
		enclose(d);
		put_params(d, w, t, depth + 1);
		return 1;
	default:
		return 0;
	}
}

/* "struct file *file", of the type @id; @name may be "". */
static void put_declaration(struct buf *out, struct writer *w, uint32_t id, const char *name,
			    unsigned int depth)
{
	_cleanup_buf_ struct buf d = BUF_INIT, qualifiers = BUF_INIT;
	struct btf_type t;
	unsigned int i;

	put_name(&d, name);
	for (i = 0; ; i++) {
		if (i == CHAIN_MAX || !w->left || btf_type(w->btf, id, &t)) {
			t = (struct btf_type){ .kind = BTF_VOID, .name = "?" };
			break;
		}
		w->left--;
		if (!declarator_step(&d, &qualifiers, w, &t, depth, &id))
			break;
	}
	if (qualifiers.len)
		buf_add(out, qualifiers.data, qualifiers.len);
	put_base(out, &t);
	if (d.len)
		buf_printf(out, " %s", (char *)d.data);
	if (d.error || qualifiers.error)
		out->error = -ENOMEM;
}

/* The next parameter; "..." has neither name nor type. */
struct param {
	const char *name;
	uint32_t type;
	bool any;
};

static struct param next_param(const struct btf *b, struct btf_type *proto, bool last)
{
	uint32_t name = cursor_u32(&proto->more);
	struct param p = { btf_string(b, name), cursor_u32(&proto->more), false };

	p.any = last && !name && !p.type;
	return p;
}

static void put_params(struct buf *out, struct writer *w, const struct btf_type *proto,
		       unsigned int depth)
{
	struct btf_type t = *proto;
	uint32_t i;

	buf_add(out, "(", 1);
	for (i = 0; i < t.count; i++) {
		struct param p = next_param(w->btf, &t, i + 1 == t.count);

		if (i)
			buf_add_str(out, ", ");
		if (p.any || depth > NESTED_MAX || !w->left) {
			buf_add_str(out, "...");
			break;
		}
		put_declaration(out, w, p.type, p.name, depth);
	}
	buf_add_str(out, t.count ? ")" : "void)");
}

/* How the function @id is called. 0; -EBADMSG. */
static int find_proto(const struct btf *b, uint32_t id, struct btf_type *ret)
{
	struct btf_type func;

	if (btf_type(b, id, &func) || func.kind != BTF_FUNC || btf_type(b, func.size, ret) ||
	    ret->kind != BTF_FUNC_PROTO)
		return -EBADMSG;
	return 0;
}

int btf_put_params(struct buf *out, const struct btf *b, uint32_t id)
{
	struct writer w = { b, TYPES_SHOWN };
	struct btf_type proto;
	int ret = find_proto(b, id, &proto);

	if (!ret)
		put_params(out, &w, &proto, 0);
	return ret ? ret : out->error;
}

/* --- values */

/* Registers that arguments come in. */
struct registers {
	const uint64_t *value;
	unsigned int nr, next;
	unsigned int size;	/* bytes of each */
};

/* What @id is, whatever it is called. A chain that never ends is no type. 0; -EBADMSG. */
static int resolve(const struct btf *b, uint32_t id, struct btf_type *ret)
{
	unsigned int i;

	for (i = 0; i < CHAIN_MAX && !btf_type(b, id, ret); i++, id = ret->size) {
		if (!is_qualifier(ret->kind) && ret->kind != BTF_TYPEDEF && ret->kind != BTF_TYPE_TAG)
			return 0;
	}
	return -EBADMSG;
}

/* The low @bytes of @v, with their sign or without. */
static int64_t low_signed(uint64_t v, uint32_t bytes)
{
	unsigned int shift = bytes && bytes < 8 ? 64 - 8 * bytes : 0;

	return (int64_t)(v << shift) >> shift;
}

static uint64_t low_unsigned(uint64_t v, uint32_t bytes)
{
	return bytes && bytes < 8 ? v & ((1ull << 8 * bytes) - 1) : v;
}

/* In @count registers, "[0x1,0x2]". */
static void put_several(struct buf *out, struct registers *r, unsigned int count)
{
	unsigned int i;

	buf_add(out, "[", 1);
	for (i = 0; i < count && r->next < r->nr; i++)
		buf_printf(out, "%s0x%" PRIx64, i ? "," : "", r->value[r->next++]);
	buf_add_str(out, i < count ? "...]" : "]");
}

/* A number, or some registers full of it. */
static void put_number(struct buf *out, struct registers *r, uint32_t bytes, bool is_signed)
{
	if (bytes > r->size)
		put_several(out, r, (bytes + r->size - 1) / r->size);
	else if (is_signed)
		buf_printf(out, "%" PRId64, low_signed(r->value[r->next++], bytes));
	else
		buf_printf(out, "0x%" PRIx64, low_unsigned(r->value[r->next++], bytes));
}

/* What has no place in registers; nor does anybody know which of them what follows is in. */
static bool goes_elsewhere(const struct btf_type *t, const struct registers *r)
{
	bool number = t->kind == BTF_INT || t->kind == BTF_ENUM || t->kind == BTF_ENUM64;
	bool whole = t->kind == BTF_STRUCT || t->kind == BTF_UNION || number;

	return t->kind == BTF_FLOAT || (whole && t->size > ARRAY_REGISTERS * r->size);
}

/* The next argument, of type @id. 1; 0: from here on nothing is known. */
static int put_value(struct buf *out, const struct btf *b, uint32_t id, struct registers *r)
{
	struct btf_type t;

	if (resolve(b, id, &t))
		t = (struct btf_type){ .kind = BTF_VOID };
	if (goes_elsewhere(&t, r))
		return 0;
	switch (t.kind) {
	case BTF_PTR:
		put_number(out, r, r->size, false);
		break;
	case BTF_INT:
		put_number(out, r, t.size, cursor_u32(&t.more) & INT_SIGNED);
		break;
	case BTF_ENUM:
	case BTF_ENUM64:
		/* always in decimal */
		if (t.flag || t.size > r->size)
			put_number(out, r, t.size, true);
		else
			buf_printf(out, "%" PRIu64, low_unsigned(r->value[r->next++], t.size));
		break;
	case BTF_STRUCT:
	case BTF_UNION:
		put_several(out, r, (t.size + r->size - 1) / r->size);
		break;
	default:
		buf_add(out, "?", 1);
		put_number(out, r, r->size, false);
	}
	return 1;
}

int btf_put_args(struct buf *out, const struct btf *b, uint32_t id, const uint64_t *args,
		 unsigned int nr, unsigned int long_size)
{
	struct registers r = { args, nr, 0, long_size == 4 ? 4 : 8 };
	struct btf_type proto;
	uint32_t i;

	if (find_proto(b, id, &proto))
		return -EBADMSG;
	for (i = 0; i < proto.count; i++) {
		struct param p = next_param(b, &proto, i + 1 == proto.count);

		if (i)
			buf_add_str(out, ", ");
		if (p.any || r.next == r.nr || i == ARGS_SHOWN) {
			buf_add_str(out, "...");
			break;
		}
		if (*p.name) {
			put_name(out, p.name);
			buf_add(out, "=", 1);
		}
		if (!put_value(out, b, p.type, &r)) {
			buf_add_str(out, "...");
			break;
		}
	}
	return 0;
}
