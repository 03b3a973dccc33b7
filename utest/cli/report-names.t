#!/bin/bash
# report of events whose print formats have names of the kernel's variables, as kmem's page events have.
. "$(dirname "$0")/lib.sh"
cd "$T" || exit 1

cat > text << 'E2'
format kmem pages 110 long:pfn u32:order ; "page=%p next=%p order=%d %s", REC->pfn != -1UL ? (((struct page *)vmemmap_base) + (REC->pfn)) : ((void *)0), (((struct page *)nobody_knows) + (REC->pfn)), REC->order & mask, __print_symbolic(REC->order + one, {1, "zero"}, {4097, "base"})
format kvm leave 111 u32:errno ; "%s %d%% %lx", REC->errno ? (REC->errno == 4 ? "restart" : "error") : "none", REC->errno == 5 ? one : two, one
symbol ffffffff82396950 vmemmap_base
symbol ffffffff83785480 error
symbol ffffffff837854a0 restart
symbol ff mask
symbol 1000 one
comm 10 shell
0 1000000000 pages 10 0x1234 1
0 1000001000 pages 10 -1 513
1 1000002000 leave 10 4
1 1000003000 leave 10 5
E2
python3 "$TOP/utest/cli/mktrace.py" one.dat < text
texts() {
	run 10 "$TRACE_CMD" report "$@"
	all=$out
	out=$(sed -n 's/^.*: pages: *//p' <<< "$all")
}
wanted='page=0xffffffff82397b84 next=0x1234 order=1 base
page=(nil) next=0xffffffffffffffff order=1 0x1201'
texts one.dat
is "$out" "$wanted" "they count as their addresses, and as 0 where nobody knows them"
is "$(sed -n 's/^.*: leave: *//p' <<< "$all")" 'restart 0% 1000
error 4096% 1000' "texts that are called like functions stay texts, names of numbers get their addresses"
texts -i one.dat -i one.dat
is "$(sort -u <<< "$out")" "$(sort -u <<< "$wanted")" "... in each of several files"
is "$(wc -l <<< "$out")" 4 "... of which all are shown"
texts -j 1 one.dat
is "$out" "$wanted" "... in one thread"
grep -v '^symbol' text | python3 "$TOP/utest/cli/mktrace.py" none.dat
texts none.dat
like "$out" '^page=0x1234 next=0x1234 order=0 ' "without symbols all are 0"
echo 'ffff000000000000 D vmemmap_base' > kallsyms
texts --kallsyms kallsyms one.dat
like "$out" '^page=0xffff000000001234 next=0x1234 order=0 ' "those that --kallsyms tells"
for f in one none; do
	report_as_stock "$f.dat: as Debian's" $f.dat
done

# programs that have libtraceevent print
cat > print.c << 'E2'
#include <stdio.h>
#include <trace-cmd.h>

static int print(struct tracecmd_input *handle, struct tep_record *record, int cpu, void *data)
{
	struct trace_seq text;

	trace_seq_init(&text);
	tep_print_event(tracecmd_get_tep(handle), &text, record, "%s", TEP_PRINT_INFO);
	trace_seq_do_printf(&text);
	puts("");
	trace_seq_destroy(&text);
	return 0;
}

int main(int argc, char **argv)
{
	struct tracecmd_input *handle = tracecmd_open(argv[1], 0);
	int ret = handle ? tracecmd_iterate_events(handle, NULL, 0, print, NULL) : 1;

	tracecmd_close(handle);
	return ret;
}
E2
# shellcheck disable=SC2046	# words
if [ "$BUILD" = "$TOP/build" ] && cc -o print print.c -I "$TOP/include/trace-cmd" \
		$(pkg-config --cflags --libs libtraceevent libtracefs) -L "$BUILD" -ltracecmd; then
	run 10 env LD_LIBRARY_PATH="$BUILD" ./print one.dat
	is "$out" "$wanted
restart 0% 1000
error 4096% 1000" "a program that calls tep_print_event() gets the same"
else
	skip 1 "needs a compiler, and a build without sanitizers"
fi
done_testing
