/*
 * btf.h - the kernel's types (BTF): the functions in them, with the types of their parameters.
 *
 * Layer 1, pure. A blob is what /sys/kernel/btf/vmlinux, or MODULE beside it, has, or what a trace file
 * has stored of it; so it may be anything. All types are walked once, so that each one is known to lie in
 * the blob with all that belongs to it; ids and names are checked where they are used, and chains of
 * types that never end are given up. Either byte order.
 */
#ifndef WIRE_BTF_H
#define WIRE_BTF_H

#include "wire/cursor.h"

/* The kernel's own limits, and of a blob within them. */
#define BTF_TYPES_MAX	(1u << 20)
#define BTF_STRINGS_MAX	(16u << 20)
#define BTF_BYTES_MAX	(128u << 20)

enum btf_kind {
	BTF_VOID, BTF_INT, BTF_PTR, BTF_ARRAY, BTF_STRUCT, BTF_UNION, BTF_ENUM, BTF_FWD, BTF_TYPEDEF,
	BTF_VOLATILE, BTF_CONST, BTF_RESTRICT, BTF_FUNC, BTF_FUNC_PROTO, BTF_VAR, BTF_DATASEC,
	BTF_FLOAT, BTF_DECL_TAG, BTF_TYPE_TAG, BTF_ENUM64,
};

/* A blob, which must outlive this. Only for btf.c and btf-text.c. */
struct btf {
	const struct btf *base;		/* the kernel's, of a module's; else NULL */
	enum byte_order order;
	const uint8_t *types, *strings;
	size_t types_len, strings_len;	/* strings end in a NUL, unless there are none */
	uint32_t *offset;		/* of each type in types */
	uint32_t first_id, nr_types;	/* id of the first one: 1, or behind those of the base */
	uint32_t *funcs;		/* indices of those that are functions, by name */
	uint32_t nr_funcs;
};

/*
 * Know the types in @data. @base: if they are a module's, the kernel's, which must outlive @b. 0;
 * -EINVAL it is no BTF; -EBADMSG it is damaged; -E2BIG; -ENOMEM: nothing needs to be released then.
 */
int btf_init(struct btf *b, const struct btf *base, const void *data, size_t len);
void btf_release(struct btf *b);

/* The id of the function @name; 0: there is none. */
uint32_t btf_find_function(const struct btf *b, const char *name);

/* One type. */
struct btf_type {
	enum btf_kind kind;
	bool flag;			/* of enums: signed; of FWD: a union */
	uint32_t count;			/* of members, values, parameters */
	const char *name;		/* "" if it has none */
	uint32_t size;			/* bytes, or the type it is made of, by kind */
	struct cursor more;		/* what follows */
};

/* 0; -EBADMSG: no such type. 0 is void. */
int btf_type(const struct btf *b, uint32_t id, struct btf_type *ret);

/* A name; "?" if @offset leads nowhere. */
const char *btf_string(const struct btf *b, uint32_t offset);

/* --- btf-text.c */

/*
 * Append the parameters of the function with @id, with their types as C declares them: "(struct file
 * *file, char *buf, ...)". Those of a hostile blob may be cut off. 0; -EBADMSG: no function; -ENOMEM.
 */
int btf_put_params(struct buf *out, const struct btf *b, uint32_t id);

/*
 * Append what the function with @id was called with, "file=0xffff888004a2c500, count=-1, ...", as the
 * kernel shows it: pointers and unsigned numbers in hexadecimal, others and enums in decimal.
 * @args: the registers that hold arguments, in their order, and @nr of them; @long_size: their size.
 * 0; -EBADMSG: no function.
 */
int btf_put_args(struct buf *out, const struct btf *b, uint32_t id, const uint64_t *args,
		 unsigned int nr, unsigned int long_size);

#endif
