/*
 * clocks.c - see clocks.h. Layer 5.
 */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/strlist.h"
#include "clocks/clocks.h"
#include "clocks/plot.h"
#include "clocks/refine.h"
#include "clocks/show.h"
#include "in/handle.h"

struct run {
	const struct clocks_plan *plan;
	struct host host;
	char **paths;			/* of the guests' files; ours if they were found */
	unsigned int nr_guests;
	bool found;
	struct guest *guests;
};

static void run_release(struct run *r)
{
	unsigned int i;

	for (i = 0; i < r->nr_guests; i++) {
		if (r->guests)
			guest_close(&r->guests[i]);
		if (r->found)
			free(r->paths[i]);
	}
	if (r->found)
		free(r->paths);
	free(r->guests);
	host_close(&r->host);
}

/* DIR/HOST-NAME.dat for DIR/HOST.dat, as record calls them. NULL: out of memory, or no such file. */
static char *guest_path(const char *host, const char *name)
{
	const char *dot = strrchr(host, '.'), *slash = strrchr(host, '/');
	int len = dot && (!slash || dot > slash) ? (int)(dot - host) : (int)strlen(host);
	char *path = NULL;

	/* a name comes out of a file */
	if (!name[0] || strchr(name, '/') ||
	    asprintf(&path, "%.*s-%s%s", len, host, name, host + len) < 0)
		return NULL;
	if (access(path, R_OK)) {
		free(path);
		return NULL;
	}
	return path;
}

static int find_guests(struct run *r, struct err *err)
{
	const struct in_info *info = &r->host.handle->file->info;
	unsigned int i;

	r->paths = calloc(info->nr_guests + 1, sizeof(*r->paths));
	if (!r->paths)
		return -ENOMEM;
	r->found = true;
	for (i = 0; i < info->nr_guests; i++) {
		char *path = guest_path(r->plan->host, info->guests[i].name);

		if (path)
			r->paths[r->nr_guests++] = path;
	}
	if (r->nr_guests)
		return 0;
	if (!info->nr_guests)
		return err_set(err, -ENOENT, "%s was recorded without guests: -i HOST comes first, then -i GUEST",
			       r->plan->host);
	return err_set(err, -ENOENT, "the files of its %u guests are not next to %s: give them with -i GUEST",
		       info->nr_guests, r->plan->host);
}

static int open_all(struct run *r, struct err *err)
{
	unsigned int i;
	int ret = host_open(&r->host, r->plan->host, err);

	if (ret)
		return ret;
	r->paths = r->plan->guests;
	if (r->plan->nr_guests)
		r->nr_guests = r->plan->nr_guests;
	else
		ret = find_guests(r, err);
	if (ret)
		return ret;
	r->guests = calloc(r->nr_guests, sizeof(*r->guests));
	if (!r->guests)
		return -ENOMEM;
	for (i = 0; i < r->nr_guests && !ret; i++)
		ret = guest_open(&r->guests[i], &r->host, r->paths[i], err);
	return ret;
}

/* Judge all; the first failure is told after the rest is done. 0; -errno. */
static int judge_all(struct run *r, struct clocks_result *result, struct err *err)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; i < r->nr_guests; i++) {
		struct guest *g = &r->guests[i];
		struct err one = { 0 };
		int code = guest_judge(g, &r->host, &one);

		if (code == -ENOMEM)
			return code;
		if (code && !ret) {
			ret = code;
			*err = one;
		}
		result->violated += g->causality.violated + g->causality.packets_violated;
		result->unknown += !g->shifted;
	}
	return ret;
}

/* What came of it; @better: the bounds are narrower, which @path has now. */
static void tell_refined(const struct run *r, const struct guest *g, const struct refined *new, bool better,
			 const char *path)
{
	double unit = r->host.ns_per_count ? r->host.ns_per_count / 1000 : 1;
	const char *name = r->host.ns_per_count ? "us" : "counts";
	int digits = r->host.ns_per_count ? 3 : 0;

	if (better && new->worst_before < 0)
		fprintf(stderr, "%s: off by %.*f %s at worst, which nothing limited, by %" PRIu64 " bounds of events\n",
			path, digits, new->worst * unit, name, new->bounds);
	else if (better)
		fprintf(stderr, "%s: off by %.*f %s at worst instead of %.*f, by %" PRIu64 " bounds of events\n",
			path, digits, new->worst * unit, name, digits, new->worst_before * unit, new->bounds);
	else if (!new->placed && new->worst_before < 0)
		fprintf(stderr, "%s: the events narrow nothing: nothing limits the error, as before\n",
			g->path);
	else if (!new->placed)
		fprintf(stderr, "%s: the events narrow nothing: off by %.*f %s at worst, as before\n",
			g->path, digits, new->worst_before * unit, name);
	if (new->placed)
		fprintf(stderr, "%s: its TSC was set anew, %u time%s: when is known by the host's kvm_write_tsc_offset\n",
			path, new->steps, new->steps == 1 ? "" : "s");
}

static int refine_one(struct run *r, struct guest *g, struct err *err)
{
	const char *path = r->plan->output ? r->plan->output : g->path;
	struct refined new;
	bool better;
	int ret = refine_guest(g, &new, err);

	if (ret)
		return ret;
	better = new.worst >= 0 && (new.worst_before < 0 || new.worst < new.worst_before);
	if (better || new.placed)
		ret = refine_write(g, &new, path, err);
	if (!ret)
		tell_refined(r, g, &new, better, path);
	refined_release(&new);
	return ret;
}

static int refine_all(struct run *r, struct err *err)
{
	unsigned int i;
	int ret = 0;

	if (r->plan->output && r->nr_guests > 1)
		return err_set(err, -EINVAL, "-o: one file cannot hold %u guests: name one with -i",
			       r->nr_guests);
	for (i = 0; i < r->nr_guests && !ret; i++)
		ret = refine_one(r, &r->guests[i], err);
	return ret;
}

static int tell(struct run *r, struct err *err)
{
	unsigned int i;

	if (r->plan->json)
		show_json(stdout, r->guests, r->nr_guests, &r->host, false);
	for (i = 0; i < r->nr_guests && !r->plan->json; i++)
		show_guest(stdout, &r->guests[i], &r->host);
	if (fflush(stdout) || ferror(stdout))
		return err_set(err, errno ? -errno : -EIO, "cannot write the result");
	return r->plan->plot ?
	       plot_guests(r->plan->plot, r->guests, r->nr_guests, &r->host, err) : 0;
}

int clocks_run(const struct clocks_plan *plan, struct clocks_result *result, struct err *err)
{
	_cleanup_(run_release) struct run r = { .plan = plan };
	struct err later = { 0 };
	int ret, judged;

	*result = (struct clocks_result){ 0 };
	ret = open_all(&r, err);
	if (ret)
		return ret;
	judged = judge_all(&r, result, err);
	if (judged == -ENOMEM)
		return judged;
	ret = tell(&r, judged ? &later : err);
	if (!ret && !judged && plan->refine)
		ret = refine_all(&r, err);
	return judged ? judged : ret;
}
