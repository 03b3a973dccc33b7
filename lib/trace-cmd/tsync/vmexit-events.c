/*
 * vmexit-events.c - see vmexit-events.h. Layer 4.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <event-parse.h>
#include <tracefs.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/io.h"
#include "tsync/vmexit-events.h"

/* Why a vCPU left its guest, in kvm_exit: by vendor */
#define ISA_VMX		1
#define ISA_SVM		2
#define VMX_CPUID	10
#define SVM_CPUID	0x72

const char *const vmexit_names[] = {
	[VMEXIT_EXIT] = "kvm_exit", [VMEXIT_CPUID] = "kvm_cpuid", [VMEXIT_ENTRY] = "kvm_entry",
};

static char *format_path(const char *dir, const char *name)
{
	char *path;

	if (!dir)
		dir = tracefs_tracing_dir();
	return dir && asprintf(&path, "%s/events/kvm/%s/format", dir, name) >= 0 ? path : NULL;
}

bool vmexit_events_there(const char *dir)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(vmexit_names); i++) {
		_cleanup_free_ char *path = format_path(dir, vmexit_names[i]);

		if (!path || access(path, R_OK))
			return false;
	}
	return true;
}

static struct vmexit_field field_of(struct tep_event *event, const char *name)
{
	struct tep_format_field *f = tep_find_any_field(event, name);

	if (!f || f->offset < 0 || (f->size != 1 && f->size != 2 && f->size != 4 && f->size != 8))
		return (struct vmexit_field){ 0 };
	return (struct vmexit_field){ .offset = f->offset, .size = f->size };
}

static int take_format(struct tep_event *event, enum vmexit_kind kind, struct vmexit_format *ret)
{
	struct vmexit_format f = {
		.id = event->id,
		.type = field_of(event, "common_type"), .pid = field_of(event, "common_pid"),
		.function = field_of(event, "function"), .index = field_of(event, "index"),
		.reason = field_of(event, "exit_reason"), .isa = field_of(event, "isa"),
	};

	if (!f.type.size || !f.pid.size)
		return -ENOTSUP;
	/* kernels before 5.x had no index, which holds most of the tag */
	if (kind == VMEXIT_CPUID && (!f.function.size || !f.index.size))
		return -ENOTSUP;
	*ret = f;
	return 0;
}

static int read_format(const char *dir, enum vmexit_kind kind, struct vmexit_format *ret_format)
{
	_cleanup_free_ char *path = format_path(dir, vmexit_names[kind]);
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct tep_event *event = NULL;
	struct tep_handle *tep;
	int ret;

	if (!path)
		return -ENOENT;
	buf_init(&text, 65536);
	ret = io_read_path(path, &text);
	if (ret)
		return ret;
	tep = tep_alloc();
	if (!tep)
		return -ENOMEM;
	/* a print format it does not understand does not matter: the fields are there */
	tep_parse_format(tep, &event, (char *)text.data, text.len, "kvm");
	/* the event is the handle's */
	ret = event ? take_format(event, kind, ret_format) : -ENOTSUP;
	tep_free(tep);
	return ret;
}

int vmexit_formats_read(const char *dir, struct vmexit_formats *ret_formats)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; i < ARRAY_SIZE(vmexit_names) && !ret; i++)
		ret = read_format(dir, i, &ret_formats->of[i]);
	return ret;
}

/* A number in the memory's order. False: the record ends before it. */
static bool number(const uint8_t *data, size_t size, struct vmexit_field f, uint64_t *ret)
{
	uint64_t v64;
	uint32_t v32;
	uint16_t v16;

	if (!f.size || size < f.size || f.offset > size - f.size)
		return false;
	data += f.offset;
	switch (f.size) {
	case 8:
		memcpy(&v64, data, 8);
		*ret = v64;
		return true;
	case 4:
		memcpy(&v32, data, 4);
		*ret = v32;
		return true;
	case 2:
		memcpy(&v16, data, 2);
		*ret = v16;
		return true;
	default:
		*ret = *data;
		return true;
	}
}

/* Whether an exit tells that it was for something else. */
static bool for_no_cpuid(const struct vmexit_format *f, const uint8_t *data, size_t size)
{
	uint64_t reason, isa;

	if (!number(data, size, f->reason, &reason) || !number(data, size, f->isa, &isa))
		return false;
	/* flags are in the upper half of VMX's */
	return (isa == ISA_VMX && (reason & 0xffff) != VMX_CPUID) ||
	       (isa == ISA_SVM && reason != SVM_CPUID);
}

bool vmexit_event_parse(const struct vmexit_formats *formats, const void *data, size_t size,
			int64_t time, int cpu, struct vmexit_event *ret)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(vmexit_names); i++) {
		const struct vmexit_format *f = &formats->of[i];
		struct vmexit_event e = { .time = time, .cpu = cpu, .kind = i };
		uint64_t type, pid, function = 0, index = 0;

		if (!number(data, size, f->type, &type) || (int64_t)type != f->id ||
		    !number(data, size, f->pid, &pid))
			continue;
		if (i == VMEXIT_CPUID && (!number(data, size, f->function, &function) ||
					  !number(data, size, f->index, &index)))
			return false;
		e.pid = (int)pid;
		e.function = (uint32_t)function;
		e.index = (uint32_t)index;
		e.other = i == VMEXIT_EXIT && for_no_cpuid(f, data, size);
		*ret = e;
		return true;
	}
	return false;
}
