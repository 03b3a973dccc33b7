/*
 * test-complete.c - what the engine of completion answers, and that all tables tell it enough.
 *
 * On a made-up tracing directory, so no root is needed; utest/cli/completion.t asks the shells.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "commands.h"
#include "complete.h"
#include "complete-values.h"
#include "gen/sample.h"
#include "unit/tracefs-util.h"

#define WORDS_MAX 16

static char fake[] = "/tmp/utest-complete-XXXXXX";

static const char format[] =
	"name: sched_switch\nID: 1\nformat:\n"
	"\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n\n"
	"\tfield:char prev_comm[16];\toffset:8;\tsize:16;\tsigned:0;\n"
	"\tfield:pid_t prev_pid;\toffset:24;\tsize:4;\tsigned:1;\n"
	"\tfield:pid_t next_pid;\toffset:28;\tsize:4;\tsigned:1;\n\nprint fmt: \"\"\n";

static const struct {
	const char *file, *text;	/* NULL: a directory */
} files[] = {
	{ "events" }, { "events/sched" }, { "events/sched/sched_switch" }, { "instances" },
	{ "instances/mine" },
	{ "available_events", "sched:sched_switch\nsched:sched_waking\nirq:irq_handler_entry\n"
			      "irq:softirq_entry\nkvm:kvm_exit\n" },
	{ "available_tracers", "function function_graph nop\n" },
	{ "trace_clock", "[local] global mono mono_raw x86-tsc\n" },
	{ "trace_options", "print-parent\nnostacktrace\n" },
	{ "available_filter_functions", "schedule\nschedule_timeout\nkvm_exit [kvm]\n" },
	{ "events/sched/sched_switch/format", format },
	{ "trace.dat" },
};

static int make_fake(void **state)
{
	struct sample s;
	int ret;

	if (!mkdtemp(fake))
		return -1;
	for (size_t i = 0; i < ARRAY_SIZE(files) - 1; i++) {
		struct path p = path_of(fake, files[i].file);

		if (files[i].text ? put_text(p.s, files[i].text) : mkdir(p.s, 0700))
			return -1;
	}
	sample_init(&s, 7, ORDER_LITTLE, 8, "zlib");
	s.g.cmdlines = "1 init\n42 answer\n43 an\033swer\n44 two words\n";
	sample_write(&s);
	ret = put_text(path_of(fake, "trace.dat").s, "");
	if (!ret) {
		FILE *f = fopen(path_of(fake, "trace.dat").s, "w");

		ret = !f || fwrite(s.file.data, 1, s.file.len, f) != s.file.len;
		fclose(f);
	}
	sample_release(&s);
	return ret || chdir(fake);
}

static int remove_fake(void **state)
{
	for (size_t i = ARRAY_SIZE(files); i-- > 0;)
		remove(path_of(fake, files[i].file).s);
	return chdir("/") || rmdir(fake);
}

/* The answer to the last of the words of @line, which one blank each divides. */
static char *answer_in(const char *tracing, const char *line)
{
	_cleanup_free_ char *copy = strdup(line);
	char *words[WORDS_MAX], *rest = copy, *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	int nr = 0;

	while (nr < WORDS_MAX && (words[nr] = strsep(&rest, " ")))
		nr++;
	complete_line(out, tracing, nr - 1, nr, words);
	fclose(out);
	return text;
}

static char *answer_to(const char *line)
{
	return answer_in(fake, line);
}

/* The candidates without descriptions, in one line, or what there is instead of them. */
static char *candidates_in(const char *tracing, const char *line)
{
	_cleanup_free_ char *text = answer_in(tracing, line);
	struct buf b = BUF_INIT;
	char *rest = text, *one;

	while ((one = strsep(&rest, "\n"))) {
		one[strcspn(one, "\t")] = '\0';
		if (*one && strcmp(one, ":words"))
			buf_printf(&b, "%s%s", b.len ? " " : "", one);
	}
	buf_add_str(&b, "");
	return b.data ? buf_take_str(&b) : strdup("");
}

static const struct {
	const char *line, *wanted;
} cases[] = {
	/* commands */
	{ "trace-cmd rec", "record" },
	{ "trace-cmd __comp", "" },
	{ "trace-cmd nothing-like-it x", ":none" },
	{ "trace-cmd", ":none" },
	/* events */
	{ "trace-cmd record -e ", "all irq kvm sched" },
	{ "trace-cmd record -e ir", "irq irq_handler_entry" },
	{ "trace-cmd record -e sched", "sched sched: sched_switch sched_waking" },
	{ "trace-cmd record -e sched:", "sched:sched_switch sched:sched_waking" },
	{ "trace-cmd record -e sched:sched_sw", "sched:sched_switch" },
	{ "trace-cmd record -e nothing:", "" },
	{ "trace-cmd show --hist kvm:", "kvm:kvm_exit" },
	{ "trace-cmd list -e kvm:", "kvm:kvm_exit" },
	/* fields of the event before */
	{ "trace-cmd record -e sched:sched_switch -f ", "common_type next_pid prev_comm prev_pid" },
	{ "trace-cmd record -e sched_switch -f prev_", "prev_comm prev_pid" },
	{ "trace-cmd record -e sched_switch -f 'prev_", "prev_comm prev_pid" },
	{ "trace-cmd record -e sched_switch -f prev_pid<3&&!(n", "prev_pid<3&&!(next_pid" },
	{ "trace-cmd record -e sched_switch -f prev_pid==", "" },
	{ "trace-cmd record -e sched_switch -f prev_pid==n", "" },
	{ "trace-cmd record -f ", "" },
	{ "trace-cmd record -e nothing -f ", "" },
	/* other lists of tracefs */
	{ "trace-cmd record -C mono", "mono mono_raw" },
	{ "trace-cmd record -C l", "local" },
	{ "trace-cmd record -p f", "function function_graph" },
	{ "trace-cmd record -O ", "noprint-parent nostacktrace print-parent stacktrace" },
	{ "trace-cmd record -B ", "mine" },
	{ "trace-cmd stop -B ", "mine" },
	{ "trace-cmd record -n s", "schedule schedule_timeout" },
	{ "trace-cmd record -l kvm", "kvm_exit" },
	{ "trace-cmd record -l kvm_exit:trace", "kvm_exit:traceoff kvm_exit:traceon" },
	{ "trace-cmd list -f k", "kvm_exit" },
	/* how arguments may be attached */
	{ "trace-cmd record -Cmono", "-Cmono -Cmono_raw" },
	{ "trace-cmd record -C", "-C" },
	{ "trace-cmd record -TvCmono_", "-TvCmono_raw" },
	{ "trace-cmd record -TvC mono_", "mono_raw" },
	{ "trace-cmd record -T", "-T" },
	{ "trace-cmd record --compression=zli", "--compression=zlib" },
	{ "trace-cmd record --compression zli", "zlib" },
	{ "trace-cmd record --compr zli", "zlib" },
	{ "trace-cmd record --compr=zli", "--compr=zlib" },
	{ "trace-cmd record --tsync-method=f", "--tsync-method=fastest" },
	{ "trace-cmd record --tsync=f", "" },		/* of more than one */
	{ "trace-cmd record --date=", "" },		/* takes none */
	{ "trace-cmd record --verb", "--verbose" },
	{ "trace-cmd record --verbose", "--verbose --verbose=" },
	{ "trace-cmd record --verbose=de", "--verbose=debug" },
	{ "trace-cmd record --verbose de", ":command 3" },	/* only with = */
	{ "trace-cmd report -Vde", "-Vdebug" },
	{ "trace-cmd report -V ", ":files" },
	{ "trace-cmd record -!", "" },
	/* numbers, words */
	{ "trace-cmd record -b ", ":none size of the ring buffer of each CPU, in KB" },
	{ "trace-cmd agent -p ", ":none port to listen on (823)" },
	{ "trace-cmd report --compat ", "3.1 3.4" },
	{ "trace-cmd reset -k k", "kprobe kretprobe" },
	/* files */
	{ "trace-cmd record -o tr", ":files" },
	{ "trace-cmd record -otr", ":files -o" },
	{ "trace-cmd record --tsync-debug ", ":directories" },
	{ "trace-cmd record --tsync-debug=x", ":directories --tsync-debug=" },
	{ "trace-cmd report tra", ":files" },
	{ "trace-cmd report one tra", ":files" },
	/* what runs behind the options */
	{ "trace-cmd record sle", ":command 2" },
	{ "trace-cmd record -e sched sleep --te", ":command 4" },
	{ "trace-cmd record -- -x", ":command 3" },
	{ "trace-cmd record --date cat tr", ":command 3" },
	{ "trace-cmd record -A guest -e sched:sched_sw", "sched:sched_switch" },
	{ "trace-cmd record -A guest -e sched cmd", ":command 6" },
	{ "trace-cmd stop ", "--all --help -B -a -h -t" },
	{ "trace-cmd stop x", "" },
	{ "trace-cmd stop x ", "" },
	/* list: an argument is the next word if that is no option */
	{ "trace-cmd list -e -F --fu", "--full" },
	{ "trace-cmd list -e --fu", "--full" },
	{ "trace-cmd list -eF --fu", "--full" },
	{ "trace-cmd list -Fe kvm:", "kvm:kvm_exit" },
	/* out of the trace file */
	{ "trace-cmd report -F ti", "tick" },
	{ "trace-cmd report -F tick,to", "tick,tock" },
	{ "trace-cmd report -F tick:va", "tick:value" },
	{ "trace-cmd report -F test/tick:common_p", "test/tick:common_pid test/tick:common_preempt_count" },
	{ "trace-cmd report --fields ", "comm cpu event file flags instance pid system text time ts" },
	{ "trace-cmd report --fields ts,v", "ts,value" },
	{ "trace-cmd report --pid ", "1 42 43 44" },
	{ "trace-cmd report --pid 1,4", "1,42 1,43 1,44" },
	{ "trace-cmd report --comm=an", "--comm=answer" },	/* not the one with an escape */
	{ "trace-cmd report -i trace.dat -r to", "tock" },
	{ "trace-cmd report -i missing -r sched_sw", "sched_switch" },
	{ "trace-cmd report -i available_events -r sched_sw", "sched_switch" },
	{ "trace-cmd report -i /dev/zero --comm a", "" },
};

static void answers_by_the_table(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_free_ char *got = candidates_in(fake, cases[i].line);

		if (strcmp(got, cases[i].wanted))
			fail_msg("%s:\ngot    %s\nwanted %s", cases[i].line, got, cases[i].wanted);
	}
}

static void descriptions_are_first_lines(void **state)
{
	_cleanup_free_ char *help = answer_to("trace-cmd record --rot");
	_cleanup_free_ char *event = answer_to("trace-cmd record -e irq_");
	_cleanup_free_ char *task = answer_to("trace-cmd report --pid 43");

	assert_string_equal(help, ":words\n--rotate\tbegin a new file when there is as much data, or after that\n");
	assert_string_equal(event, ":words\nirq_handler_entry\tevent of irq\n");
	/* nothing that a terminal would obey */
	assert_string_equal(task, ":words\n43\tan?swer\n");
}

static void no_tracefs_is_no_candidates(void **state)
{
	static const char *const lines[] = {
		"trace-cmd record -e s", "trace-cmd record -e sched:", "trace-cmd record -p ",
		"trace-cmd record -C ", "trace-cmd record -O ", "trace-cmd record -l ",
		"trace-cmd record -B ", "trace-cmd record -e sched_switch -f ",
	};

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		_cleanup_free_ char *none = candidates_in(NULL, lines[i]);
		_cleanup_free_ char *gone = candidates_in("/nowhere", lines[i]);

		assert_string_equal(none, "");
		assert_string_equal(gone, "");
	}
}

static void long_lists_are_cut_off(void **state)
{
	struct buf b = BUF_INIT;
	_cleanup_free_ char *got = NULL;
	int lines = 0;

	for (int i = 0; i < 2 * OFFERS_MAX; i++)
		buf_printf(&b, "function_%06d [module]\n", i);
	assert_int_equal(put_text(path_of(fake, "available_filter_functions").s, (char *)b.data), 0);
	buf_release(&b);
	got = answer_to("trace-cmd record -l f");
	for (const char *at = got; (at = strchr(at, '\n')); at++)
		lines++;
	assert_int_equal(lines, 1 + OFFERS_MAX);
}

static void check_answer(const char *line, const char *answer)
{
	if (answer[0] != ':' || !strchr(answer, '\n'))
		fail_msg("%s: no answer: %s", line, answer);
}

static void every_option_of_every_command(void **state)
{
	const struct command *c;
	const struct opt_spec *o;

	for (int i = 0; (c = command_at(i)); i++) {
		for (o = c->options; o->id; o++) {
			_cleanup_free_ char *answer = NULL;
			char line[256];

			if (o->arg == OPT_NONE || !opt_is_shown(c, o))
				continue;
			if (!o->value || (!strchr(o->value, ' ') && !value_kind(o->value)))
				fail_msg("%s: the argument of -%c/--%s is of no kind: give its row a "
					 "value, be it \"number\" or \"text\"", c->name,
					 o->id < OPT_LONG ? o->id : '-', o->name ? o->name : "");
			if (o->id < OPT_LONG)
				snprintf(line, sizeof(line), "trace-cmd %s -%c%s", c->name, o->id,
					 o->arg == OPT_OPTIONAL ? "x" : " ");
			else
				snprintf(line, sizeof(line), "trace-cmd %s --%s=", c->name, o->name);
			answer = answer_to(line);
			check_answer(line, answer);
			/* the first of the words is among the candidates */
			if (strchr(o->value, ' ') && line[strlen(line) - 1] != 'x') {
				snprintf(line, sizeof(line), "%.*s", (int)strcspn(o->value, " "), o->value);
				assert_non_null(strstr(answer, line));
			}
		}
	}
}

static void any_words_are_answered(void **state)
{
	static const char *const lines[] = {
		"", " ", "trace-cmd ", "trace-cmd -", "trace-cmd record -=", "trace-cmd record --=",
		"trace-cmd record --=x", "trace-cmd record ---", "trace-cmd record -\377",
		"trace-cmd record -e", "trace-cmd record - ", "trace-cmd record -- ",
		"trace-cmd record -e -e", "trace-cmd record -e %n:%s", "trace-cmd record -f &&",
		"trace-cmd record -f &", "trace-cmd report -F :", "trace-cmd report -F ,:,",
		"trace-cmd report --pid ,,", "trace-cmd report -i", "trace-cmd __complete -",
	};
	char *words[] = { "trace-cmd", NULL };
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		_cleanup_free_ char *answer = answer_to(lines[i]);

		check_answer(lines[i], answer);
	}
	/* the word at the cursor may be missing, but not those before */
	complete_line(out, fake, 1, 1, words);
	complete_line(out, fake, 3, 1, words);
	complete_line(out, fake, 0, 0, words + 1);
	fclose(out);
	assert_non_null(strstr(text, ":words\nagent\t"));
	assert_non_null(strstr(text, "\n:none\n:none\n"));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_by_the_table),
		cmocka_unit_test(descriptions_are_first_lines),
		cmocka_unit_test(no_tracefs_is_no_candidates),
		cmocka_unit_test(every_option_of_every_command),
		cmocka_unit_test(any_words_are_answered),
		cmocka_unit_test(long_lists_are_cut_off),
	};

	return cmocka_run_group_tests(tests, make_fake, remove_fake);
}
