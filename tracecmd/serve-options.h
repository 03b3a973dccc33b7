/*
 * serve-options.h - the options of commands that serve others: agent and listen.
 *
 * Layer 6.
 */
#ifndef SERVE_OPTIONS_H
#define SERVE_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "net/auth.h"
#include "optparse.h"

/* Rows of their tables; the command's own long options begin with OPT_SERVE_NEXT. */
enum { OPT_SERVE_AUTH = OPT_LONG, OPT_SERVE_VERBOSE, OPT_SERVE_NEXT };

#define SERVE_AUTH { OPT_SERVE_AUTH, "auth", OPT_REQUIRED, "encrypt, and serve only who knows the key in this file", "file" }
#define SERVE_DAEMON { 'D', NULL, OPT_NONE, "run in the background" }
#define SERVE_VERBOSE \
	{ OPT_SERVE_VERBOSE, "verbose", OPT_OPTIONAL, "say more: none, crit, err, warn, info, debug, all", \
	  "none crit err warn info debug all" }
/* and -p, whose text differs */

/* What they say. */
struct serve_conf {
	uint32_t port;			/* 0: none was named */
	bool auth;			/* serve only who knows the key */
	struct auth_secret auth_key;
	bool daemon;
};

/*
 * Parse the options of the command argv[0], which takes no words: those above into @conf, the others by @other, which
 * gets @data and returns 0, or an exit status after a message. 0; an exit status after a message.
 */
int serve_parse(int argc, char **argv, struct serve_conf *conf, int (*other)(void *data, int id, const char *arg),
		void *data);

/* TCP has fewer ports than vsock, which -p is checked for. 0; an exit status after a message. */
int serve_check_tcp(const struct serve_conf *conf);

#endif
