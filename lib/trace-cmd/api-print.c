/*
 * api-print.c - public functions: the text of events.
 */
#include <errno.h>
#include <stdlib.h>

#include "fmt/printer.h"
#include "trace-cmd.h"

struct tracecmd_printer {
	struct printer *printer;
	struct text text;
};

struct tracecmd_printer *tracecmd_printer_alloc(struct tep_handle *tep)
{
	struct tracecmd_printer *p;

	if (!tep) {
		errno = EINVAL;
		return NULL;
	}
	p = calloc(1, sizeof(*p));
	if (!p)
		return NULL;
	p->printer = printer_new(tep, 0);
	if (!p->printer) {
		free(p);
		errno = ENOMEM;
		return NULL;
	}
	return p;
}

void tracecmd_printer_free(struct tracecmd_printer *printer)
{
	if (!printer)
		return;
	printer_free(printer->printer);
	text_release(&printer->text);
	free(printer);
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
