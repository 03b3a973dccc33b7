/*
 * kvm.h - guest addresses in a host's kvm events, shown with the guest's symbols.
 *
 * Layer 5.
 */
#ifndef REPORT_KVM_H
#define REPORT_KVM_H

#include "trace-cmd.h"

/*
 * From now on look up addresses in kvm events of @host, whose guests have been
 * linked with tracecmd_map_vcpus(), in the files of these guests. NULL: no longer.
 */
void kvm_resolve(struct tracecmd_input *host);

#endif
