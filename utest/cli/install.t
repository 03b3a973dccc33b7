#!/bin/bash
# make install puts everything where programs find it, make uninstall takes all of it away.
. "$(dirname "$0")/lib.sh"

[ -x "$TRACE_CMD" ] || skip_all "$TRACE_CMD is not built"
[ "$BUILD" = "$TOP/build" ] || skip_all "once is enough: it builds nothing with sanitizers"

prefix=/opt/trace root=$T/root
quiet_make() {
	env -u MAKEFLAGS -u MAKELEVEL make -s -C "$TOP" DESTDIR="$root" prefix=$prefix "$@"
}
succeeds "make install" quiet_make install

for f in bin/trace-cmd lib/libtracecmd.a lib/libtracecmd.so lib/libtracecmd.so.1 \
	 lib/pkgconfig/libtracecmd.pc include/trace-cmd/trace-cmd.h; do
	[ -s "$root$prefix/$f" ]
	ok $? "$f is installed"
done
is "$(find "$root" -type f ! -perm -444)" "" "everybody may read all of it"
is "$(objdump -p "$root$prefix/lib/libtracecmd.so" | awk '$1 == "SONAME" { print $2 }')" \
	libtracecmd.so.1 "the library's name for programs is libtracecmd.so.1"
is "$(nm -D --defined-only "$root$prefix/lib/libtracecmd.so" | awk '$3 !~ /^tracecmd_/ { print $3 }')" \
	"" "the library shows public names only"

# a program outside of the tree, told where things are by pkg-config alone
cat > "$T/user.c" << 'END'
#include <stdio.h>
#include <trace-cmd.h>

int main(int argc, char **argv)
{
	struct tracecmd_input *in = tracecmd_open(argv[1], 0);

	printf("%s\n", in ? "opened" : "no trace");
	tracecmd_close(in);
	return !!in;
}
END
export PKG_CONFIG_PATH=$root$prefix/lib/pkgconfig
pc() { pkg-config --define-variable=prefix="$root$prefix" --define-variable=libdir="$root$prefix/lib" \
	--define-variable=includedir="$root$prefix/include/trace-cmd" "$@" libtracecmd; }
# shellcheck disable=SC2046	# words
succeeds "a program compiles with what pkg-config says" \
	cc -Wall -Werror -o "$T/user" "$T/user.c" $(pc --cflags --libs)
run 20 env LD_LIBRARY_PATH="$root$prefix/lib" "$T/user" "$T/missing.dat"
is "$out $rc" "no trace 0" "and runs with the installed library"
# shellcheck disable=SC2046
succeeds "the same, linked with the static library" \
	cc -o "$T/user-static" "$T/user.c" -I"$root$prefix/include/trace-cmd" $(pc --cflags) \
	"$root$prefix/lib/libtracecmd.a" $(pkg-config --libs libtracefs libtraceevent zlib) \
	$(pkg-config --libs --silence-errors libzstd) -pthread
run 20 "$root$prefix/bin/trace-cmd" dump -i "$T/missing.dat"
isnt "$rc" 0 "the installed command runs"

succeeds "make uninstall" quiet_make uninstall
is "$(find "$root" ! -type d)" "" "nothing is left"
done_testing
