# Makefile — build, demo, test, install; `make help` lists the targets
# SPDX-License-Identifier: MIT

PREFIX = /usr/local
tool = .build/release/purgatory
share = $(DESTDIR)$(PREFIX)/share/purgatory
tests =
random = 100000

# The Swift runtime goes into the command, and the C++ library under it: so it starts sooner, and where there is no Swift.
# The linker takes a library from the first folder that has it; these have it only as an archive.
static = .build/static
release = swift build -c release --static-swift-stdlib -Xlinker -L$(CURDIR)/$(static)

# What purgatory/SOURCES lists, and itself; without one, all there are.
listed = $(wildcard purgatory/SOURCES)
sources = $(if $(listed),$(addprefix purgatory/,$(filter %.S,$(shell sed 's/\#.*//' $(listed)))) $(listed),$(wildcard purgatory/*.S))

.PHONY: all build $(static) bootstrap demo inputs kernel test random lint bench size boards docs install uninstall clean distclean help

all: build ## build the tool, and purgatory.bin with nothing filled in (the default)
	$(tool) build -o purgatory.bin

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
	@scripts/bootstrap libunicorn-dev mold zstd $(if $(tests),,gcc gcc-aarch64-linux-gnu golang-go libc6-dev-arm64-cross)
	-@$(MAKE) --no-print-directory inputs # a test whose input lacks is skipped by name, and in CI fails
	-@$(if $(tests),,$(MAKE) --no-print-directory kernel) # as above
	swift test --disable-xctest $(if $(tests),--filter '$(tests)')

random: bootstrap $(static) ## run random command lines (random=100000 of them), each of which has to end in a documented status
	$(release) --product random-commands
	@count=$$(($(random) / 2)); .build/release/random-commands $$count 1 & first=$$!; \
	  .build/release/random-commands $$count 2 && wait $$first

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

install: ## install what `make` built into $(DESTDIR)$(PREFIX); what an older one left in share/purgatory goes
	umask 022 && \
	  install -D -s -m 755 $(tool) '$(DESTDIR)$(PREFIX)/bin/purgatory' && \
	  rm -rf '$(share)' && \
	  install -D -m 644 -t '$(share)' $(sources) purgatory/purgatory.lds && \
	  install -D -m 644 -t '$(share)/include' purgatory/include/*.h

uninstall: ## remove what `make install` installs
	rm -rf '$(DESTDIR)$(PREFIX)/bin/purgatory' '$(share)'

clean: ## remove what was built
	rm -rf .build out purgatory.bin

distclean: clean ## remove what was fetched, too
	rm -rf .cache

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "%-10s %s\n", $$1, $$2 }' Makefile
