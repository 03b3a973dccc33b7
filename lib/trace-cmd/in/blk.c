/*
 * blk.c - see blk.h. Layer 2, pure.
 */
#include <stdint.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "in/blk.h"

/* Who is in front of blk; up to Linux 2.6.32, up to 2.6.35, and today. */
static const char *const before[] = { "power", "kmem_free", "user_stack" };

bool in_blk_format(struct tep_handle *tep, char *text, size_t size)
{
	const struct tep_event *event = NULL;
	unsigned int i;
	int id;

	for (i = 0; !event && i < ARRAY_SIZE(before); i++)
		event = tep_find_event_by_name(tep, "ftrace", before[i]);
	if (!event || event->id >= UINT16_MAX)
		return false;
	id = event->id + 1;
	if (tep_find_event(tep, id))
		return false;
	snprintf(text, size,
		 "name: blktrace\n"
		 "ID: %d\n"
		 "format:\n"
		 "\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n"
		 "\tfield:unsigned char common_flags;\toffset:2;\tsize:1;\tsigned:0;\n"
		 "\tfield:unsigned char common_preempt_count;\toffset:3;\tsize:1;\tsigned:0;\n"
		 "\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n"
		 "\n"
		 "\tfield:u64 sector;\toffset:16;\tsize:8;\tsigned:0;\n"
		 "\tfield:u32 bytes;\toffset:24;\tsize:4;\tsigned:0;\n"
		 "\tfield:u32 action;\toffset:28;\tsize:4;\tsigned:0;\n"
		 "\tfield:u32 pid;\toffset:32;\tsize:4;\tsigned:0;\n"
		 "\tfield:u32 device;\toffset:36;\tsize:4;\tsigned:0;\n"
		 "\tfield:u32 cpu;\toffset:40;\tsize:4;\tsigned:0;\n"
		 "\tfield:u16 error;\toffset:44;\tsize:2;\tsigned:0;\n"
		 "\tfield:u16 pdu_len;\toffset:46;\tsize:2;\tsigned:0;\n"
		 "\tfield:void data;\toffset:48;\tsize:0;\tsigned:0;\n"
		 "\n"
		 "print fmt: \"%%d\", REC->pid\n", id);
	return true;
}
