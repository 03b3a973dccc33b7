/*
 * filter-try.c - see filter-try.h. Layer 2.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/reap.h"
#include "in/filter-try.h"

#define TIMEOUT_S	5
#define REFUSED		1	/* exit status */

/* --- plain texts --------------------------------------------------------------- */

static const char *skip_blanks(const char *p)
{
	return p + strspn(p, " \t");
}

/* Behind "== 12" or "!= \"text\""; NULL: it is something else. */
static const char *skip_comparison(const char *p)
{
	bool equal = !strncmp(p, "==", 2) || !strncmp(p, "!=", 2);
	size_t n = equal || !strncmp(p, ">=", 2) || !strncmp(p, "<=", 2) ? 2 :
		   (*p == '<' || *p == '>') && p[1] != *p ? 1 : 0;
	const char *end;

	if (!n)
		return NULL;
	p = skip_blanks(p + n);
	if (equal && *p == '"') {
		end = strpbrk(p + 1, "\"\\");
		return end && *end == '"' ? end + 1 : NULL;
	}
	end = p + (p[0] == '0' && (p[1] == 'x' || p[1] == 'X') ? 2 : 0);
	n = strspn(end, end > p ? "0123456789abcdefABCDEF" : "0123456789");
	return n && !isalnum((unsigned char)end[n]) && end[n] != '_' ? end + n : NULL;
}

/* Behind "field == 12"; NULL: it is something else. */
static const char *skip_test(const char *p)
{
	size_t n = 0;

	while (isalnum((unsigned char)p[n]) || p[n] == '_')
		n++;
	return n && !isdigit((unsigned char)*p) ? skip_comparison(skip_blanks(p + n)) : NULL;
}

bool filter_is_plain(const char *text)
{
	const char *p = strchr(text, ':');
	unsigned int depth = 0;

	if (!p)
		return true;
	for (p++;;) {
		for (p = skip_blanks(p); *p == '(' || (*p == '!' && p[1] == '('); p = skip_blanks(p + 1))
			depth += *p == '(';
		p = skip_test(p);
		if (!p)
			return false;
		for (p = skip_blanks(p); *p == ')' && depth; p = skip_blanks(p + 1))
			depth--;
		if (!*p)
			return !depth;
		if (strncmp(p, "&&", 2) && strncmp(p, "||", 2))
			return false;
		p += 2;
	}
}

/* --- trying ---------------------------------------------------------------------- */

/* The process: its end is the answer, and it leaves nothing else behind. */
static void __attribute__((noreturn)) try_inside(struct tep_handle *tep, const char *text)
{
	static const int deadly[] = { SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL, SIGALRM };
	const struct rlimit none = { 0, 0 };
	struct tep_event_filter *filter;
	size_t i;
	sigset_t all;
	int fd;

	for (i = 0; i < sizeof(deadly) / sizeof(*deadly); i++)
		signal(deadly[i], SIG_DFL);
	sigemptyset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	setrlimit(RLIMIT_CORE, &none);
	/* glibc would say that memory is damaged */
	fd = open("/dev/null", O_RDWR);
	dup2(fd, STDOUT_FILENO);
	dup2(fd, STDERR_FILENO);
	alarm(TIMEOUT_S);
	filter = tep_filter_alloc(tep);
	if (!filter || tep_filter_add_filter_str(filter, text))
		_exit(REFUSED);
	tep_filter_free(filter);
	_exit(0);
}

int filter_try(struct tep_handle *tep, const char *text)
{
	int status = 0, ret;
	pid_t pid;

	if (filter_is_plain(text))
		return 0;
	pid = fork();
	if (!pid)
		try_inside(tep, text);
	/* it ends itself, unless somebody has stopped it */
	ret = pid > 0 ? reap_within(pid, &status, TIMEOUT_S * 1000 + REAP_KILLED_MS) : 0;
	if (ret == -ETIMEDOUT)
		reap_killed(pid, NULL);
	/* who can't try it must believe it */
	return status || ret == -ETIMEDOUT ? -EINVAL : 0;
}

/* --- what was parsed --------------------------------------------------------------- */

static bool is_sane(const struct tep_filter_arg *arg)
{
	const struct tep_format_field *f;

	switch (arg ? arg->type : TEP_FILTER_ARG_NONE) {
	case TEP_FILTER_ARG_OP:
		return (arg->op.type == TEP_FILTER_OP_NOT || is_sane(arg->op.left)) && is_sane(arg->op.right);
	case TEP_FILTER_ARG_STR:
		f = arg->str.field;
		/* the two that are in no event: COMM is text */
		return f && (f->event || (f->name && strcmp(f->name, "CPU")));
	default:
		return true;
	}
}

bool filter_is_sane(const struct tep_event_filter *filter)
{
	int i;

	for (i = 0; i < filter->filters; i++) {
		if (!is_sane(filter->event_filters[i].filter))
			return false;
	}
	return true;
}
