#!/bin/bash
# list -f --proto: what functions are called with, by made-up types, and by those of the running kernel.
# Both are mounted over what the kernel shows, in a mount namespace.
[ -n "${UNSHARED-}" ] || ! unshare -m true 2> /dev/null || UNSHARED=1 exec unshare -m bash "$0"
. "$(dirname "$0")/lib.sh"
need_tracing
[ -n "${UNSHARED-}" ] || skip_all "needs a mount namespace"
unset UNSHARED
[ -d /sys/kernel/btf ] || skip_all "needs a kernel with BTF"
[ -e "$TRACING/available_filter_functions" ] || skip_all "needs a kernel that lists functions"
cd "$T" || exit 1
mkbtf() { python3 "$TOP/utest/cli/mkbtf.py" "$@"; }

# functions LINE...: what the kernel can trace, from now on
functions() { printf '%s\n' "$@" > list; }
tc() { run 20 "$TRACE_CMD" "$@"; }

functions first
mount --bind list "$TRACING/available_filter_functions" || skip_all "cannot mount"

# --- the running kernel's

if [ -r /sys/kernel/btf/vmlinux ]; then
	functions vfs_read 'vfs_read [no_such_module]' vfs_fsync
	tc list -f vfs --proto
	is "$(sed -n 1p <<< "$out")" "vfs_read(struct file *file, char *buf, size_t count, loff_t *pos)" \
		"a function of this kernel"
	is "$(sed -n 2p <<< "$out")" "vfs_read [no_such_module]" "... and one that only has its name"
	like "$out" '^vfs_fsync\(struct file \*file, int datasync\)$' "... and another one"
else
	skip 3 "the kernel has no types"
fi

# --- made up

mkdir btf
mount --bind btf /sys/kernel/btf
functions first
tc list -f --proto
is "$rc" 2 "--proto where the kernel has no types fails"
like "$both" "does not tell its types" "... and says why"
tc list -f
is "$rc $out" "0 first" "... without it, names are shown"
tc list --proto
is "$rc" 255 "--proto without -f is refused"
like "$both" "needs -f" "... and told why"

cat > kernel << 'E2'
i int int 4 signed
c int char 1 char
ul int unsigned_long 8
cc const - c
s ptr - cc
f struct file 200
pf ptr - f
cpf const - pf
st typedef size_t ul
a array - i 3
pa ptr - a
cb proto - i :pf :i
pcb ptr - cb
e enum color 4 red green
anon struct - 8
u union both 8
fw fwd later 0
pfw ptr - fw
pv ptr - void
vc volatile - cc
pvc ptr - vc
aa array - a 2
p1 proto - i file:cpf name:s count:st
p2 proto - void
p3 proto - void format:s ...
p4 proto - void array:pa call:pcb color:e
p5 proto - pf anon:anon both:u later:pfw any:pv :pvc
p6 proto - void rows:aa
f1 func first p1
f2 func nothing p2
f3 func print p3
f4 func third p4
f5 func fifth p5
f6 func rows p6
f7 func first p2
E2
mkbtf btf/vmlinux < kernel
functions first nothing print third fifth rows unknown 'in_module [mod]' 'first [mod]' 'first [other]' 'x [../a]'
cat > module << 'E2'
base kernel
mp ptr - pf
m1 proto - mp files:mp name:s
m func in_module m1
E2
mkbtf btf/mod < module
cat > wanted << 'E2'
first(struct file *const file, const char *name, size_t count)
nothing(void)
print(const char *format, ...)
third(int (*array)[3], int (*call)(struct file *, int), enum color color)
fifth(struct {...} anon, union both both, struct later *later, void *any, volatile const char *)
rows(int rows[2][3])
unknown
in_module(struct file **files, const char *name) [mod]
first [mod]
first [other]
x [../a]
E2
tc list -f --proto
is "$rc" 0 "list -f --proto"
is "$out" "$(cat wanted)" "pointers, arrays, functions, qualifiers, structs, modules"
tc list -f first --proto
is "$out" "$(grep first wanted)" "only those that match, by their names"
tc list --proto -f 'file'
is "$out" "" "... not by their arguments"
ORDER=big mkbtf btf/vmlinux < kernel
ORDER=big mkbtf btf/mod < module
tc list -f --proto
is "$out" "$(cat wanted)" "the same of the other byte order"

# --- damaged

head -c 200 btf/vmlinux > short
cp short btf/vmlinux
tc list -f --proto
isnt "$rc" 0 "types that are cut off: an error"
like "$both" "reading the types in /sys/kernel/btf/vmlinux" "... that says of what"
cat > kernel << 'E2'
t1 typedef loop 1
p ptr - 2
q const - 4
r const - 3
pr proto - void loop:1 pointers:2 consts:3 nowhere:77
f func first pr
g func second 1
E2
mkbtf btf/vmlinux < kernel
functions first second
tc list -f --proto
is "$rc" 0 "types that never end come to an end"
like "$out" '^first\(loop loop, \? \*+pointers, .*\? consts, \? nowhere\)$' "... and are told as unknown"
like "$out" '^second$' "a function that is none has no arguments"
done_testing
