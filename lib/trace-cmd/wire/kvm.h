/*
 * kvm.h - payloads of the "kvm" time synchronisation protocol.
 *
 * Layer 1, pure. Four numbers, in the order of the sender's memory: both are on one machine.
 */
#ifndef WIRE_KVM_H
#define WIRE_KVM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

#define KVM_NAME	"kvm"

enum kvm_msg { KVM_REQUEST = 1, KVM_RESPONSE = 2 };

/* The guest's. Stock peers have no APIC id. */
struct kvm_request {
	int64_t time;		/* guest clock */
	bool has_apic_id;
	uint32_t apic_id;	/* of the CPU that read the clock */
};

struct kvm_response {
	int64_t time;		/* of the request */
	int64_t offset;		/* minus KVM's */
	uint64_t scaling;	/* KVM's ratio; 1: the rates are the same */
	uint64_t fraction;	/* its bits; 0 then */
};

/* 0; -EBADMSG: not the length defined. */
int kvm_request_parse(const void *data, size_t len, struct kvm_request *ret);
int kvm_response_parse(const void *data, size_t len, struct kvm_response *ret);

void kvm_request_put(struct buf *b, const struct kvm_request *r);
void kvm_response_put(struct buf *b, const struct kvm_response *r);

#endif
