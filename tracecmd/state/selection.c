/*
 * selection.c - see selection.h. Layer 5.
 */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "setup/setup.h"
#include "setup/tracefile.h"
#include "state/selection.h"

int selection_init(struct selection *s, struct err *err)
{
	*s = (struct selection){ 0 };
	return setup_find_tracing(&s->tracing, err);
}

void selection_release(struct selection *s)
{
	unsigned int i;

	for (i = 0; i < s->count; i++) {
		free(s->item[i].name);
		free(s->item[i].dir);
	}
	free(s->item);
	*s = (struct selection){ 0 };
}

/* Is it there already? */
static bool selected(const struct selection *s, const char *name)
{
	unsigned int i;

	for (i = 0; i < s->count; i++) {
		const char *other = s->item[i].name;

		if (name && other ? !strcmp(name, other) : name == other)
			return true;
	}
	return false;
}

int selection_add(struct selection *s, const char *name, struct err *err)
{
	struct selected new = { 0 }, *more;

	if (selected(s, name))
		return 0;
	if (name && (!*name || *name == '.' || strchr(name, '/')))
		return err_set(err, -EINVAL, "'%s' is no name of an instance", name);
	more = reallocarray(s->item, s->count + 1, sizeof(*more));
	if (!more)
		return err_set(err, -ENOMEM, "out of memory");
	s->item = more;
	new.name = name ? strdup(name) : NULL;
	new.dir = name ? tracefile_path(s->tracing, "instances/%s", name) : strdup(s->tracing);
	s->item[s->count++] = new;
	if (!new.dir || (name && !new.name))
		return err_set(err, -ENOMEM, "out of memory");
	if (access(new.dir, F_OK))
		return err_set(err, -errno, "there is no instance '%s': 'trace-cmd list -B' shows them",
			       name ? name : "");
	return 0;
}

int selection_add_top(struct selection *s, struct err *err)
{
	unsigned int before = s->count;
	struct selected top;
	int ret = selection_add(s, NULL, err);

	if (ret || s->count == before)
		return ret;
	top = s->item[before];
	memmove(s->item + 1, s->item, before * sizeof(*s->item));
	s->item[0] = top;
	return 0;
}

static int is_name(const struct dirent *d)
{
	return d->d_name[0] != '.';
}

int selection_add_instances(struct selection *s, struct err *err)
{
	_cleanup_free_ char *dir = tracefile_path(s->tracing, "instances");
	struct dirent **names = NULL;
	int i, n, ret = 0;

	if (!dir)
		return err_set(err, -ENOMEM, "out of memory");
	n = scandir(dir, &names, is_name, alphasort);
	if (n < 0)
		return err_set(err, -errno, "reading %s", dir);
	for (i = 0; i < n; i++) {
		int error = selection_add(s, names[i]->d_name, err);

		/* one that has gone meanwhile is no error */
		ret = ret ? ret : error == -ENOENT ? 0 : error;
		free(names[i]);
	}
	free(names);
	return ret;
}
