/*
 * kvm.c - see kvm.h. Layer 1, pure.
 */
#include <errno.h>

#include "wire/cursor.h"
#include "wire/kvm.h"

/* In the upper half of a number that stock guests leave 0; the APIC id is the lower one. */
#define APIC_MARK 0x41504943ULL

int kvm_request_parse(const void *data, size_t len, struct kvm_request *ret)
{
	struct cursor c = cursor_over(data, len, ORDER_NATIVE);
	struct kvm_request r = { .time = cursor_s64(&c) };
	uint64_t apic = cursor_u64(&c);

	cursor_u64(&c);
	/* before the fraction there were three numbers */
	if (c.failed || (cursor_left(&c) && cursor_left(&c) != 8))
		return -EBADMSG;
	r.has_apic_id = apic >> 32 == APIC_MARK;
	r.apic_id = r.has_apic_id ? (uint32_t)apic : 0;
	*ret = r;
	return 0;
}

int kvm_response_parse(const void *data, size_t len, struct kvm_response *ret)
{
	struct cursor c = cursor_over(data, len, ORDER_NATIVE);
	struct kvm_response r = { .time = cursor_s64(&c) };

	r.offset = cursor_s64(&c);
	r.scaling = cursor_u64(&c);
	if (c.failed || (cursor_left(&c) && cursor_left(&c) != 8))
		return -EBADMSG;
	r.fraction = cursor_left(&c) ? cursor_u64(&c) : 0;
	*ret = r;
	return 0;
}

void kvm_request_put(struct buf *b, const struct kvm_request *r)
{
	put_u64(b, ORDER_NATIVE, (uint64_t)r->time);
	put_u64(b, ORDER_NATIVE, r->has_apic_id ? APIC_MARK << 32 | r->apic_id : 0);
	put_u64(b, ORDER_NATIVE, 0);
	put_u64(b, ORDER_NATIVE, 0);
}

void kvm_response_put(struct buf *b, const struct kvm_response *r)
{
	put_u64(b, ORDER_NATIVE, (uint64_t)r->time);
	put_u64(b, ORDER_NATIVE, (uint64_t)r->offset);
	put_u64(b, ORDER_NATIVE, r->scaling);
	put_u64(b, ORDER_NATIVE, r->fraction);
}
