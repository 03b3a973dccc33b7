/*
 * trace-cmd-printer.h - libtracecmd: events as text, as libtraceevent prints them, many times faster.
 *
 * Included by trace-cmd.h, whose conventions hold here, too; additions of this library.
 */
#ifndef _TRACE_CMD_PRINTER_H
#define _TRACE_CMD_PRINTER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "event-parse.h"

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

struct tracecmd_input;
struct tracecmd_printer;	/* prints events */

/*
 * tracecmd_printer_alloc - print events as libtraceevent does, many times faster
 * @tep: knows the events; must outlive the printer
 *
 * Set flags of its events (raw fields, no plugin) before the first one is printed.
 * Returns NULL with errno EINVAL, ENOMEM.
 */
struct tracecmd_printer *tracecmd_printer_alloc(struct tep_handle *tep);

/*
 * tracecmd_printer_share - a printer for another thread, with the knowledge of @printer
 *
 * It prints the records that tracecmd_printer_ready() has passed, as @printer would. Each
 * thread has a share of its own, and uses it while another one goes on with @printer itself, which
 * must outlive its shares. NULL with errno EINVAL, ENOMEM.
 */
struct tracecmd_printer *tracecmd_printer_share(struct tracecmd_printer *printer);

/*
 * tracecmd_printer_event - the event with an id, which the parser may learn now
 * @handle: of the printer's parser
 *
 * For handles opened with TRACECMD_FL_EVENTS_LATER, before a record of the event is printed; by
 * the thread that has @printer. NULL with errno ENOENT (no such event), EINVAL, ENOMEM.
 */
struct tep_event *tracecmd_printer_event(struct tracecmd_printer *printer,
					 struct tracecmd_input *handle, int id);

/*
 * tracecmd_printer_guard - the filters of @handle wait for the printer and its shares
 * @handle: of the printer's parser; closed after the printer is freed
 *
 * libtraceevent must not be asked by two threads at a time. From now on the filters of the handle
 * and of its instances are asked under the printer's lock.
 */
void tracecmd_printer_guard(struct tracecmd_printer *printer, struct tracecmd_input *handle);

/* The same for calls of the caller's own: not around those of this library. */
void tracecmd_printer_lock(struct tracecmd_printer *printer);
void tracecmd_printer_unlock(struct tracecmd_printer *printer);

/*
 * tracecmd_printer_join - let printers of files with the same events work together
 * @printer: was not yet used
 * @other: of another file
 *
 * What is known of events and functions is then kept once, if both files describe them in the
 * same bytes. Both were given their handles by tracecmd_printer_guard(); these must stay open as
 * long as either printer is used. Shares in one thread, of printers that were joined before, may
 * be joined, too: @printer must then be freed before @other.
 *
 * False: nothing has changed, the printers go on as they were.
 */
bool tracecmd_printer_join(struct tracecmd_printer *printer, struct tracecmd_printer *other);

/*
 * tracecmd_printer_ready - what must be done of a record in its place in the order of time
 *
 * Names of tasks that it tells become known. True: its text can be made later, in any order,
 * by shares of @printer. False: print it with @printer itself, before the next record.
 */
bool tracecmd_printer_ready(struct tracecmd_printer *printer, struct tep_record *record);

/*
 * tracecmd_printer_put - the text of a record that is ready, into memory of the caller
 * @to: @size bytes, all of which may be written; there is no NUL at the end
 *
 * Returns its length. -1 with errno ENOSPC: tracecmd_printer_text() has to be asked, as the
 * text may be longer than @size, or for other reasons; EINVAL.
 */
ssize_t tracecmd_printer_put(struct tracecmd_printer *printer, struct tep_record *record, char *to,
			     size_t size);

/* NULL may be freed. */
void tracecmd_printer_free(struct tracecmd_printer *printer);

/*
 * tracecmd_printer_text - what tep_print_event() makes of TEP_PRINT_INFO
 * @ret_len: set to the number of bytes, a NUL at the end not counted; may be NULL
 *
 * The text lives until the next call. Names of tasks that the event tells become known
 * to the tep handle, as its plugins do it. Returns NULL with errno ENOENT (an id
 * without event), EBADMSG (the record is too short for its event, or its strings lie
 * outside of it), ENOMEM.
 */
const char *tracecmd_printer_text(struct tracecmd_printer *printer, struct tep_record *record,
				  size_t *ret_len);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif
