#!/bin/bash
# make install puts everything where programs find it, make uninstall takes all of it away.
. "$(dirname "$0")/lib.sh"

[ -x "$TRACE_CMD" ] || skip_all "$TRACE_CMD is not built"
[ "$BUILD" = "$TOP/build" ] || skip_all "once is enough: it builds nothing with sanitizers"

prefix=$T/opt
quiet_make() { env -u MAKEFLAGS -u MAKELEVEL make -s -C "$TOP" "$@"; }
succeeds "make install" quiet_make install prefix="$prefix"

for f in bin/trace-cmd lib/libtracecmd.a lib/libtracecmd.so lib/libtracecmd.so.1 \
	 lib/pkgconfig/libtracecmd.pc include/trace-cmd/trace-cmd.h include/trace-cmd/trace-cmd-printer.h \
	 share/bash-completion/completions/trace-cmd share/zsh/site-functions/_trace-cmd \
	 share/fish/vendor_completions.d/trace-cmd.fish share/trace-cmd/tsync_plot.py \
	 share/trace-cmd/tsync_table.py; do
	[ -s "$prefix/$f" ]
	ok $? "$f is installed"
done
is "$(find "$prefix" -type f ! -perm -444)" "" "everybody may read all of it"
is "$(objdump -p "$prefix/lib/libtracecmd.so" | awk '$1 == "SONAME" { print $2 }')" \
	libtracecmd.so.1 "the library's name for programs is libtracecmd.so.1"
is "$(nm -D --defined-only "$prefix/lib/libtracecmd.so" | awk '$3 !~ /^tracecmd_/ { print $3 }')" \
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
export PKG_CONFIG_PATH=$prefix/lib/pkgconfig
# shellcheck disable=SC2046	# words
succeeds "a program compiles with what pkg-config says" \
	cc -Wall -Werror -o "$T/user" "$T/user.c" $(pkg-config --cflags --libs libtracecmd)
run 20 env LD_LIBRARY_PATH="$prefix/lib" "$T/user" "$T/missing.dat"
is "$out $rc" "no trace 0" "and runs with the installed library"
# shellcheck disable=SC2046
succeeds "the same, linked with the static library" \
	cc -o "$T/user-static" "$T/user.c" $(pkg-config --cflags libtracecmd) \
	"$prefix/lib/libtracecmd.a" $(pkg-config --libs libtracefs libtraceevent zlib) \
	$(pkg-config --libs --silence-errors libzstd) $(pkg-config --libs --silence-errors libdeflate) \
	$(pkg-config --libs --silence-errors libsodium) -pthread
run 20 "$prefix/bin/trace-cmd" dump -i "$T/missing.dat"
isnt "$rc" 0 "the installed command runs"
is "$(cd / && bash -c '. "$1/share/bash-completion/completions/trace-cmd"
	COMP_WORDS=("$1/bin/trace-cmd" repo) COMP_CWORD=1 COMP_LINE="$1/bin/trace-cmd repo"
	COMP_POINT=${#COMP_LINE}
	_trace_cmd
	echo "${COMPREPLY[*]}"' - "$prefix")" report "and the installed completion asks it"

# DESTDIR: the same files elsewhere, which know nothing of it
succeeds "make install DESTDIR=" quiet_make install prefix=/opt/trace DESTDIR="$T/stage"
is "$(cd "$T/stage/opt/trace" && find . ! -type d | sort)" "$(cd "$prefix" && find . ! -type d | sort)" \
	"it has the same files"
is "$(grep -rlF "$T" "$T/stage" --include='*.pc')" "" "which do not tell of DESTDIR"
succeeds "make uninstall DESTDIR=" quiet_make uninstall prefix=/opt/trace DESTDIR="$T/stage"
is "$(find "$T/stage" ! -type d)" "" "nothing is left there"
succeeds "make uninstall" quiet_make uninstall prefix="$prefix"
is "$(find "$prefix" ! -type d)" "" "nothing is left"
done_testing
