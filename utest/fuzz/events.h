/*
 * events.h - the targets for records of events, and for their formats; part of targets.h.
 */
#ifndef FUZZ_EVENTS_H
#define FUZZ_EVENTS_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "fmt/printer.h"
#include "in/file.h"
#include "in/meta.h"
#include "in/text.h"

/* --- records of events --------------------------------------------------------- */

#define FUZZ_COMMON \
	"\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n" \
	"\tfield:unsigned char common_flags;\toffset:2;\tsize:1;\tsigned:0;\n" \
	"\tfield:unsigned char common_preempt_count;\toffset:3;\tsize:1;\tsigned:0;\n" \
	"\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n\n"

static const char *const fuzz_formats[] = {
	"name: sched_switch\nID: 1\nformat:\n" FUZZ_COMMON
	"\tfield:char prev_comm[16];\toffset:8;\tsize:16;\tsigned:0;\n"
	"\tfield:pid_t prev_pid;\toffset:24;\tsize:4;\tsigned:1;\n"
	"\tfield:int prev_prio;\toffset:28;\tsize:4;\tsigned:1;\n"
	"\tfield:long prev_state;\toffset:32;\tsize:8;\tsigned:1;\n"
	"\tfield:char next_comm[16];\toffset:40;\tsize:16;\tsigned:0;\n"
	"\tfield:pid_t next_pid;\toffset:56;\tsize:4;\tsigned:1;\n"
	"\tfield:int next_prio;\toffset:60;\tsize:4;\tsigned:1;\n\n"
	"print fmt: \"prev_comm=%s prev_pid=%d prev_prio=%d prev_state=%s%s ==> next_comm=%s "
	"next_pid=%d next_prio=%d\", REC->prev_comm, REC->prev_pid, REC->prev_prio, "
	"(REC->prev_state & 0xff) ? __print_flags(REC->prev_state & 0xff, \"|\", { 1, \"S\" }, "
	"{ 2, \"D\" }, { 0x40, \"P\" }) : \"R\", REC->prev_state & 0x100 ? \"+\" : \"\", "
	"REC->next_comm, REC->next_pid, REC->next_prio\n",

	"name: strings\nID: 2\nformat:\n" FUZZ_COMMON
	"\tfield:__data_loc char[] name;\toffset:8;\tsize:4;\tsigned:0;\n"
	"\tfield:__rel_loc char[] other;\toffset:12;\tsize:4;\tsigned:0;\n"
	"\tfield:__data_loc u8[] bytes;\toffset:16;\tsize:4;\tsigned:0;\n"
	"\tfield:unsigned long ip;\toffset:24;\tsize:8;\tsigned:0;\n\n"
	"print fmt: \"name=%s other=%-10s bytes=%s at %pS %ps\", __get_str(name), "
	"__get_rel_str(other), __print_hex(__get_dynamic_array(bytes), "
	"__get_dynamic_array_len(bytes)), (void *)REC->ip, (void *)REC->ip\n",

	"name: numbers\nID: 3\nformat:\n" FUZZ_COMMON
	"\tfield:u64 a;\toffset:8;\tsize:8;\tsigned:0;\n"
	"\tfield:int b;\toffset:16;\tsize:4;\tsigned:1;\n"
	"\tfield:u16 c[4];\toffset:20;\tsize:8;\tsigned:0;\n"
	"\tfield:u8 ip[4];\toffset:28;\tsize:4;\tsigned:0;\n\n"
	"print fmt: \"%llu %#llx %5d %-8.3d|%c %08x %s %s %pI4\", REC->a, REC->a >> 3, REC->b, "
	"REC->b % 7, REC->b, (int)REC->a, __print_symbolic(REC->b, { 0, \"zero\" }, { 1, \"one\" }), "
	"__print_array(REC->c, 4, 2), REC->ip\n",
};

/* Once: parsing takes longer than printing. */
static inline struct printer *fuzz_printer(struct tep_handle **ret_tep)
{
	static struct tep_handle *tep;
	static struct printer *printer;
	unsigned int i;

	if (!tep) {
		tep = tep_alloc();
		tep_set_long_size(tep, 8);
		tep_set_loglevel(TEP_LOG_NONE);
		for (i = 0; i < ARRAY_SIZE(fuzz_formats); i++)
			if (tep_parse_event(tep, fuzz_formats[i], strlen(fuzz_formats[i]), "fuzz"))
				abort();
		tep_register_function(tep, (char *)"some_function", 0xffffffff81000000ull, NULL);
		/* plans alone: what libtraceevent does with hostile records is its own matter */
		printer = printer_new(tep, PRINTER_NO_CHECKS);
	}
	*ret_tep = tep;
	return printer;
}

static inline int fuzz_record(const uint8_t *data, size_t size)
{
	struct tep_handle *tep;
	struct printer *p = fuzz_printer(&tep);
	struct text out = { 0 };
	struct tep_record record = { .size = size ? (int)size - 1 : 0 };
	struct tep_event *event;
	/* of just that size, so that a sanitizer sees reads behind it */
	_cleanup_free_ uint8_t *copy = malloc(size + 1);

	if (!size || size > 65536 || !copy)
		return 0;
	memcpy(copy, data + 1, size - 1);
	record.data = copy;
	event = tep_find_event(tep, data[0] % ARRAY_SIZE(fuzz_formats) + 1);
	if (event && printer_has_plan(p, event))
		printer_print(p, event, &record, &out);
	text_release(&out);
	return 0;
}

/* --- formats of events ---------------------------------------------------------- */

#define FUZZ_PRINTK	"0x1 : \"%s %d %llx %c %8d %.4s %s %pS %hhd\""

/* A file without data, whose only event has the format @text; @own: one of ftrace's own. */
static inline void fuzz_format_file(struct buf *b, enum byte_order order, unsigned int long_size,
				    bool own, const uint8_t *text, size_t len)
{
	buf_add(b, "\x17\x08\x44tracing6", 12);
	put_u8(b, order == ORDER_BIG);
	put_u8(b, (uint8_t)long_size);
	put_u32(b, order, 4096);
	buf_add_cstr(b, "header_page");
	put_u64(b, order, 0);
	buf_add_cstr(b, "header_event");
	put_u64(b, order, 0);
	if (!own) {
		put_u32(b, order, 0);	/* formats of ftrace's own */
		put_u32(b, order, 1);	/* system */
		buf_add_cstr(b, "fuzz");
	}
	put_u32(b, order, 1);
	put_u64(b, order, len);
	buf_add(b, text, len);
	if (own)
		put_u32(b, order, 0);	/* systems */
	put_u32(b, order, 0);		/* symbols */
	put_u32(b, order, strlen(FUZZ_PRINTK));
	buf_add_str(b, FUZZ_PRINTK);
	put_u64(b, order, 0);		/* tasks */
	put_u32(b, order, 1);		/* CPU */
	buf_add(b, "flyrecord", 10);
	buf_extend(b, 16);
}

static inline void fuzz_format_print(struct tep_handle *tep, const uint8_t *data, size_t size)
{
	struct printer *p = printer_new(tep, 0);
	struct text out = { 0 };
	struct tep_event *event = tep_get_first_event(tep);
	/* of just that size, so that a sanitizer sees reads behind it */
	_cleanup_free_ uint8_t *copy = malloc(size + 1);
	struct tep_record record = { .size = (int)size, .data = copy };

	if (p && event && copy) {
		memcpy(copy, data, size);
		printer_print(p, event, &record, &out);
		event->flags |= TEP_EVENT_FL_PRINTRAW;
		printer_free(p);
		p = printer_new(tep, 0);
		if (p)
			printer_print(p, event, &record, &out);
	}
	text_release(&out);
	printer_free(p);
}

/* A byte of flags, the format, a NUL, and a record of that event. */
static inline int fuzz_format(const uint8_t *data, size_t size)
{
	enum byte_order order = size && data[0] & 1 ? ORDER_BIG : ORDER_LITTLE;
	const uint8_t *text = data + 1, *end = size ? memchr(text, 0, size - 1) : NULL;
	_cleanup_buf_ struct buf b = BUF_INIT;
	struct tep_handle *tep = NULL;
	struct in_file *f;

	if (!end || size > 65536)
		return 0;
	fuzz_format_file(&b, order, data[0] & 2 ? 4 : 8, data[0] & 4, text, end - text);
	if (b.error || in_file_open_memory(b.data, b.len, &f, NULL))
		return 0;
	if (!in_meta_new(f, &tep)) {
		tep_set_loglevel(TEP_LOG_NONE);
		if (!in_meta_read(f, tep, NULL))
			fuzz_format_print(tep, end + 1, data + size - end - 1);
		tep_free(tep);
	}
	in_file_unref(f);
	return 0;
}

#endif
