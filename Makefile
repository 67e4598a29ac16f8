# Knobs, from the command line, the environment or local.mk:
#   CC=clang                      another compiler
#   CFLAGS, CPPFLAGS, LDFLAGS     further flags
#   SANITIZE=address,undefined    instrumented build, apart from the plain one
#   MUTANTS=1                     build with --mutant NAME, apart too
#   V=1                           show whole command lines
#   PREFIX=/usr/local, DESTDIR=   where `make install` puts things
#   SOAK_REQUESTS=1000000, SOAK_SEED=1   size and seed of `make soak`
#   PORT=8080, ARGS='...'         port and further options for `make run`
#   SECCOMP=0                     without libseccomp; `--sandbox` is then refused
-include local.mk

ifeq ($(origin CC),default)
CC = gcc
endif
CFLAGS ?= -O2 -g
PREFIX ?= /usr/local
V ?= 0

comma := ,
blank := $(subst ,, )
# A value as one word of the shell, whatever is in it.
quote = '$(subst ','\'',$(1))'
B := build$(if $(SANITIZE),/$(subst $(comma),-,$(SANITIZE)))
B := $(B)$(if $(MUTANTS),/mutants)
# Says that the build's packages are there; another compiler needs others.
HAVE_BUILD := $(B)/.need-build-$(subst $(blank),-,$(notdir $(CC)))

WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes \
	-Wmissing-prototypes -Wwrite-strings -Wvla -Wformat=2

# pkg-config may only arrive with the first build, so it is asked when first
# used, and only once.
LIBRARIES := libmicrohttpd gnutls libcjson libcrypto \
	$(if $(filter 0,$(SECCOMP)),,libseccomp)
once = $(eval $(1) := $$(shell $(2)))$($(1))
PKG_CFLAGS = $(call once,PKG_CFLAGS,pkg-config --cflags $(LIBRARIES))
PKG_LIBS = $(call once,PKG_LIBS,pkg-config --libs $(LIBRARIES))
TEST_CFLAGS = $(call once,TEST_CFLAGS,pkg-config --cflags criterion)
TEST_LIBS = $(call once,TEST_LIBS,pkg-config --libs criterion)
SUITE_LIBRARIES := libcurl jansson libcrypto criterion
SUITE_CFLAGS = $(call once,SUITE_CFLAGS,pkg-config --cflags $(SUITE_LIBRARIES))
SUITE_LIBS = $(call once,SUITE_LIBS,pkg-config --libs $(SUITE_LIBRARIES))
CLIENT_LIBRARIES := libcurl jansson libcrypto
CLIENT_CFLAGS = $(call once,CLIENT_CFLAGS,pkg-config --cflags $(CLIENT_LIBRARIES))
CLIENT_LIBS = $(call once,CLIENT_LIBS,pkg-config --libs $(CLIENT_LIBRARIES))

SANITIZER_FLAGS := $(if $(SANITIZE),-fsanitize=$(SANITIZE) \
	-fno-sanitize-recover=all -fno-omit-frame-pointer -DSANITIZED)

# Hardening; a sanitizer looks harder by itself. `.ci/check hardening` reads the
# program that comes of it. Compilers and processors differ in what they know.
HARDENING_WANTED := -fstack-protector-strong -fstack-clash-protection \
	-fcf-protection=full -mbranch-protection=standard
accepts = $(CC) -Werror $(1) -x c -c -o /dev/null /dev/null 2>/dev/null
HARDENING_KNOWN = $(call once,HARDENING_KNOWN,for flag in $(HARDENING_WANTED); do \
	$(call accepts,$$$$flag) && echo $$$$flag; done)
# libc's checks want an optimiser, and say so when they do not get one, or
# cannot have level 3. A level that the caller names is the caller's.
OPTIMISES = $(filter-out -O0,$(lastword $(filter -O%,$(CPPFLAGS) $(CFLAGS))))
FORTIFY_KNOWN = $(call once,FORTIFY_KNOWN,$(CC) -O2 -U_FORTIFY_SOURCE \
	-D_FORTIFY_SOURCE=3 -include features.h -x c -E -dM /dev/null | \
	grep -q 'USE_FORTIFY_LEVEL 3' && echo 3 || echo 2)
FORTIFY = $(if $(OPTIMISES),$(if $(findstring _FORTIFY_SOURCE,$(CPPFLAGS) $(CFLAGS)),, \
	-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=$(FORTIFY_KNOWN)))
HARDENING = $(if $(SANITIZE),,-fPIE $(HARDENING_KNOWN) $(FORTIFY))
HARDENING_LINK = $(if $(SANITIZE),,-pie -Wl,-z,relro -Wl,-z,now \
	-Wl,-z,noexecstack)
# Where headers are looked for; some targets put their own folder first.
INCLUDES = -Imockserver
# Flags that any tool needs to read our sources.
READ_FLAGS = -std=c17 -D_GNU_SOURCE $(INCLUDES) -I$(B)/gen \
	-include mockserver/banned.h $(if $(MUTANTS),-DMOCKSERVER_MUTANTS) \
	$(if $(filter 0,$(SECCOMP)),,-DHAVE_SECCOMP) \
	$(PKG_CFLAGS)
COMPILE = $(CC) $(READ_FLAGS) $(WARNINGS) $(SANITIZER_FLAGS) $(HARDENING) \
	$(CPPFLAGS) $(CFLAGS) -pthread -MMD -MP
LINK = $(CC) $(SANITIZER_FLAGS) $(HARDENING_LINK) $(CFLAGS) $(LDFLAGS) -pthread

ifeq ($(V),0)
Q := @
say = @printf '  %-5s %s\n' $(1) $(2)
endif

# sources

SERVER_SRC := $(wildcard mockserver/*.c mockserver/handlers/*.c)
UNIT_SRC := $(wildcard mockserver/tests/*.c)
E2E_SRC := $(wildcard mockserver/tests/e2e/*.c)
ALLOC_SRC := $(wildcard mockserver/tests/alloc/*.c)
FUZZ_SRC := $(wildcard mockserver/fuzz/*.c)
BENCH_SRC := $(wildcard mockserver/bench/*.c)
SUITE_SRC := $(wildcard conformance/*.c)
SUITE_TEST_SRC := $(wildcard conformance/tests/*.c)
CLIENT_SRC := $(wildcard conformance/clients/*.c)
NODE_SRC := $(wildcard conformance/clients/node/*.js*)
HEADERS := $(wildcard mockserver/*.h mockserver/tests/*.h mockserver/tests/e2e/*.h \
	mockserver/tests/alloc/*.h \
	mockserver/fuzz/*.h mockserver/bench/*.h conformance/*.h conformance/*/*.h)
OUR_C := $(SERVER_SRC) $(UNIT_SRC) $(E2E_SRC) $(ALLOC_SRC) $(FUZZ_SRC) \
	$(BENCH_SRC) $(SUITE_SRC) $(SUITE_TEST_SRC) $(CLIENT_SRC)

obj = $(patsubst %.c,$(B)/obj/%.o,$(1))
SERVER_OBJ := $(call obj,$(SERVER_SRC))
UNIT_OBJ := $(call obj,$(UNIT_SRC))
E2E_OBJ := $(call obj,$(E2E_SRC))
ALLOC_OBJ := $(call obj,$(ALLOC_SRC))
FUZZ_OBJ := $(call obj,$(FUZZ_SRC))
BENCH_OBJ := $(call obj,$(BENCH_SRC))
SUITE_OBJ := $(call obj,$(SUITE_SRC))
SUITE_TEST_OBJ := $(call obj,$(SUITE_TEST_SRC))
CLIENT_OBJ := $(call obj,$(CLIENT_SRC))
NODE_CLIENT := build/node-client
PEERS := build/peers
# Each fuzz_NAME.c is an entry of its own but for these three.
PARSERS := $(filter-out support server replay,$(patsubst mockserver/fuzz/fuzz_%.c,%,$(FUZZ_SRC)))
FUZZERS := $(PARSERS:%=$(B)/fuzz_%)
REPLAYERS := $(PARSERS:%=$(B)/fuzz_replay_%)
FUZZ_SECONDS ?= 20
# Each file of the bench is a program but for what they share, and the soak.
BENCH_PROGRAMS := $(patsubst mockserver/bench/%.c,$(B)/bench_%, \
	$(filter-out %/bench_support.c mockserver/bench/soak%,$(BENCH_SRC)))
SOAK_PROGRAMS := $(B)/soak_storm $(B)/soak_trials
SOAK_REQUESTS ?= 1000000
SOAK_SEED ?= 1
GENERATED := $(B)/gen/demo.json.inc $(B)/gen/photo.b64.inc

# targets for people

.DELETE_ON_ERROR:
.SUFFIXES:
.DEFAULT_GOAL := all
.PHONY: all run test unit-test e2e-test alloc-test tsan-test sandbox-test docs-test check check-format \
	check-tidy check-headers check-includes check-docs check-fixtures \
	bench bench-peers bench-docs soak soak-programs fuzz fuzz-run coverage \
	conformance mutants dialects \
	node-client node-conformance install deps format docs fixtures clean help

all: $(B)/mockserver ## build build/mockserver

run: $(B)/mockserver ## install what is missing, build, serve with demo accounts
	@exec $(B)/mockserver --log-level info $(if $(PORT),--port $(PORT)) $(ARGS)

# What the suite and the scripts about it run.
SUITE_PROGRAMS := $(B)/mockserver $(B)/conformance $(B)/conformance-client \
	$(B)/fake_target

TEST_PROGRAMS := $(B)/unit_tests $(B)/e2e_tests $(B)/alloc_tests \
	$(B)/conformance_tests $(SUITE_PROGRAMS) $(REPLAYERS) $(BENCH_PROGRAMS)

test: $(TEST_PROGRAMS) ## run all tests against private servers
	@MOCKSERVER=$(B)/mockserver FUZZ_REPLAY=$(B) BUILD=$(B) \
		mockserver/tests/run.sh $(B)/unit_tests $(B)/e2e_tests \
		$(B)/conformance_tests conformance/tests/suite.sh \
		conformance/tests/scenarios.sh \
		mockserver/tests/fuzz_replay.sh mockserver/tests/alloc_failures.sh \
		mockserver/tests/bench.sh \
		mockserver/tests/docs.sh

conformance: $(SUITE_PROGRAMS) ## run the conformance suite: mock and reference client
	@BUILD=$(B) conformance/tests/suite.sh

mutants: $(SUITE_PROGRAMS) ## see whether the suite notices broken servers and clients
	@$(MAKE) --no-print-directory MUTANTS=1 $(B)/mutants/mockserver
	@BUILD=$(B) conformance/mutants.sh

node-conformance: $(SUITE_PROGRAMS) $(NODE_CLIENT)/.installed ## run the client cases with the vendor's Node SDK
	@BUILD=$(B) conformance/tests/node.sh $(NODE_CLIENT)

node-client: $(NODE_CLIENT)/.installed ## get the vendor's Node SDK, for build/node-client/adapter.js

unit-test: $(B)/unit_tests ## run the unit tests alone
	@mockserver/tests/run.sh $(B)/unit_tests

e2e-test: $(B)/mockserver $(B)/e2e_tests ## run the tests over real sockets alone
	@MOCKSERVER=$(B)/mockserver mockserver/tests/run.sh $(B)/e2e_tests

alloc-test: $(B)/alloc_tests ## fail every allocation of a request of each kind
	@BUILD=$(B) ALLOC_TESTS=-a \
		mockserver/tests/run.sh mockserver/tests/alloc_failures.sh

tsan-test: $(B)/e2e_tests ## run them against a server under ThreadSanitizer
	@$(MAKE) --no-print-directory SANITIZE=thread build/thread/mockserver
	@MOCKSERVER=build/thread/mockserver mockserver/tests/run.sh $(B)/e2e_tests

sandbox-test: $(B)/mockserver $(B)/e2e_tests ## run them against servers in their sandbox
	@MOCKSERVER=$(B)/mockserver MOCKSERVER_ARGS=--sandbox \
		mockserver/tests/run.sh $(B)/e2e_tests

# What cannot be installed is skipped.
dialects: $(B)/mockserver ## run clients that send what the vendor's SDKs send
	-@.ci/need --install $(NEED_DIALECTS)
	-@$(MAKE) --no-print-directory node-client
	@MOCKSERVER=$(B)/mockserver conformance/clients/dialects/run.sh

docs-test: $(SUITE_PROGRAMS) ## run every command that the documents show
	@MOCKSERVER=$(B)/mockserver BUILD=$(B) \
		mockserver/tests/run.sh mockserver/tests/docs.sh

check: ## format, clang-tidy, headers, include direction, generated files
	@.ci/check $(CHECKS)

bench: $(B)/mockserver $(BENCH_PROGRAMS) ## measure against a bare libmicrohttpd server
	@CC='$(CC)' mockserver/bench/bench.sh $(B)

# What cannot be installed is skipped.
bench-peers: $(B)/mockserver $(BENCH_PROGRAMS) ## measure against other mock servers and nginx
	-@.ci/need --install $(NEED_PEERS)
	-@$(MAKE) --no-print-directory $(PEERS)/.installed
	@CC='$(CC)' mockserver/bench/peers.sh $(B) $(PEERS)

bench-docs: ## put the figures of both into docs/performance.md
	@mockserver/bench/publish.sh docs/performance.md $(B)/bench.md \
		$(B)/bench-peers.md

# Its programs come from the plain build: what is tested is the server.
soak: $(B)/mockserver ## load the server, break its connections and see it survive
	@$(MAKE) --no-print-directory SANITIZE= MUTANTS= INSTALLS=1 soak-programs
	@SOAK_REQUESTS=$(SOAK_REQUESTS) SOAK_SEED=$(SOAK_SEED) \
		mockserver/bench/soak.sh $(B)/mockserver build

fuzz: ## fuzz each parser for FUZZ_SECONDS (default 20)
	@$(MAKE) --no-print-directory CC=clang SANITIZE=fuzzer,address,undefined \
		B=build/fuzz fuzz-run

fuzz-run: $(FUZZERS)
	@mockserver/fuzz/run.sh $(B) $(FUZZ_SECONDS) $(PARSERS)

# The counters of an earlier run would add to those of this one.
coverage: ## line coverage of the unit and end-to-end tests, by gcov
	@[ ! -d build/coverage ] || find build/coverage -name '*.gcda' -delete
	@$(MAKE) --no-print-directory SANITIZE= B=build/coverage \
		CFLAGS='-O0 -g --coverage' test; \
		status=$$?; .ci/coverage build/coverage && exit $$status

install: all ## install the server to PREFIX
	$(if $(MUTANTS),$(error a build with mutants is not for use))
	install -D -m 755 $(B)/mockserver $(DESTDIR)$(PREFIX)/bin/mockserver

deps: $(HAVE_BUILD) $(B)/.need-test $(B)/.need-check ## install every Debian package that is missing

format: | $(B)/.need-check ## format our C with clang-format
	clang-format -i $(OUR_C) $(HEADERS)

docs: $(B)/mockserver ## write the generated documents anew
	$(B)/mockserver errors --format markdown >docs/error-codes.md
	$(B)/mockserver findings --format markdown >docs/findings.md

fixtures: ## make the fault files anew (media: fixtures/media/make-media.sh)
	sh fixtures/faults/make-faults.sh

clean: ## remove build/
	rm -rf build

help: ## print this
	@sed -n 's/^\([a-z0-9-]*\):.*## /\1\t/p' $(firstword $(MAKEFILE_LIST)) | \
		while IFS="$$(printf '\t')" read -r name text; do \
			printf '  %-16s %s\n' "$$name" "$$text"; done

# packages; asked for anew when this list may have changed

NEED_BUILD := gcc libc6-dev pkg-config libmicrohttpd-dev libcjson-dev \
	libssl-dev $(if $(filter 0,$(SECCOMP)),,libseccomp-dev) \
	$(if $(findstring clang,$(CC)),clang)
NEED_TEST := libcriterion-dev libjansson-dev libcurl4-openssl-dev curl openssl
NEED_FUZZ := clang libclang-rt-dev
NEED_NODE := nodejs npm
# Those whose commands and libraries are not there, from whatever source.
NEED_DIALECTS = $(shell conformance/clients/dialects/run.sh --missing)
NEED_PEERS = $(shell mockserver/bench/peers.sh --missing)
NEED_CHECK := clang-format clang-tidy clang git
# Only these goals install; any other names the packages and stops.
INSTALLS := $(filter run test unit-test e2e-test alloc-test tsan-test sandbox-test docs-test check deps fuzz \
	fuzz-run coverage bench bench-peers soak conformance mutants node-client node-conformance \
	dialects,$(MAKECMDGOALS))

$(HAVE_BUILD): Makefile
	@.ci/need $(if $(INSTALLS),--install) $(NEED_BUILD)
	@mkdir -p $(@D) && touch $@

$(B)/.need-test: Makefile | $(HAVE_BUILD)
	@.ci/need $(if $(INSTALLS),--install) $(NEED_TEST)
	@mkdir -p $(@D) && touch $@

$(B)/.need-check: Makefile | $(HAVE_BUILD)
	@.ci/need $(if $(INSTALLS),--install) $(NEED_CHECK)
	@mkdir -p $(@D) && touch $@

$(NODE_CLIENT)/.need-node: Makefile
	@.ci/need $(if $(INSTALLS),--install) $(NEED_NODE)
	@mkdir -p $(@D) && touch $@

$(B)/.need-fuzz: Makefile | $(HAVE_BUILD)
	@.ci/need $(if $(INSTALLS),--install) $(NEED_FUZZ)
	@mkdir -p $(@D) && touch $@

# building

# Changes when the compiler, its flags or the libraries' do, and makes
# everything anew.
FLAGS_NOW = $(COMPILE) $(LINK) $(PKG_LIBS) $(LDLIBS)
$(B)/.flags: FORCE | $(HAVE_BUILD)
	@mkdir -p $(@D)
	@now=$(call quote,$(FLAGS_NOW)); \
		printf '%s\n' "$$now" | cmp -s - $@ || printf '%s\n' "$$now" >$@
FORCE:

$(B)/gen/%.json.inc: fixtures/accounts/%.json
	$(call say,GEN,$@)
	@mkdir -p $(@D)
	$(Q)od -An -v -tx1 $< | sed 's/ \(..\)/0x\1,/g' >$@

$(B)/gen/%.b64.inc: fixtures/media/%.jpg
	$(call say,GEN,$@)
	@mkdir -p $(@D)
	$(Q)base64 $< | sed 's/.*/"&"/' >$@

$(SERVER_OBJ): $(B)/obj/%.o: %.c $(B)/.flags $(GENERATED) | $(HAVE_BUILD)
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(COMPILE) -c -o $@ $<

# A sanitizer keeps its allocator; our objects' calls go by way of the test's.
ALLOC_FLAGS := $(if $(SANITIZE),-DALLOC_WRAPPED)
ALLOC_LINK := -rdynamic $(if $(SANITIZE),$(patsubst %,-Wl$(comma)--wrap=%, \
	malloc calloc realloc strdup asprintf vasprintf))

$(ALLOC_OBJ): $(B)/obj/%.o: %.c $(B)/.flags $(GENERATED) | $(HAVE_BUILD)
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(COMPILE) $(ALLOC_FLAGS) -c -o $@ $<

$(B)/alloc_tests: $(ALLOC_OBJ) $(filter-out %/main.o,$(SERVER_OBJ))
	$(call say,LD,$@)
	$(Q)$(LINK) $(ALLOC_LINK) -o $@ $^ $$(pkg-config --libs libssl) \
		$(PKG_LIBS) $(LDLIBS)

# What loads the server signs with the suite's signer.
$(BENCH_OBJ): private INCLUDES = -Imockserver -Iconformance
$(FUZZ_OBJ) $(BENCH_OBJ): $(B)/obj/%.o: %.c $(B)/.flags | $(HAVE_BUILD)
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(COMPILE) -c -o $@ $<

$(UNIT_OBJ) $(E2E_OBJ): $(B)/obj/%.o: %.c $(B)/.flags $(GENERATED) | $(B)/.need-test
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(COMPILE) -Imockserver/tests -Iconformance $(TEST_CFLAGS) -c -o $@ $<

$(B)/mockserver: $(SERVER_OBJ)
	$(call say,LD,$@)
	$(Q)$(LINK) -o $@ $^ $(PKG_LIBS) $(LDLIBS)

$(B)/unit_tests: $(UNIT_OBJ) $(filter-out %/main.o,$(SERVER_OBJ))
	$(call say,LD,$@)
	$(Q)$(LINK) -o $@ $^ $(TEST_LIBS) $(PKG_LIBS) $(LDLIBS)

# Not for what they depend on, which is everybody's.
$(SUITE_OBJ) $(SUITE_TEST_OBJ): private INCLUDES = -Iconformance -Imockserver
$(SUITE_OBJ) $(SUITE_TEST_OBJ): $(B)/obj/%.o: %.c $(B)/.flags | $(B)/.need-test
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(COMPILE) $(SUITE_CFLAGS) -c -o $@ $<

# Of the server's code the suite knows the catalogue alone.
$(B)/conformance: $(SUITE_OBJ) $(B)/obj/mockserver/error_codes.o
	$(call say,LD,$@)
	$(Q)$(LINK) -o $@ $^ $(SUITE_LIBS) $(LDLIBS)

$(B)/conformance_tests: $(SUITE_TEST_OBJ) $(filter-out %/main.o,$(SUITE_OBJ)) \
		$(B)/obj/mockserver/error_codes.o
	$(call say,LD,$@)
	$(Q)$(LINK) -o $@ $^ $(SUITE_LIBS) $(LDLIBS)

$(B)/fake_target: conformance/tests/fake/fake_target.c $(B)/.flags | $(B)/.need-test
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(COMPILE) -MF $(B)/obj/fake_target.d -o $@ $< \
		$(SANITIZER_FLAGS) $$(pkg-config --libs libssl libcrypto)

# So do the end-to-end tests, and the suite's signer.
$(B)/e2e_tests: $(E2E_OBJ) $(B)/obj/mockserver/error_codes.o \
		$(B)/obj/conformance/bytes.o $(B)/obj/conformance/signer.o
	$(call say,LD,$@)
	$(Q)$(LINK) -o $@ $^ $(TEST_LIBS) $$(pkg-config --libs libssl) \
		$(PKG_LIBS) $(LDLIBS)

# The reference client shares nothing with the suite or the server.
$(CLIENT_OBJ): private INCLUDES = -Iconformance/clients
$(CLIENT_OBJ): $(B)/obj/%.o: %.c $(B)/.flags | $(B)/.need-test
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(COMPILE) $(CLIENT_CFLAGS) -c -o $@ $<

$(B)/conformance-client: $(CLIENT_OBJ)
	$(call say,LD,$@)
	$(Q)$(LINK) -o $@ $^ $(CLIENT_LIBS) $(LDLIBS)

# The versions and digests are those of the lock file.
$(NODE_CLIENT)/.installed: $(NODE_SRC) | $(NODE_CLIENT)/.need-node
	$(call say,NPM,$(@D))
	$(Q)cp $(NODE_SRC) $(@D)
	$(Q)cd $(@D) && npm ci --ignore-scripts --no-audit --no-fund --silent
	$(Q)touch $@

# The mock servers that ours is measured beside; so are theirs.
$(PEERS)/.installed: $(wildcard mockserver/bench/peers/*.json)
	$(call say,NPM,$(@D))
	$(Q)mkdir -p $(@D) && cp $^ $(@D)
	$(Q)cd $(@D) && npm ci --ignore-scripts --no-audit --no-fund --silent
	$(Q)touch $@

FUZZ_COMMON := $(B)/obj/mockserver/fuzz/fuzz_support.o \
	$(B)/obj/mockserver/fuzz/fuzz_server.o \
	$(filter-out %/main.o,$(SERVER_OBJ))

# libFuzzer comes with clang's own linking of `-fsanitize=fuzzer`.
$(FUZZERS): $(B)/fuzz_%: $(B)/obj/mockserver/fuzz/fuzz_%.o $(FUZZ_COMMON) | $(B)/.need-fuzz
	$(call say,LD,$@)
	$(Q)$(LINK) -o $@ $^ $(PKG_LIBS) $(LDLIBS)

$(REPLAYERS): $(B)/fuzz_replay_%: $(B)/obj/mockserver/fuzz/fuzz_%.o \
		$(B)/obj/mockserver/fuzz/fuzz_replay.o $(FUZZ_COMMON)
	$(call say,LD,$@)
	$(Q)$(LINK) -o $@ $^ $(PKG_LIBS) $(LDLIBS)

BENCH_SUPPORT := $(B)/obj/mockserver/bench/bench_support.o

$(B)/bench_%: $(B)/obj/mockserver/bench/%.o $(BENCH_SUPPORT)
	$(call say,LD,$@)
	$(Q)$(LINK) -o $@ $^ $(PKG_LIBS) $$(pkg-config --libs libssl) $(LDLIBS)

soak-programs: $(SOAK_PROGRAMS)

$(SOAK_PROGRAMS): $(B)/%: $(B)/obj/mockserver/bench/%.o \
		$(B)/obj/mockserver/bench/soak.o $(BENCH_SUPPORT) \
		$(B)/obj/conformance/bytes.o $(B)/obj/conformance/signer.o
	$(call say,LD,$@)
	$(Q)$(LINK) -o $@ $^ $$(pkg-config --libs libcrypto) $(LDLIBS)

-include $(SERVER_OBJ:.o=.d) $(UNIT_OBJ:.o=.d) $(E2E_OBJ:.o=.d) \
	$(ALLOC_OBJ:.o=.d) \
	$(FUZZ_OBJ:.o=.d) $(BENCH_OBJ:.o=.d) $(SUITE_OBJ:.o=.d) \
	$(SUITE_TEST_OBJ:.o=.d) $(CLIENT_OBJ:.o=.d)
