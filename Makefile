# trace-cmd: the command, libtracecmd and their tests.
#
#   make            build everything          make demo     record a stand-in guest, show the merge
#   make check      run the tests             make lint     warnings as errors, layers, sizes, scripts
#   make install    prefix=/usr/local DESTDIR=            make help
#
# V=1 shows the commands; EXTRA_CFLAGS are added; BUILD=DIR builds elsewhere,
# LIBDIRS="base wire" takes only these folders of the library (for work on one of them).

VERSION		= 4.0.0
LIB_MAJOR	= 1
LIB_VERSION	= 1.6.0

prefix		?= /usr/local
bindir		?= $(prefix)/bin
libdir		?= $(prefix)/lib
includedir	?= $(prefix)/include
mandir		?= $(prefix)/share/man
datadir		= $(prefix)/share/trace-cmd
bashdir		?= $(prefix)/share/bash-completion/completions
zshdir		?= $(prefix)/share/zsh/site-functions
fishdir		?= $(prefix)/share/fish/vendor_completions.d
DESTDIR		?=

BUILD		?= build
CC		?= gcc
PKG_CONFIG	?= pkg-config
INSTALL		?= install

ifeq ($(V),1)
Q =
say = @:
else
Q = @
say = @printf '  %-8s %s\n'
endif

# make demo and make check fetch what is missing; for the others tell what to do.
PKGS := libtracefs libtraceevent zlib
HAVE_PKGS := $(shell $(PKG_CONFIG) --exists $(PKGS) 2>/dev/null && echo y)
HAVE_ZSTD := $(shell $(PKG_CONFIG) --exists libzstd 2>/dev/null && echo y)
HAVE_LIBDEFLATE := $(shell $(PKG_CONFIG) --exists libdeflate 2>/dev/null && echo y)
HAVE_SODIUM := $(shell $(PKG_CONFIG) --exists libsodium 2>/dev/null && echo y)
HAVE_VSOCK := y

CFLAGS		?= -O2 -g
WARN		= -Wall -Wextra -Wshadow -Wmissing-prototypes -Wstrict-prototypes -Wvla \
		  -Wno-unused-parameter -Wno-missing-field-initializers -Wno-sign-compare -Wno-format-truncation
PKG_CFLAGS	:= $(shell $(PKG_CONFIG) --cflags $(PKGS) $(if $(HAVE_ZSTD),libzstd) $(if $(HAVE_LIBDEFLATE),libdeflate) \
		     $(if $(HAVE_SODIUM),libsodium) \
		     2>/dev/null)
PKG_LIBS	:= $(shell $(PKG_CONFIG) --libs $(PKGS) $(if $(HAVE_ZSTD),libzstd) $(if $(HAVE_LIBDEFLATE),libdeflate) \
		     $(if $(HAVE_SODIUM),libsodium) \
		     2>/dev/null)
ALL_CFLAGS	= -std=gnu11 -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 $(WARN) $(CFLAGS) -pthread \
		  -Ilib/trace-cmd -Iinclude/trace-cmd -Itracecmd $(PKG_CFLAGS) \
		  $(if $(HAVE_ZSTD),-DHAVE_ZSTD) $(if $(HAVE_LIBDEFLATE),-DHAVE_LIBDEFLATE) \
		  $(if $(HAVE_SODIUM),-DHAVE_SODIUM) \
		  -DVERSION='"$(VERSION)"' -DLIB_VERSION='"$(LIB_VERSION)"' \
		  $(EXTRA_CFLAGS)
ALL_LDFLAGS	= -pthread $(LDFLAGS) $(EXTRA_CFLAGS)
LIBS		= $(PKG_LIBS)
# libtraceevent's KVM plugin asks the program for the names of guest functions
TOOL_LDFLAGS	= -Wl,--export-dynamic-symbol=tep_plugin_kvm_get_func

LIBDIRS		?= base wire zip in fmt out copy rec net tsync
LIB_SRC		:= $(foreach d,$(LIBDIRS),$(sort $(wildcard lib/trace-cmd/$(d)/*.c)))
ifeq ($(origin LIBDIRS),file)
LIB_SRC		+= $(sort $(wildcard lib/trace-cmd/*.c))
endif
TOOL_SRC	:= $(sort $(wildcard tracecmd/*.c tracecmd/*/*.c))
UNIT_SRC	:= $(sort $(wildcard utest/unit/test-*.c utest/sim/test-*.c))

obj = $(patsubst %.c,$(BUILD)/obj/%.o,$(1))
LIB_OBJ		:= $(call obj,$(LIB_SRC))
TOOL_OBJ	:= $(call obj,$(TOOL_SRC))
# all of the tool but its main(), for the unit tests of setup/, session/ and report/
TOOL_A_OBJ	:= $(filter-out %/tracecmd/main.o,$(TOOL_OBJ))

LIB_A		:= $(BUILD)/libtracecmd.a
LIB_SO		:= $(BUILD)/libtracecmd.so.$(LIB_VERSION)
TOOL_A		:= $(BUILD)/libtool.a
ifeq ($(BUILD),build)
TOOL		:= tracecmd/trace-cmd
else
TOOL		:= $(BUILD)/trace-cmd
endif
PC		:= $(BUILD)/libtracecmd.pc

all: need-packages $(LIB_A) $(LIB_SO) $(PC) $(TOOL)

need-packages:
ifneq ($(HAVE_PKGS),y)
	@echo 'make: development packages are missing: $(PKGS)' >&2
	@echo 'On Debian: apt-get install gcc pkg-config libtracefs-dev libtraceevent-dev zlib1g-dev libzstd-dev libdeflate-dev libsodium-dev' >&2
	@echo '("make demo" and "make check" install what they need when run as root.)' >&2
	@false
endif

$(BUILD)/obj/%.o: %.c $(BUILD)/flags
	$(say) CC $<
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) $(if $(filter lib/%,$<),-fPIC -fvisibility=hidden) -MMD -MP -c -o $@ $<

# changed flags rebuild what was built with others
FLAGS_NOW := $(CC) $(ALL_CFLAGS)
$(BUILD)/flags: FORCE
	@mkdir -p $(BUILD)
	@printf '%s\n' '$(subst ','\'',$(FLAGS_NOW))' | cmp -s - $@ || printf '%s\n' '$(subst ','\'',$(FLAGS_NOW))' > $@

$(LIB_A): $(LIB_OBJ)
	$(say) AR $@
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(LIB_SO): $(LIB_OBJ)
	$(say) LD $@
	$(Q)$(CC) -shared -Wl,-soname,libtracecmd.so.$(LIB_MAJOR) -o $@ $^ $(ALL_LDFLAGS) $(LIBS)
	$(Q)ln -sf $(@F) $(BUILD)/libtracecmd.so.$(LIB_MAJOR)
	$(Q)ln -sf libtracecmd.so.$(LIB_MAJOR) $(BUILD)/libtracecmd.so

$(TOOL_A): $(TOOL_A_OBJ)
	$(say) AR $@
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(TOOL): $(BUILD)/obj/tracecmd/main.o $(TOOL_A) $(LIB_A)
	$(say) LD $@
	$(Q)$(CC) -o $@ $^ $(ALL_LDFLAGS) $(TOOL_LDFLAGS) $(LIBS)

$(PC): lib/trace-cmd/libtracecmd.pc.in Makefile
	@mkdir -p $(BUILD)
	$(Q)sed -e 's|@prefix@|$(prefix)|' -e 's|@libdir@|$(libdir)|' -e 's|@includedir@|$(includedir)/trace-cmd|' \
		-e 's|@version@|$(LIB_VERSION)|' $< > $@

# --- tests

UNIT_BIN := $(patsubst %.c,$(BUILD)/%,$(UNIT_SRC))
$(BUILD)/utest/%: utest/%.c $(BUILD)/flags $(LIB_A) $(if $(findstring file,$(origin LIBDIRS)),$(TOOL_A))
	$(say) CC $<
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -Iutest -MMD -MP -MF $@.d -o $@ $(filter %.c %.a,$^) \
		$(filter $(LIB_A),$^) $(ALL_LDFLAGS) $(LIBS) -lcmocka

unit: $(UNIT_BIN)

-include scripts/targets.mk

clean:
	$(Q)rm -rf build $(TOOL)

help:
	@sed -n '/^#/!q;s/^# \{0,1\}//p' Makefile

-include $(patsubst %.o,%.d,$(LIB_OBJ) $(TOOL_OBJ)) $(addsuffix .d,$(UNIT_BIN))

.PHONY: all unit clean help need-packages FORCE
FORCE:
.DELETE_ON_ERROR:
