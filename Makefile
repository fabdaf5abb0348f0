# Makefile — build, demo, test, install; `make help` lists the targets
# SPDX-License-Identifier: MIT

PREFIX = /usr/local
tool = .build/release/purgatory
version := $(shell cat VERSION)
tests =
random = 100000
TARGET = all
SECONDS = 60
mutants = all

# The Swift runtime goes into the command, and the C++ library under it: so it starts sooner, and where there is no Swift.
# The linker takes a library from the first folder that has it; these have it only as an archive.
static = .build/static
# The commit, with a + if files were changed since; none where there is no git.
commit := $(shell git --git-dir=.git describe --always --exclude='*' --abbrev=12 --dirty=+ 2>/dev/null)
release = PURGATORY_COMMIT=$(commit) swift build -c release --static-swift-stdlib --disable-local-rpath -Xlinker -L$(CURDIR)/$(static)

# What purgatory/SOURCES lists, and itself; without one, all there are.
listed = $(wildcard purgatory/SOURCES)
sources = $(if $(listed),$(addprefix purgatory/,$(filter %.S,$(shell sed 's/\#.*//' $(listed)))) $(listed),$(wildcard purgatory/*.S))

prebuilt = out/prebuilt/purgatory.elf

.PHONY: all build $(static) bootstrap demo inputs kernel test torture random fuzz mutate lint bench size boards docs install uninstall deb clean distclean help

all: build ## build the tool, and a purgatory with nothing filled in, as a flat file and for `make install` (the default)
	$(tool) build -o purgatory.bin
	@mkdir -p $(dir $(prebuilt))
	$(tool) build --format elf -o $(prebuilt)
	$(tool) check -o /dev/null $(prebuilt) purgatory.bin

build: bootstrap $(static) ## build the tool
	$(release) --product purgatory

$(static): bootstrap
	@mkdir -p $@; for pair in libstdc++.a:libstdc++.a libgcc_eh.a:libgcc_s.a; do \
	  archive=$$(clang -print-file-name=$${pair%:*}); \
	  [ ! -e "$$archive" ] || ln -sf "$$archive" $@/$${pair#*:}; done

bootstrap: ## install the Debian packages that are missing
	@scripts/bootstrap

demo: build ## boot a real Linux through the purgatory, in QEMU
	@scripts/demo $(tool)

inputs: bootstrap ## fetch what the tests read and boot into .cache/
	@scripts/fetch-debian || lacking=1; \
	  scripts/initramfs .cache/initramfs.cpio.gz && [ ! "$$lacking" ]

kernel: build ## build the small kernels that the tests boot, with integrations/linux and without, into .cache/
	@scripts/bootstrap bc bison flex gcc gcc-aarch64-linux-gnu libc6-dev
	@scripts/fetch-debian linux-source-6.1 linux-source-6.12
	@scripts/kernel $(tool)

test: lint bootstrap ## run the tests (tests=REGEX: not all of them)
	@$(if $(tests),,$(MAKE) --no-print-directory random random=20000)
	@$(if $(tests),,$(MAKE) --no-print-directory fuzz SECONDS=600 RUNS=300)
	@scripts/bootstrap bash fish librsvg2-bin libunicorn-dev mandoc mold netpbm strace zsh zstd
	@$(if $(tests),,scripts/bootstrap cmake debootstrap gcc gcc-aarch64-linux-gnu golang-go libc6-dev-arm64-cross lintian \
	  meson ninja-build pre-commit python3-kconfiglib python3-yaml)
	-@$(MAKE) --no-print-directory inputs # a test whose input lacks is skipped by name, and in CI fails
	-@$(if $(tests),,$(MAKE) --no-print-directory kernel) # as above
	-@$(if $(tests),,$(MAKE) --no-print-directory deb) # as above
	swift test --disable-xctest $(if $(tests),--filter '$(tests)')

torture: bootstrap ## run at full size what `make test` samples: faults at each system call, a million calls, all bit flips: half an hour on two cores
	@scripts/bootstrap libunicorn-dev strace
	TORTURE=full swift test --disable-xctest \
	  --filter '^(TortureTests|RoutineTests)\.|^BlobTests\.BitFlips|\.ScalingTests'

random: bootstrap $(static) ## run random command lines (random=100000 of them), each of which has to end in a documented status
	$(release) --product random-commands
	@count=$$(($(random) / 2)); .build/release/random-commands $$count 1 & first=$$!; \
	  .build/release/random-commands $$count 2 && wait $$first

# It is built by itself: what is fuzzed reports where it has been, and AddressSanitizer is linked in.
fuzz: bootstrap ## give each parser, or only TARGET, ten million random inputs, or as many as in SECONDS=60: a line each; .build-fuzz/crashes has what it finds
	@scripts/bootstrap xz-utils zstd
	PURGATORY_FUZZ=1 swift build -c release --product fuzz --scratch-path .build-fuzz -Xswiftc -sanitize=fuzzer,address -Xswiftc -use-ld=lld
	@scripts/fuzz '$(TARGET)' '$(SECONDS)' $(RUNS)

mutate: bootstrap ## leave out, or invert, each instruction of the purgatory in turn (mutants=all): some test has to see it
	@scripts/bootstrap libunicorn-dev
	MUTANTS=$(mutants) swift test --disable-xctest --filter '^MutationTests\.'

lint: ## check the formatting
	swift format lint --strict -r Sources Tests Package.swift

bench: build ## measure the command beside other tools, and count the purgatory's instructions: tables, out/bench.json
	@scripts/bootstrap binutils llvm-19 openssl python3-pyelftools
	@scripts/fetch-debian kexec
	@mkdir -p out
	$(release) --product bench
	.build/release/bench $(tool) out/bench.json

size: build ## print the purgatory's bytes by file and routine
	@scripts/size $(tool)

boards: bootstrap ## count what Debian's device trees of boards say: the table of docs/boards.md
	@scripts/fetch-debian linux-boards
	RECORD_GOLDEN=1 swift test --disable-xctest --filter '^BoardTests.BoardTableTests'

docs: bootstrap ## write the library's documentation into out/docs
	swift build --target PurgatoryKit
	scripts/docs .build/debug out/docs

# What is installed, below the prefix; the pages and completions come from the command itself.
man = share/man/man1
doc = share/doc/purgatory
bash = share/bash-completion/completions
zsh = share/zsh/site-functions
fish = share/fish/vendor_completions.d
root = $(DESTDIR)$(PREFIX)
space := $(subst ,, )

# Everything is made beside, and what is there goes only then.
install: ## install what `make` built into $(DESTDIR)$(PREFIX)
	@fail() { echo "error: $$1" >&2; echo "help: $$2" >&2; exit 1; }; \
	  case '$(PREFIX)' in /*[\&\|]*|[!/]*|'') fail 'PREFIX: $(PREFIX), expected an absolute folder' 'make install PREFIX=/usr/local' ;; esac; \
	  [ -x '$(tool)' ] || fail '$(tool): not there' make; \
	  [ -e '$(prebuilt)' ] || fail '$(prebuilt): not there' make; \
	  [ ! "$$(find purgatory -newer '$(prebuilt)' -name '*.[Shl]*')" ] || fail '$(prebuilt): older than purgatory/' make
	stage=$$(mktemp -d) && trap 'rm -rf "$$stage"' EXIT && umask 022 && \
	  install -D -s -m 755 $(tool) "$$stage"/bin/purgatory && \
	  install -D -m 644 -t "$$stage"/share/purgatory $(sources) purgatory/purgatory.lds $(prebuilt) && \
	  install -D -m 644 -t "$$stage"/share/purgatory/include purgatory/include/*.h && \
	  install -D -m 644 -t "$$stage"/include purgatory/include/purgatory_info.h && \
	  install -D -m 644 -t "$$stage"/$(doc) README.md CHANGELOG.md LICENSE && \
	  install -D -m 644 -t "$$stage"/$(doc)/docs docs/* && \
	  mkdir -p "$$stage"/share/pkgconfig "$$stage"/$(man) "$$stage"/$(bash) "$$stage"/$(zsh) "$$stage"/$(fish) && \
	  sed 's|@PREFIX@|$(subst $(space),\\ ,$(PREFIX))|; s|@VERSION@|$(version)|' purgatory/purgatory.pc.in \
	    >"$$stage"/share/pkgconfig/purgatory.pc && \
	  $(tool) manual "$$stage"/$(man) && \
	  $(tool) --generate-completion-script bash >"$$stage"/$(bash)/purgatory && \
	  $(tool) --generate-completion-script zsh >"$$stage"/$(zsh)/_purgatory && \
	  $(tool) --generate-completion-script fish >"$$stage"/$(fish)/purgatory.fish && \
	  $(remove) && mkdir -p '$(root)' && chmod 755 "$$stage" && cp -R --preserve=mode "$$stage/." '$(root)'

# Of an older version, too.
remove = rm -rf '$(root)/share/purgatory' '$(root)/$(doc)' && rm -f '$(root)/bin/purgatory' \
  '$(root)/include/purgatory_info.h' '$(root)/share/pkgconfig/purgatory.pc' '$(root)/$(man)/purgatory.1' \
  '$(root)/$(man)/purgatory-'*.1 '$(root)/$(bash)/purgatory' '$(root)/$(zsh)/_purgatory' '$(root)/$(fish)/purgatory.fish'

uninstall: ## remove what `make install` installs
	$(remove)

deb: all ## make a Debian package in out/
	@scripts/bootstrap debhelper
	@printf '%s\n' 'purgatory ($(version)) unstable; urgency=medium' '' '  * CHANGELOG.md tells what is new.' '' \
	  " -- $$(sed -n 's/^Maintainer: //p' debian/control)  $$(git --git-dir=.git log -1 --format=%aD 2>/dev/null || date -u -R -r VERSION)" >debian/changelog
	debian/rules clean binary
	@dh_clean && rm debian/changelog

clean: ## remove what was built
	rm -rf .build .build-fuzz out purgatory.bin

distclean: clean ## remove what was fetched, too
	rm -rf .cache

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "%-10s %s\n", $$1, $$2 }' Makefile
