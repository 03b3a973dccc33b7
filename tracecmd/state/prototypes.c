/*
 * prototypes.c - see prototypes.h. Layer 5.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/io.h"
#include "state/prototypes.h"

#define KERNEL "vmlinux"

static int load(const char *name, const struct btf *base, struct buf *blob, struct btf *ret)
{
	char path[sizeof(BTF_DIR) + 80];
	int error;

	snprintf(path, sizeof(path), BTF_DIR "/%s", name);
	buf_init(blob, BTF_BYTES_MAX);
	error = io_read_path(path, blob);
	if (!error)
		error = btf_init(ret, base, blob->data, blob->len);
	if (error)
		buf_release(blob);
	return error;
}

int prototypes_init(struct prototypes *p, struct err *err)
{
	int ret;

	*p = (struct prototypes){ .has_module = false };
	ret = load(KERNEL, NULL, &p->blob, &p->kernel);
	if (ret == -ENOENT)
		return err_set(err, ret, "this kernel does not tell its types: there is no " BTF_DIR "/" KERNEL);
	return ret ? err_set(err, ret, "reading the types in " BTF_DIR "/" KERNEL) : 0;
}

static void drop_module(struct prototypes *p)
{
	if (p->has_module) {
		btf_release(&p->module);
		buf_release(&p->module_blob);
	}
	p->has_module = false;
	p->name[0] = '\0';
}

void prototypes_release(struct prototypes *p)
{
	drop_module(p);
	btf_release(&p->kernel);
	buf_release(&p->blob);
}

/* Those of a module; functions come module by module. 0, also if it has none; -ENOMEM. */
static int find_module(struct prototypes *p, const char *name)
{
	int ret;

	if (!strcmp(p->name, name))
		return 0;
	drop_module(p);
	/* what is no file name, as "__builtin__ftrace", has no file */
	if (strlen(name) >= sizeof(p->name) || strchr(name, '/'))
		return 0;
	snprintf(p->name, sizeof(p->name), "%s", name);
	ret = load(name, &p->kernel, &p->module_blob, &p->module);
	p->has_module = !ret;
	return ret == -ENOMEM ? ret : 0;
}

int prototypes_put(struct prototypes *p, const char *function, const char *module, struct buf *out)
{
	const struct btf *btf = &p->kernel;
	uint32_t id;

	if (module) {
		if (find_module(p, module))
			return -ENOMEM;
		if (!p->has_module)
			return 0;
		btf = &p->module;
	}
	id = btf_find_function(btf, function);
	return id && btf_put_params(out, btf, id) == -ENOMEM ? -ENOMEM : 0;
}
