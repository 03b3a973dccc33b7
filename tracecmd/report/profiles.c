/*
 * profiles.c - see profiles.h. Layer 5.
 */
#include <errno.h>
#include <stdlib.h>

#include "message.h"
#include "report/profile.h"
#include "report/profiles.h"

struct profiles {
	const struct inputs *in;
	struct profile **of;		/* one for each stream */
};

/* All hooks of a stream: those of its file, and those of the plan. 0; -ENOMEM. */
static int hooks_of(const struct inputs *in, const struct stream *s, struct hooks *ret)
{
	const struct hooks *given = &in->plan->hooks;
	struct err err = { 0 };
	const char *text;
	unsigned int i;
	int k, error;

	for (i = 0; i < given->count; i++) {
		if (hooks_add(ret, given->item[i].whole, &err))
			return -ENOMEM;
	}
	for (k = 0; s && (text = tracecmd_get_hook(s->handle, k)); k++) {
		error = hooks_add(ret, text, &err);
		if (error == -ENOMEM)
			return error;
		if (error)
			cmd_warn(0, "%s: %s", s->file, err.text);
	}
	return 0;
}

struct profiles *profiles_new(const struct inputs *in, struct err *err)
{
	struct profiles *p = calloc(1, sizeof(*p));
	unsigned int i;

	if (!p || !(p->of = calloc(in->nr_streams + 1, sizeof(*p->of)))) {
		free(p);
		err_set(err, -ENOMEM, "out of memory");
		return NULL;
	}
	p->in = in;
	for (i = 0; i < in->nr_streams; i++) {
		struct hooks hooks = { 0 };

		if (hooks_of(in, &in->streams[i], &hooks))
			err_set(err, -ENOMEM, "out of memory");
		else
			p->of[i] = profile_new(&in->streams[i], &hooks,
					       in->plan->profile_irqs_global, err);
		hooks_release(&hooks);
		if (!p->of[i]) {
			profiles_free(p);
			return NULL;
		}
	}
	return p;
}

void profiles_free(struct profiles *p)
{
	unsigned int i;

	if (!p)
		return;
	for (i = 0; i < p->in->nr_streams; i++)
		profile_free(p->of[i]);
	free(p->of);
	free(p);
}

int profiles_event(struct profiles *p, const struct stream *s, struct tep_record *record)
{
	return profile_event(p->of[s - p->in->streams], record);
}

void profiles_lost(struct profiles *p, const struct stream *s, int cpu)
{
	profile_lost(p->of[s - p->in->streams], cpu);
}

int profiles_print(struct profiles *p, struct textout *out)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; !ret && i < p->in->nr_streams; i++) {
		const struct stream *s = &p->in->streams[i];

		if (p->in->labels)
			textout_printf(out, "\n%s:\n", s->label ? s->label : s->file);
		ret = profile_print(p->of[i], p->in->plan->profile_by_comm, out);
	}
	return ret;
}

static const char *or_null(const char *text)
{
	return text ? text : "(null)";
}

static void print_hook(const char *text, struct textout *out)
{
	struct hooks hooks = { 0 };
	struct err err = { 0 };

	if (!hooks_add(&hooks, text, &err)) {
		const struct hook *h = &hooks.item[0];

		textout_printf(out, "start %s:%s:%s (%s) end %s:%s:%s (%s)\n",
			       or_null(h->start_system), h->start_event, h->start_match,
			       or_null(h->start_pid), or_null(h->end_system), h->end_event,
			       h->end_match, or_null(h->flags));
	}
	hooks_release(&hooks);
}

void profiles_hooks(const struct inputs *in, struct textout *out)
{
	const char *text;
	unsigned int i;
	int k;

	for (i = 0; i < in->plan->hooks.count; i++)
		print_hook(in->plan->hooks.item[i].whole, out);
	for (i = 0; i < in->nr_inputs; i++) {
		for (k = 0; (text = tracecmd_get_hook(in->input[i].handle, k)); k++)
			print_hook(text, out);
	}
}
