/*
 * types.c - see types.h. Layer 2.
 */
#include <errno.h>

#include "in/parse.h"
#include "in/types.h"

static void read_types(struct in_types *t, struct in_file *f)
{
	struct err why = { 0 };
	int ret;

	if (!f->part[DAT_BTF_FILE].present)
		return;
	ret = in_file_load(f, DAT_BTF_FILE, &t->blob, &why);
	if (ret) {
		err_set(&f->damage, ret, "%s", why.text);
		return;
	}
	ret = btf_init(&t->btf, NULL, t->blob.data, t->blob.len);
	t->known = !ret;
	if (ret)
		in_file_note(f, ret == -ENOMEM ? ret : -EBADMSG, "the kernel's types (BTF) are damaged");
}

const struct btf *in_types_get(struct in_types *t, struct in_file *f)
{
	if (!t->tried)
		read_types(t, f);
	t->tried = true;
	return t->known ? &t->btf : NULL;
}

void in_types_release(struct in_types *t)
{
	if (t->known)
		btf_release(&t->btf);
	buf_release(&t->blob);
	*t = (struct in_types){ .tried = false };
}
