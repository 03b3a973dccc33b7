/*
 * info.c - see info.h. Layer 5.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "report/info.h"
#include "report/line.h"

/* Which CPUs have no data, unless none has. */
static void tell_empty(const struct input *f, struct textout *out)
{
	int cpu, n = tracecmd_get_cpus(f->handle);
	bool any = false;
	_cleanup_free_ bool *full = calloc(n > 0 ? n : 1, sizeof(*full));

	for (cpu = 0; full && cpu < n; cpu++) {
		struct tep_record *record = tracecmd_read_cpu_first(f->handle, cpu);

		any |= full[cpu] = record;
		tracecmd_free_record(record);
	}
	for (cpu = 0; any && cpu < n; cpu++) {
		if (!full[cpu])
			textout_printf(out, "CPU %d is empty\n", cpu);
	}
	tracecmd_iterate_reset(f->handle);
}

void info_header(const struct inputs *in, const struct input *f, struct textout *out)
{
	if (plan_is_talkative(in->plan))
		tell_empty(f, out);
	if (in->nr_inputs > 1)
		textout_printf(out, "%*s: ", f->label_width, f->name);
	textout_printf(out, "cpus=%d\n", tep_get_cpus(f->tep));
}

static const char *endian_name(bool big)
{
	return big ? "big" : "little";
}

static ssize_t write_to_textout(void *out, const char *data, size_t len)
{
	textout_add(out, data, len);
	return len;
}

/*
 * libtraceevent prints these on stdout itself; for that time stdout is the out,
 * which keeps order and errors. 0; -ENOMEM.
 */
static int print_by_tep(const struct input *f, struct textout *out,
			void (*print)(struct tep_handle *))
{
	const cookie_io_functions_t io = { .write = write_to_textout };
	FILE *file = fopencookie(out, "w", io), *saved = stdout;

	if (!file)
		return -ENOMEM;
	stdout = file;
	print(f->tep);
	stdout = saved;
	fclose(file);
	return 0;
}

static int event_order(const void *a, const void *b)
{
	struct tep_event *const *x = a, *const *y = b;
	int order = strcmp((*x)->system, (*y)->system);

	if (!order)
		order = strcmp((*x)->name, (*y)->name);
	return order ? order : (*x)->id - (*y)->id;
}

static int print_event_names(const struct input *f, struct textout *out)
{
	int i, n = tep_get_events_count(f->tep);
	_cleanup_free_ struct tep_event **list = calloc(n + 1, sizeof(*list));

	if (!list)
		return -ENOMEM;
	for (i = 0; i < n; i++)
		list[i] = tep_get_event(f->tep, i);
	qsort(list, n, sizeof(*list), event_order);
	for (i = 0; i < n; i++) {
		/* which no kernel has described: it isn't in the file */
		if (strcmp(list[i]->name, "blktrace") || strcmp(list[i]->system, "ftrace"))
			textout_printf(out, "%s:%s\n", list[i]->system, list[i]->name);
	}
	return 0;
}

static int check_events(const struct input *f, struct err *err)
{
	int i, n = tep_get_events_count(f->tep);

	for (i = 0; i < n; i++) {
		const struct tep_event *event = tep_get_event(f->tep, i);

		if (event->flags & TEP_EVENT_FL_FAILED)
			return err_set(err, -EINVAL,
				       "%s: the format of event %s:%s cannot be parsed",
				       f->plan->path, event->system, event->name);
	}
	return 0;
}

static void print_when(const struct inputs *in, const struct input *f, const char *what,
		       struct tep_record *record, struct textout *out)
{
	bool in_ns = tracecmd_time_in_ns(f->handle) && !in->plan->line.raw_ts;

	textout_printf(out, "\t%s event:", what);
	line_time(out, record->ts, in_ns, in->plan->line.nsec);
}

/* The CPUs that have data, each with its first and last event if asked for. */
static void print_cpus(const struct inputs *in, const struct input *f, struct textout *out)
{
	int cpu, n = tracecmd_get_cpus(f->handle);

	if (plan_is_talkative(in->plan))
		tell_empty(f, out);
	textout_printf(out, "List of CPUs in %s with data:\n", f->fd < 0 ? f->plan->path : f->name);
	for (cpu = 0; cpu < n; cpu++) {
		struct tep_record *record = tracecmd_read_cpu_first(f->handle, cpu);

		if (!record)
			continue;
		textout_printf(out, "  %d", cpu);
		if (in->plan->modes & REPORT_FIRST_EVENT)
			print_when(in, f, "First", record, out);
		tracecmd_free_record(record);
		if (in->plan->modes & REPORT_LAST_EVENT) {
			record = tracecmd_read_cpu_last(f->handle, cpu);
			if (record)
				print_when(in, f, "Last", record, out);
			tracecmd_free_record(record);
		}
		textout_str(out, "\n");
	}
}

static void print_version(const struct input *f, struct textout *out)
{
	const char *text = tracecmd_get_version(f->handle);

	textout_printf(out, "%s\n", text ? text : " version was not recorded in this file");
}

static void print_uname(const struct input *f, struct textout *out)
{
	const char *text = tracecmd_get_uname(f->handle);

	textout_printf(out, "%s\n", text ? text : " uname was not recorded in this file");
	print_version(f, out);
}

static void print_stat(const struct input *f, struct textout *out)
{
	const char *text = tracecmd_get_cpustats(f->handle);

	textout_str(out, "\nKernel buffer statistics:\n"
		 "  Note: \"entries\" are the entries left in the kernel ring buffer and are not\n"
		 "        recorded in the trace data. They should all be zero.\n\n");
	textout_str(out, text ? text : " No stats in this file\n");
}

/* What the recorder said, of which one thing is shown. */
static void print_recorder(const struct inputs *in, const struct input *f, struct textout *out)
{
	info_header(in, f, out);
	if (in->plan->modes & REPORT_VERSION)
		print_version(f, out);
	else if (in->plan->modes & REPORT_UNAME)
		print_uname(f, out);
	else
		print_stat(f, out);
}

static int print_function(const char *name, const char *module, unsigned long long start,
			  void *out)
{
	textout_printf(out, "%016llx %s", start, name);
	if (module)
		textout_printf(out, " [%s]", module);
	textout_str(out, "\n");
	return 0;
}

/* What is known of the file's events and symbols. 0; -ENOMEM. */
static int print_tables(const struct input *f, unsigned int modes, struct textout *out)
{
	int ret = 0;

	if (modes & REPORT_FUNCTIONS)
		ret = tracecmd_each_function(f->handle, print_function, out) ? -ENOMEM : 0;
	if (!ret && modes & REPORT_PRINTK)
		ret = print_by_tep(f, out, tep_print_printk);
	if (!ret && modes & REPORT_EVENT_NAMES)
		ret = print_event_names(f, out);
	return ret;
}

int info_print(struct inputs *in, struct textout *out, struct err *err)
{
	unsigned int i, modes = in->plan->modes;
	int ret = 0;

	for (i = 0; i < in->nr_inputs && !ret; i++) {
		const struct input *f = &in->input[i];

		if (modes & REPORT_ENDIAN)
			textout_printf(out, "file is %s endian and host is %s endian\n",
				    endian_name(tep_is_file_bigendian(f->tep)),
				    endian_name(tep_is_bigendian()));
		if (modes & REPORT_PAGE_SIZE)
			textout_printf(out, "file page size is %d, and host page size is %ld\n",
				    tep_get_page_size(f->tep), sysconf(_SC_PAGESIZE));
		if (print_tables(f, modes, out))
			ret = err_set(err, -ENOMEM, "out of memory");
		if (modes & (REPORT_CPUS | REPORT_FIRST_EVENT | REPORT_LAST_EVENT))
			print_cpus(in, f, out);
		if (modes & (REPORT_STAT | REPORT_UNAME | REPORT_VERSION))
			print_recorder(in, f, out);
		if (modes & REPORT_CHECK_EVENTS && !ret)
			ret = check_events(f, err);
	}
	return ret;
}
