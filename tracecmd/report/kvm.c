/*
 * kvm.c - see kvm.h. Layer 5.
 *
 * libtraceevent's kvm plugin calls tep_plugin_kvm_get_func() of the program, if
 * the program exports it (the linker is told so), for each guest address that it
 * prints. The hook gets no pointer of ours, hence the one variable here.
 */
#include "report/events.h"
#include "report/kvm.h"

static struct tracecmd_input *kvm_host;

void kvm_resolve(struct tracecmd_input *host)
{
	kvm_host = host;
}

const char *tep_plugin_kvm_get_func(struct tep_event *event, struct tep_record *record,
				    unsigned long long *val)
{
	struct tracecmd_cpu_map *map;
	struct tep_handle *guest;
	unsigned long long start;
	const char *name = NULL;

	/* an event of a guest that is a host itself has guests we don't know */
	if (!kvm_host || event->tep != tracecmd_get_tep(kvm_host) ||
	    record->size < EVENT_COMMON_SIZE)
		return NULL;
	map = tracecmd_map_find_by_host_pid(kvm_host, tep_data_pid(event->tep, record));
	if (!map)
		return NULL;
	guest = tracecmd_get_tep(tracecmd_map_get_guest(map));
	if (tep_find_function_info(guest, *val, &name, &start, NULL) <= 0)
		return NULL;
	*val = start;
	return name;
}
