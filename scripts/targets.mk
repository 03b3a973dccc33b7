# The targets for people: tests, demo, documents, installation. Included by the Makefile.

# SUITES of the tests: plain, asan, vm, vm-full (see scripts/run-tests); TESTS="word ..." selects
SUITES		?= plain
SANITIZE	= -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
SUBMAKE		= $(MAKE) --no-print-directory

# A make of its own after each installation: what was missing is looked up when make starts.
check:
	$(Q)scripts/install-deps test $(if $(filter vm vm-full,$(SUITES)),vm)
	+$(Q)$(SUBMAKE) $(if $(filter plain vm vm-full,$(SUITES)),all unit) $(if $(filter asan,$(SUITES)),asan)
	$(Q)scripts/run-tests $(SUITES)

check-root:
	+$(Q)REQUIRE_ROOT=1 $(SUBMAKE) check

check-asan:
	+$(Q)$(SUBMAKE) check SUITES=asan

check-vm:
	+$(Q)$(SUBMAKE) check SUITES=vm

check-vm-full:
	+$(Q)$(SUBMAKE) check SUITES=vm-full

# Leaks and undefined behaviour end the program that has them.
asan:
	+$(Q)$(SUBMAKE) BUILD=build-asan CFLAGS='-O1 -g' EXTRA_CFLAGS='$(SANITIZE) $(EXTRA_CFLAGS)' all unit

# Simulated sessions of clocks, for the estimator that states its error. SESSIONS=1000000
SESSIONS	?= 200000
sim:
	+$(Q)$(SUBMAKE) unit
	$(Q)FIT_SESSIONS=$(SESSIONS) FIT_SEED=$(or $(SEED),0) $(BUILD)/utest/sim/test-fit-sim

lint:
	$(Q)scripts/install-deps lint
	$(Q)scripts/lint

# FUZZ=target SECONDS=60, see scripts/fuzz
fuzz:
	$(Q)scripts/fuzz $(FUZZ) $(SECONDS)

demo:
	$(Q)scripts/install-deps demo
	+$(Q)$(SUBMAKE) all
	$(Q)scripts/demo

# --- documents

MAN_SRC	:= $(sort $(wildcard Documentation/trace-cmd/*.1.txt Documentation/libtracecmd/*.3.txt))
MAN	:= $(patsubst %.txt,$(BUILD)/man/%,$(notdir $(MAN_SRC)))
MAN1	:= $(filter %.1,$(MAN))
MAN3	:= $(filter %.3,$(MAN))

docs:
	$(Q)scripts/install-deps docs
	+$(Q)$(SUBMAKE) man

man: $(MAN)

vpath %.txt Documentation/trace-cmd Documentation/libtracecmd
$(BUILD)/man/%: %.txt
	$(say) MAN $@
	$(Q)mkdir -p $(@D)
	$(Q)asciidoctor -b manpage -a manmanual='trace-cmd' -a mansource='trace-cmd $(VERSION)' -o $@ $<

# --- installation

LIB_FILES	= libtracecmd.a libtracecmd.so libtracecmd.so.$(LIB_MAJOR) libtracecmd.so.$(LIB_VERSION)
COMPLETION	= tracecmd/completion
HAVE_ASCIIDOCTOR := $(shell command -v asciidoctor 2>/dev/null)

# $(call put,MODE,FILE,DIRECTORY,NAME)
put = $(INSTALL) -d $(DESTDIR)$(3) && $(INSTALL) -m $(1) $(2) $(DESTDIR)$(3)/$(4)

install: all $(if $(HAVE_ASCIIDOCTOR),man)
	$(say) INSTALL '$(DESTDIR)$(prefix)'
	$(Q)$(call put,755,$(TOOL),$(bindir),trace-cmd)
	$(Q)$(call put,644,$(LIB_A),$(libdir),libtracecmd.a)
	$(Q)$(call put,755,$(LIB_SO),$(libdir),libtracecmd.so.$(LIB_VERSION))
	$(Q)ln -sf libtracecmd.so.$(LIB_VERSION) $(DESTDIR)$(libdir)/libtracecmd.so.$(LIB_MAJOR)
	$(Q)ln -sf libtracecmd.so.$(LIB_MAJOR) $(DESTDIR)$(libdir)/libtracecmd.so
	$(Q)$(call put,644,include/trace-cmd/trace-cmd.h,$(includedir)/trace-cmd,trace-cmd.h)
	$(Q)$(call put,644,include/trace-cmd/trace-cmd-printer.h,$(includedir)/trace-cmd,trace-cmd-printer.h)
	+$(Q)rm -f $(BUILD)/installed.pc && $(SUBMAKE) -s PC=$(BUILD)/installed.pc $(BUILD)/installed.pc
	$(Q)$(call put,644,$(BUILD)/installed.pc,$(libdir)/pkgconfig,libtracecmd.pc)
	$(Q)$(call put,644,$(COMPLETION)/trace-cmd.bash,$(bashdir),trace-cmd)
	$(Q)$(call put,644,$(COMPLETION)/_trace-cmd,$(zshdir),_trace-cmd)
	$(Q)$(call put,644,$(COMPLETION)/trace-cmd.fish,$(fishdir),trace-cmd.fish)
	$(Q)$(call put,755,scripts/debug/tsync_plot.py,$(datadir),tsync_plot.py)
	$(Q)$(call put,644,scripts/debug/tsync_table.py,$(datadir),tsync_table.py)
	$(Q)set -e; for page in $(if $(HAVE_ASCIIDOCTOR),$(MAN1)); do \
		$(call put,644,$$page,$(mandir)/man1,); done
	$(Q)set -e; for page in $(if $(HAVE_ASCIIDOCTOR),$(MAN3)); do \
		$(call put,644,$$page,$(mandir)/man3,); done
	$(Q)case '$(DESTDIR)$(libdir)' in /usr/* | /lib*) ldconfig 2>/dev/null || true ;; esac

uninstall:
	$(say) REMOVE '$(DESTDIR)$(prefix)'
	$(Q)rm -f $(DESTDIR)$(bindir)/trace-cmd $(addprefix $(DESTDIR)$(libdir)/,$(LIB_FILES)) \
		$(DESTDIR)$(libdir)/pkgconfig/libtracecmd.pc $(DESTDIR)$(bashdir)/trace-cmd \
		$(DESTDIR)$(zshdir)/_trace-cmd $(DESTDIR)$(fishdir)/trace-cmd.fish \
		$(addprefix $(DESTDIR)$(mandir)/man1/,$(notdir $(MAN1))) \
		$(addprefix $(DESTDIR)$(mandir)/man3/,$(notdir $(MAN3))) \
		$(addprefix $(DESTDIR)$(datadir)/,tsync_plot.py tsync_table.py) \
		$(addprefix $(DESTDIR)$(includedir)/trace-cmd/,trace-cmd.h trace-cmd-printer.h)
	$(Q)rmdir $(DESTDIR)$(includedir)/trace-cmd $(DESTDIR)$(datadir) 2>/dev/null || true

.PHONY: sim check check-root check-asan check-vm check-vm-full asan fuzz lint demo docs man install uninstall
