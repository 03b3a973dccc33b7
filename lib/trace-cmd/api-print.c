/*
 * api-print.c - public functions: the text of events.
 */
#include <errno.h>
#include <stdlib.h>

#include "fmt/printer.h"
#include "in/atoms.h"
#include "in/handle.h"
#include "trace-cmd.h"

struct tracecmd_printer {
	struct printer *printer;
	struct tracecmd_input *guarded;		/* NULL: none */
	struct text text;
};

/* Around @printer, which is owned from now on; NULL: out of memory. */
static struct tracecmd_printer *wrap(struct printer *printer)
{
	struct tracecmd_printer *p = printer ? calloc(1, sizeof(*p)) : NULL;

	if (!p) {
		printer_free(printer);
		errno = ENOMEM;
		return NULL;
	}
	p->printer = printer;
	return p;
}

struct tracecmd_printer *tracecmd_printer_alloc(struct tep_handle *tep)
{
	if (!tep) {
		errno = EINVAL;
		return NULL;
	}
	return wrap(printer_new(tep, 0));
}

struct tracecmd_printer *tracecmd_printer_share(struct tracecmd_printer *printer)
{
	if (!printer) {
		errno = EINVAL;
		return NULL;
	}
	return wrap(printer_share(printer->printer));
}

struct tep_event *tracecmd_printer_event(struct tracecmd_printer *printer,
					 struct tracecmd_input *handle, int id)
{
	struct tep_event *event = NULL;
	int ret;

	if (!printer || !handle) {
		errno = EINVAL;
		return NULL;
	}
	printer_lock(printer->printer);
	ret = id < 0 ? -ENOENT : in_handle_formats(handle, id);
	if (!ret)
		event = tep_find_event(in_handle_tep(handle), id);
	if (event)
		ret = in_atoms_resolve(handle, event);
	printer_unlock(printer->printer);
	if (!event || ret)
		errno = ret ? -ret : ENOENT;
	return ret ? NULL : event;
}

void tracecmd_printer_guard(struct tracecmd_printer *printer, struct tracecmd_input *handle)
{
	if (!printer || !handle)
		return;
	printer->guarded = in_handle_file(handle);
	printer->guarded->guard = printer_mutex(printer->printer);
}

void tracecmd_printer_lock(struct tracecmd_printer *printer)
{
	printer_lock(printer->printer);
}

void tracecmd_printer_unlock(struct tracecmd_printer *printer)
{
	printer_unlock(printer->printer);
}

bool tracecmd_printer_join(struct tracecmd_printer *printer, struct tracecmd_printer *other)
{
	if (!printer || !other)
		return false;
	/* shares are of printers that were asked before */
	if (!printer->guarded != !other->guarded ||
	    (printer->guarded && !in_handle_same_events(printer->guarded, other->guarded)))
		return false;
	return printer_join(printer->printer, other->printer);
}

bool tracecmd_printer_ready(struct tracecmd_printer *printer, struct tep_record *record)
{
	return printer && record && printer_ready(printer->printer, record);
}

void tracecmd_printer_free(struct tracecmd_printer *printer)
{
	if (!printer)
		return;
	if (printer->guarded && printer->guarded->guard == printer_mutex(printer->printer))
		printer->guarded->guard = NULL;
	printer_free(printer->printer);
	text_release(&printer->text);
	free(printer);
}

ssize_t tracecmd_printer_put(struct tracecmd_printer *printer, struct tep_record *record, char *to,
			     size_t size)
{
	ssize_t ret = printer && record && to ? printer_put(printer->printer, record, to, size) :
						-EINVAL;

	if (ret >= 0)
		return ret;
	errno = -ret;
	return -1;
}

const char *tracecmd_printer_text(struct tracecmd_printer *printer, struct tep_record *record,
				  size_t *ret_len)
{
	int ret;

	if (!printer || !record) {
		errno = EINVAL;
		return NULL;
	}
	printer->text.len = 0;
	ret = printer_print(printer->printer, NULL, record, &printer->text);
	text_char(&printer->text, '\0');
	if (printer->text.error && !ret)
		ret = -ENOMEM;
	if (ret) {
		printer->text.error = false;
		errno = -ret;
		return NULL;
	}
	if (ret_len)
		*ret_len = printer->text.len - 1;
	return printer->text.data;
}
