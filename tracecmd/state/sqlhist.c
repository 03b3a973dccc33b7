/*
 * sqlhist.c - see sqlhist.h. Layer 5.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event-parse.h>
#include <trace-seq.h>
#include <tracefs.h>

#include "base/cleanup.h"
#include "state/sqlhist.h"

/* What the kernel says of the last failure behind @code, perhaps. */
static int kernel_failed(struct tracefs_instance *instance, int code, const char *what, struct err *err)
{
	_cleanup_free_ char *text = tracefs_error_last(instance);
	const char *log = text ? text : "";

	return err_set(err, code, "%s%s%s", what, *log ? "\n" : "", log);
}

static int last_errno(void)
{
	return errno ? -errno : -EINVAL;
}

/* Does the variable named @full, of @len bytes, stand for what SQL calls @var: "__VAR_N_N"? */
static bool is_var(const char *full, size_t len, const char *var)
{
	size_t n = strlen(var);

	return len > n + 3 && !strncmp(full, "__", 2) && !strncmp(full + 2, var, n) && full[n + 2] == '_' &&
	       strspn(full + n + 2, "0123456789_") == len - n - 2;
}

/* What libtracefs has made of the name @var, or @var itself. NULL: out of memory. */
static char *find_var(struct tracefs_synth *synth, const char *var)
{
	const char *p, *equal;
	struct trace_seq s;
	char *ret = NULL;

	/* nothing tells but the commands that use it */
	trace_seq_init(&s);
	p = tracefs_synth_echo_cmd(&s, synth) ? "" : s.buffer;
	for (; !ret && (equal = strchr(p, '=')); p = equal + 1) {
		const char *start = equal;

		while (start > p && !strchr(":,", start[-1]))
			start--;
		if (is_var(start, equal - start, var))
			ret = strndup(start, equal - start);
	}
	trace_seq_destroy(&s);
	return ret ? ret : strdup(var);
}

/* What is to happen with the variable that is watched. */
static int add_actions(struct tracefs_synth *synth, const struct sqlhist *q, struct err *err)
{
	enum tracefs_synth_handler when = q->max ? TRACEFS_SYNTH_HANDLE_MAX : TRACEFS_SYNTH_HANDLE_CHANGE;
	const char *name = q->max ? q->max : q->change;
	_cleanup_free_ char *var = name ? find_var(synth, name) : NULL;
	int ret = 0;

	if (!name)
		return 0;
	if (!var)
		return err_set(err, -ENOMEM, "out of memory");
	errno = 0;
	if (q->snapshot)
		ret = tracefs_synth_snapshot(synth, when, var);
	/* which stands for saving: see save_fields() */
	if (!ret && q->save)
		ret = tracefs_synth_snapshot(synth, when, var);
	if (!ret && (q->trace || (!q->snapshot && !q->save)))
		ret = tracefs_synth_trace(synth, when, var);
	if (!ret)
		return 0;
	/* that is what libtracefs says of names that it does not know */
	return errno == ENODEV ? err_set(err, -EINVAL, "there is no variable '%s' to watch", name) :
				 err_set(err, last_errno(), "cannot watch '%s'", name);
}

/* 0; -errno. */
static int put_commands(struct trace_seq *s, int failed, struct err *err)
{
	if (failed)
		return err_set(err, last_errno(), "cannot tell the commands");
	trace_seq_do_printf(s);
	return fflush(stdout) ? -errno : 0;
}

/* --- saving fields: libtracefs' own (up to 1.6.4 at least) never ends, or frees memory twice */

#define SNAPSHOT	".snapshot()"

/* "echo 'text' >> path\n" of the commands that libtracefs tells; text and path are cut out. */
struct command {
	char *text, *path;
};

/* The next command at *@at, which is moved behind it. False: none is left. */
static bool next_command(char **at, struct command *c)
{
	char *end = *at ? strstr(*at, "' >> ") : NULL, *line;

	if (!end || strncmp(*at, "echo '", 6))
		return false;
	c->text = *at + 6;
	c->path = end + 5;
	*end = '\0';
	line = strchr(c->path, '\n');
	if (line)
		*line = '\0';
	*at = line ? line + 1 : NULL;
	return true;
}

/* Are @fields those of the event whose trigger's file is @path, .../SYSTEM/EVENT/trigger? */
static int check_fields(struct tep_handle *tep, const char *path, const char *fields, struct err *err)
{
	_cleanup_free_ char *dir = strdup(path), *names = strdup(fields);
	char *part[3] = { NULL }, *name, *rest = names;
	struct tep_event *e;
	unsigned int i;

	if (!dir || !names)
		return err_set(err, -ENOMEM, "out of memory");
	for (i = 0; i < 3; i++) {
		part[i] = strrchr(dir, '/');
		if (!part[i])
			return err_set(err, -EINVAL, "-S: '%s' is no trigger of an event", path);
		*part[i]++ = '\0';
	}
	e = tep_find_event_by_name(tep, part[2], part[1]);
	while ((name = strsep(&rest, ",")))
		if (!e || !tep_find_any_field(e, name))
			return err_set(err, -EINVAL, "-S: the event %s has no field '%s'", part[1], name);
	return 0;
}

/* @text with the last snapshot, before the event that may be made, replaced. NULL: out of memory. */
static char *save_instead(const char *text, const char *fields)
{
	const char *at = NULL, *p;
	char *ret;

	for (p = text; (p = strstr(p, SNAPSHOT)); p++)
		at = p;
	if (!at || asprintf(&ret, "%.*s.save(%s)%s", (int)(at - text), text, fields, at + strlen(SNAPSHOT)) < 0)
		return NULL;
	return ret;
}

/*
 * Give a command to the file that it is for, or one that undoes it. libtracefs tells the usual tracing directory, whatever
 * the one in use is.
 */
static int give_command(const struct command *c, const char *text)
{
	const char *events = strstr(c->path, "/events/"), *name = strrchr(c->path, '/');
	_cleanup_close_ int fd = -1;
	char *path;

	path = tracefs_get_tracing_file(events ? events + 1 : name ? name + 1 : c->path);
	if (!path)
		return -ENOMEM;
	fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
	tracefs_put_tracing_file(path);
	/* the kernel takes a command at once, or not at all */
	return fd < 0 || write(fd, text, strlen(text)) < 0 ? -errno : 0;
}

/* Take back what was done, the last one first. */
static void undo(const struct command *done, unsigned int n, const char *name)
{
	while (n--) {
		_cleanup_free_ char *text = NULL;

		if ((n ? asprintf(&text, "!%s", done[n].text) : asprintf(&text, "-:synthetic/%s", name)) >= 0)
			give_command(&done[n], text);
	}
}

/* Do, or print, the commands in @s: the event, and a histogram of each of its two; the second one saves. */
static int save_fields(struct tep_handle *tep, const struct sqlhist *q, char *s, struct err *err)
{
	_cleanup_free_ char *saving = NULL;
	struct command c[3];
	unsigned int i, n = 0;
	int ret;

	while (n < ARRAY_SIZE(c) && next_command(&s, &c[n]))
		n++;
	if (n != ARRAY_SIZE(c))
		return err_set(err, -EINVAL, "-S: libtracefs' commands are none that are known");
	ret = check_fields(tep, c[2].path, q->save, err);
	if (ret)
		return ret;
	saving = save_instead(c[2].text, q->save);
	if (!saving)
		return err_set(err, -ENOMEM, "out of memory");
	c[2].text = saving;
	for (i = 0; i < n; i++) {
		if (!q->execute) {
			printf("echo '%s' >> %s\n", c[i].text, c[i].path);
			continue;
		}
		ret = give_command(&c[i], c[i].text);
		if (!ret)
			continue;
		kernel_failed(NULL, ret, "Failed creating synthetic event!", err);
		undo(c, i, q->name ? q->name : "Anonymous");
		return ret;
	}
	return fflush(stdout) ? -errno : 0;
}

/* Two events that match make a synthetic one. */
static int run_synthetic(struct tep_handle *tep, struct tracefs_synth *synth, const struct sqlhist *q,
			 struct err *err)
{
	struct trace_seq s;
	int ret = add_actions(synth, q, err);

	if (ret)
		return ret;
	errno = 0;
	if (q->execute && !q->save && tracefs_synth_create(synth))
		return kernel_failed(NULL, last_errno(), "Failed creating synthetic event!", err);
	if (q->execute && !q->save)
		return 0;
	trace_seq_init(&s);
	ret = tracefs_synth_echo_cmd(&s, synth);
	trace_seq_terminate(&s);
	if (!ret && q->save)
		ret = save_fields(tep, q, s.buffer, err);
	else
		ret = put_commands(&s, ret, err);
	trace_seq_destroy(&s);
	return ret;
}

/* One event makes a histogram. */
static int run_histogram(struct tracefs_synth *synth, const struct sqlhist *q,
			 struct tracefs_instance *instance, struct err *err)
{
	struct tracefs_hist *hist = tracefs_synth_get_start_hist(synth);
	struct trace_seq s;
	int ret;

	if (!hist)
		return err_set(err, last_errno(), "this is neither a histogram nor a synthetic event");
	if (q->max || q->change) {
		tracefs_hist_free(hist);
		return err_set(err, -EINVAL, "-m and -c need two events, of which one is joined");
	}
	errno = 0;
	if (q->execute) {
		ret = tracefs_hist_start(instance, hist);
		ret = ret ? kernel_failed(instance, last_errno(), "Failed creating the histogram", err) : 0;
	} else {
		trace_seq_init(&s);
		ret = put_commands(&s, tracefs_hist_echo_cmd(&s, instance, hist, TRACEFS_HIST_CMD_START), err);
		trace_seq_destroy(&s);
	}
	tracefs_hist_free(hist);
	return ret;
}

static int run_parsed(struct tep_handle *tep, struct tracefs_synth *synth, const struct sqlhist *q, struct err *err)
{
	struct tracefs_instance *instance = NULL;
	int ret;

	if (tracefs_synth_complete(synth))
		return run_synthetic(tep, synth, q, err);
	/* without one, histograms are this machine's, whatever the tracing directory is */
	if (q->instance || q->tracing) {
		instance = tracefs_instance_alloc(q->tracing, q->instance);
		if (!instance)
			return err_set(err, -ENOENT, "there is no instance %s", q->instance ? q->instance : "");
	}
	ret = run_histogram(synth, q, instance, err);
	if (instance)
		tracefs_instance_free(instance);
	return ret;
}

int sqlhist_run(const struct sqlhist *q, struct err *err)
{
	_cleanup_free_ char *dir = q->tracing ? strdup(q->tracing) : NULL;
	_cleanup_free_ char *mistake = NULL;
	struct tracefs_synth *synth;
	struct tep_handle *tep;
	int ret;

	if (dir && tracefs_set_tracing_dir(dir))
		return err_set(err, last_errno(), "'%s' is no tracing directory", dir);
	/* formats that cannot be parsed are none of the SQL's */
	tep_set_loglevel(TEP_LOG_NONE);
	errno = 0;
	tep = tracefs_local_events(q->tracing);
	if (!tep)
		return err_set(err, last_errno(), "cannot read the formats of this machine's events");
	errno = 0;
	synth = tracefs_sql(tep, q->name, q->sql, &mistake);
	if (synth)
		ret = run_parsed(tep, synth, q, err);
	else
		ret = err_set(err, -EINVAL, "Failed creating synthetic event!\n%s", mistake && *mistake ? mistake :
			      "  there is no such field, or it is of no use here");
	if (synth)
		tracefs_synth_free(synth);
	tep_free(tep);
	return ret;
}
