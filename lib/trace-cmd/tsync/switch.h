/*
 * switch.h - going over to another protocol in the middle of a session.
 *
 * Layer 4, inside of tsync/. A protocol that needs more than the names on either side tell
 * (KVM's files, exits that show up in a trace) finds out in a round
 * whether it works. If not, the round returns -EOPNOTSUPP and
 *
 *   guest                              host
 *   none/CANNOT                    ->                    if it was the guest who found out
 *                                  <-  none/USE name     the next one both know
 *   none/USE name                  ->                    agreed; or "": not that one
 *
 * Until the guest's answer comes, the host throws away what is still
 * on its way from the round that failed; so does the guest until USE. Only ours know
 * these messages, and they are sent only if conf.fallback has something.
 */
#ifndef TSYNC_SWITCH_H
#define TSYNC_SWITCH_H

#include "tsync/session.h"

/*
 * Agree on another protocol, and have it ready. 0; -EOPNOTSUPP if there is none left;
 * -EPROTO; -ETIMEDOUT; -ESHUTDOWN (guest); -errno.
 */
int switch_host(struct tsync_session *s);
int switch_guest(struct tsync_session *s);

#endif
