/*
 * finish-proxy.h - the file that a proxy sends, in two parts: what is known when recording begins, and what
 * only when it is over.
 *
 * Layer 5. Between the two comes the data of the CPUs, on connections of its own.
 */
#ifndef SESSION_FINISH_PROXY_H
#define SESSION_FINISH_PROXY_H

#include "base/err.h"
#include "out/out.h"
#include "session/early.h"
#include "session/note.h"
#include "session/plan.h"

/*
 * Begin the file in @fd, which the caller keeps; its first *@ret_len bytes are the first part. @ret_o is
 * to be gone on with. 0; -errno described in @err.
 */
int finish_proxy_begin(const struct plan *p, const struct note *n, struct early *e, int fd,
		       struct out_file **ret_o, uint64_t *ret_len, struct err *err);

/* End it with the guest @g; what is behind the first part is the second. 0; -errno described in @err. */
int finish_proxy_end(struct out_file *o, const struct note_guest *g, struct err *err);

#endif
