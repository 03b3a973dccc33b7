/*
 * lookup.h - addresses of a name. Layer 3.
 */
#ifndef NET_LOOKUP_H
#define NET_LOOKUP_H

#include <netdb.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/io.h"

#define TCP_PORT_MAX	65535

/*
 * The addresses of @host (a name or numeric) with TCP or UDP port @port, for freeaddrinfo(). 0; -EINVAL if that is no
 * port; -ENXIO there is no such name; -ETIMEDOUT; -ECANCELED; -ENOMEM; -errno; described in @err.
 */
int net_lookup(const char *host, uint32_t port, struct deadline d, struct addrinfo **ret,
	       struct err *err);

static inline void cleanup_addrinfo(struct addrinfo **list)
{
	if (*list)
		freeaddrinfo(*list);
}
#define _cleanup_addrinfo_ _cleanup_(cleanup_addrinfo)

#endif
