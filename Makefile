# Vitals: `make run` to see it work, `make test` to run every test, `make help` for the rest.
SHELL := /bin/bash
BINARY := .build/release/vitals
# The Swift runtime goes into the executable: it runs where no toolchain is, and takes 2 MiB less than with the shared libraries.
RELEASE := swift build -c release --static-swift-stdlib
# Arguments for Vitals itself: make run ARGS="--web.listen-address 0.0.0.0:9876"
ARGS ?=

# What test-matrix runs on: make test-matrix VERSIONS="13 18"
VERSIONS ?=

.PHONY: help run build test test-matrix explain check format bench clean

help:
	@echo 'make run     install what is missing, build, and run Vitals: on DATABASE_URL / REDIS_URL, or as a demo without them'
	@echo 'make build   install what the build needs, and build .build/release/vitals'
	@echo 'make test    install what the tests need, and run them all against real servers'
	@echo 'make test-matrix  the tests that ask Postgres, on servers 13 to 18 with a standby each'
	@echo 'make explain what each question to Postgres costs a server with 5,000 tables'
	@echo 'make check   formatting, import directions, no full Foundation, rule files'
	@echo 'make bench   cost beside the Debian exporters on the same servers'
	@echo 'make format  format the sources'

run:
	@.ci/need build $(if $(DATABASE_URL)$(REDIS_URL)$(DATABASE_URL_FILE)$(REDIS_URL_FILE),,demo)
	@.ci/step 'Building Vitals (release); the first build takes some minutes'
	$(RELEASE) --product vitals
ifneq ($(DATABASE_URL)$(REDIS_URL)$(DATABASE_URL_FILE)$(REDIS_URL_FILE),)
	@.ci/step 'Running Vitals on DATABASE_URL / REDIS_URL; Ctrl-C ends it'
	@exec $(BINARY) serve $(ARGS)
else
	@.ci/step 'Neither DATABASE_URL nor REDIS_URL is set: running the demo on private servers; Ctrl-C ends it'
	@exec $(BINARY) demo $(ARGS)
endif

build:
	@.ci/need build
	$(RELEASE) --product vitals

test:
	@.ci/need build test
	@.ci/step 'Building Vitals and its tests'
	swift build --build-tests
	@.ci/step 'Running the tests; servers are started on free loopback ports and stopped again'
	swift test --skip-build --experimental-maximum-parallelization-width 4
	@.ci/step 'Checking the shipped rules with promtool and with Vitals'
	promtool check rules alerts/*.yml
	promtool test rules alerts/tests/*.yml
	.build/debug/vitals check rules --lint-fatal alerts/*.yml
	.build/debug/vitals test rules --coverage alerts/tests/*.yml

test-matrix:
	@.ci/need build test
	@.ci/step 'Building Vitals and its tests'
	swift build --build-tests
	@.ci/matrix $(VERSIONS)

explain:
	@.ci/need build test
	@.ci/step 'Building the tests'
	swift build --build-tests
	@.ci/explain $(VERSIONS)

check:
	@.ci/need build test
	@.ci/check

bench:
	@.ci/need build test bench
	$(RELEASE) --product vitals
	$(RELEASE) --product benchmarks
	POSTGRES_EXPORTER=$${POSTGRES_EXPORTER-$$(.ci/peer || true)} .build/release/benchmarks $(BINARY)

format:
	swift format format --in-place --parallel --recursive Package.swift Sources Tests

clean:
	rm -rf .build
