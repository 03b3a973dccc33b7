/*
 * plan.c - see plan.h. Layer 5.
 */
#include <errno.h>
#include <limits.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "report/plan.h"

#define CPU_LIMIT 65536			/* CPU numbers are below it */

void report_plan_init(struct report_plan *plan)
{
	*plan = (struct report_plan){ .verbosity = -1, .line.flags = true };
}

void strings_release(struct strings *s)
{
	while (s->count)
		free(s->item[--s->count]);
	free(s->item);
}

static void filters_release(struct plan_filters *f)
{
	while (f->count)
		free(f->item[--f->count].text);
	free(f->item);
}

void report_plan_release(struct report_plan *plan)
{
	unsigned int i;

	for (i = 0; i < plan->nr_inputs; i++) {
		free(plan->inputs[i].path);
		filters_release(&plan->inputs[i].filters);
	}
	free(plan->inputs);
	filters_release(&plan->filters);
	strings_release(&plan->comms);
	strings_release(&plan->raw_events);
	strings_release(&plan->plain_events);
	strings_release(&plan->fields);
	hooks_release(&plan->hooks);
	free(plan->pids);
	free(plan->cpus);
	free(plan->kallsyms);
	report_plan_init(plan);
}

/* Make room for one more item of @size bytes behind @count. */
static int grow(void *items, unsigned int count, size_t size)
{
	void **array = items;
	void *more = reallocarray(*array, count + 1, size);

	if (!more)
		return -ENOMEM;
	*array = more;
	return 0;
}

int strings_add(struct strings *s, const char *text)
{
	char *copy = strdup(text);

	if (!copy || grow(&s->item, s->count, sizeof(*s->item))) {
		free(copy);
		return -ENOMEM;
	}
	s->item[s->count++] = copy;
	return 0;
}

int plan_add_input(struct report_plan *plan, const char *path)
{
	char *copy = strdup(path);

	if (!copy || grow(&plan->inputs, plan->nr_inputs, sizeof(*plan->inputs))) {
		free(copy);
		return -ENOMEM;
	}
	plan->inputs[plan->nr_inputs++] = (struct plan_input){ .path = copy };
	return 0;
}

int plan_add_filter(struct report_plan *plan, const char *text, bool hide)
{
	struct plan_filters *f = plan->nr_inputs ? &plan->inputs[plan->nr_inputs - 1].filters :
						   &plan->filters;
	char *copy = strdup(text);

	if (!copy || grow(&f->item, f->count, sizeof(*f->item))) {
		free(copy);
		return -ENOMEM;
	}
	f->item[f->count++] = (struct plan_filter){ .text = copy, .hide = hide };
	return 0;
}

int plan_set_kallsyms(struct report_plan *plan, const char *path)
{
	free(plan->kallsyms);
	plan->kallsyms = strdup(path);
	return plan->kallsyms ? 0 : -ENOMEM;
}

int plan_add_comms(struct report_plan *plan, const char *list)
{
	_cleanup_free_ char *copy = strdup(list);
	char *next = copy, *name;

	if (!copy)
		return -ENOMEM;
	while ((name = strsep(&next, ","))) {
		if (*name && strings_add(&plan->comms, name))
			return -ENOMEM;
	}
	return 0;
}

/* Is the text a regular expression? */
static bool is_pattern(const char *text, size_t len)
{
	_cleanup_free_ char *whole = NULL;
	regex_t re;

	if (asprintf(&whole, "^%.*s$", (int)len, text) < 0) {
		whole = NULL;
		return false;
	}
	if (regcomp(&re, whole, REG_NOSUB))
		return false;
	regfree(&re);
	return true;
}

int strings_add_pattern(struct strings *s, const char *option, bool parted, const char *text,
			struct err *err)
{
	const char *colon = parted ? strchr(text, ':') : NULL;
	size_t len = colon ? (size_t)(colon - text) : strlen(text);

	if (!is_pattern(text, len) || (colon && !is_pattern(colon + 1, strlen(colon + 1))))
		return err_set(err, -EINVAL, "%s: '%s' is no regular expression", option, text);
	return strings_add(s, text);
}

static bool strings_have(const struct strings *s, const char *text)
{
	unsigned int i;

	for (i = 0; i < s->count && strcmp(s->item[i], text); i++)
		;
	return i < s->count;
}

int plan_add_fields(struct report_plan *plan, const char *list, struct err *err)
{
	_cleanup_free_ char *copy = strdup(list);
	char *next = copy, *name;

	if (!copy)
		return -ENOMEM;
	while ((name = strsep(&next, ","))) {
		if (!*name)
			return err_set(err, -EINVAL, "--fields: '%s' has an empty name", list);
		if (strings_have(&plan->fields, name))
			return err_set(err, -EINVAL, "--fields: '%s' is there twice", name);
		if (strings_add(&plan->fields, name))
			return -ENOMEM;
	}
	return 0;
}

int plan_set_time(struct plan_time *t, const char *option, const char *text, struct err *err)
{
	const char *p = text;
	unsigned int digits = 0;

	*t = (struct plan_time){ .given = true };
	for (; *p >= '0' && *p <= '9'; p++) {
		if (__builtin_mul_overflow(t->whole, 10, &t->whole) ||
		    __builtin_add_overflow(t->whole, *p - '0', &t->whole))
			return err_set(err, -EINVAL, "%s: '%s' is too large", option, text);
	}
	if (p == text)
		return err_set(err, -EINVAL, "%s: '%s' is no time: SECONDS[.FRACTION] as in the report",
			       option, text);
	if (*p == '.') {
		for (p++; *p >= '0' && *p <= '9'; p++, digits++) {
			if (digits < 9)
				t->frac_ns = t->frac_ns * 10 + (*p - '0');
		}
	}
	if (*p || digits > 9)
		return err_set(err, -EINVAL, "%s: '%s' is no time: SECONDS[.FRACTION] as in the report",
			       option, text);
	t->exact = digits > 6;
	for (; digits < 9; digits++)
		t->frac_ns *= 10;
	return 0;
}

int plan_add_pids(struct report_plan *plan, const char *list, struct err *err)
{
	const char *p = list;

	for (;;) {
		char *end;
		long pid;

		errno = 0;
		pid = strtol(p, &end, 10);
		if (end == p || errno || pid < 0 || pid > INT_MAX || (*end && *end != ','))
			return err_set(err, -EINVAL, "'%s' is not a list of pids", list);
		if (grow(&plan->pids, plan->nr_pids, sizeof(*plan->pids)))
			return err_set(err, -ENOMEM, "out of memory");
		memmove(plan->pids + 1, plan->pids, plan->nr_pids * sizeof(*plan->pids));
		plan->pids[0] = pid;
		plan->nr_pids++;
		if (!*end)
			return 0;
		p = end + 1;
	}
}

/* The number at *@pos, stepping over it. -EINVAL; -ERANGE. */
static int cpu_number(const char **pos, const char *list, unsigned int *ret, struct err *err)
{
	unsigned int n = 0;
	const char *p = *pos;

	if (*p < '0' || *p > '9') {
		if (!*p)
			return err_set(err, -EINVAL,
				       "a number is missing at the end of cpu string '%s'", list);
		return err_set(err, -EINVAL, "invalid character '%c' in cpu string '%s'", *p, list);
	}
	for (; *p >= '0' && *p <= '9'; p++) {
		n = n * 10 + (*p - '0');
		if (n >= CPU_LIMIT)
			return err_set(err, -ERANGE, "too large a cpu number in cpu string '%s'",
				       list);
	}
	*pos = p;
	*ret = n;
	return 0;
}

int plan_add_cpus(struct report_plan *plan, const char *list, struct err *err)
{
	const char *p = list;

	if (!plan->cpus) {
		plan->cpus = CPU_ALLOC(CPU_LIMIT);
		if (!plan->cpus)
			return err_set(err, -ENOMEM, "out of memory");
		plan->cpus_size = CPU_ALLOC_SIZE(CPU_LIMIT);
		CPU_ZERO_S(plan->cpus_size, plan->cpus);
	}
	for (;;) {
		unsigned int first, last;
		int ret = cpu_number(&p, list, &first, err);

		last = first;
		if (!ret && *p == '-') {
			p++;
			ret = cpu_number(&p, list, &last, err);
		}
		if (ret)
			return ret;
		if (last < first)
			return err_set(err, -EINVAL,
				       "range of cpu numbers must be lower to greater");
		for (; first <= last; first++)
			CPU_SET_S(first, plan->cpus_size, plan->cpus);
		if (!*p)
			return 0;
		if (*p != ',' && *p != ':')
			return err_set(err, -EINVAL,
				       "invalid character '%c' in cpu string '%s'", *p, list);
		p++;
	}
}
