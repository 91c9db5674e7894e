# Copyright 2026 the quorate authors
# SPDX-License-Identifier: BSD-3-Clause

export CGO_ENABLED = 0
GO ?= go
FUZZTIME ?= 20s
NAMES = corosync-qnetd corosync-qnetd-tool corosync-qnetd-certutil \
	corosync-qdevice corosync-qdevice-tool corosync-qdevice-net-certutil

.PHONY: all build demo test unit unit386 race fuzz verify vuln cross interop compat bench clean deps sim module mutants test-all

all: build

deps:
	@scripts/deps

# The one binary, and the names of the C programs that it answers to.
build:
	$(GO) build -trimpath -ldflags '-s -w' -o bin/quorate ./cmd/quorate
	@for n in $(NAMES); do ln -sf quorate bin/$$n; done

# The main job: two real Corosync nodes keep quorum through the arbiter.
demo: deps
	$(GO) test -c -o bin/interop.test ./test/interop
	@cd test/interop && ../../bin/interop.test -demo -test.timeout 10m -test.run '^TestDemo$$'

test: deps verify unit unit386 interop
	@cat bin/skipped bin/skipped386

# go test, and at the end what it has skipped: see test/report.
unit:
	@mkdir -p bin
	$(GO) run ./test/report -o bin/skipped -- -count=1 $$($(GO) list ./... | grep -v -e /test/interop)

# What has no need of 64 bits, on a processor of 32: the pure packages, the formats, the
# register and the clients of Corosync.
PURE = qnet term random timing words advice event wire decision status outlook hold qnetd qdevice nodeconf votequorum/... totem \
	engine/... scenario sim explain
unit386:
	@mkdir -p bin
	@$(GO) build -o bin/report ./test/report
	GOARCH=386 bin/report -o bin/skipped386 -- -count=1 $(PURE:%=./internal/%) ./corosync/... \
		./internal/pki/p12 ./internal/store ./internal/control ./internal/limited ./internal/heuristics

# Real Corosync nodes in network namespaces; see test/interop. make test is to take 25
# minutes at most on two cores, and this is most of it.
INTEROP_TIMEOUT = 15m
interop: deps
	$(GO) test -c -o bin/interop.test ./test/interop
	cd test/interop && ../../bin/interop.test $(PAIRS) -test.timeout $(INTEROP_TIMEOUT) -test.parallel 32 -test.run '$(RUN)'

# All pairs, and their table into docs/compat.md; RUN='^TestSplit$' does that for a row. What
# has failed stands there, too.
compat: deps
	@rm -f bin/compat.json
	@code=0; $(MAKE) --no-print-directory interop INTEROP_TIMEOUT=40m PAIRS='-pairs all -results ../../bin/compat.json' || code=1; \
	$(GO) run ./test/compat bin/compat.json || code=1; exit $$code

# The unit tests under the race detector, which wants a C compiler: a job of its own, .ci/race.
race: deps
	@mkdir -p bin
	CGO_ENABLED=1 $(GO) run ./test/report -- -race -count=1 -timeout 30m $$($(GO) list ./... | grep -v -e /test/interop)

FUZZ = ./internal/wire:FuzzDecode ./internal/wire:FuzzStream ./internal/decision:FuzzDecide ./internal/qnetd:FuzzServer ./internal/qdevice:FuzzNode ./internal/store:FuzzDecode ./internal/store:FuzzExamine \
	./internal/pki:FuzzRequest ./internal/pki:FuzzCertificateFile ./internal/pki/p12:FuzzParse ./internal/pki/p12:FuzzDecode ./internal/pki/p12:FuzzContents \
	./internal/words:FuzzWords ./internal/heuristics:FuzzParse ./internal/heuristics:FuzzParseStat ./internal/control:FuzzCommand ./internal/control:FuzzAnswer ./internal/status:FuzzParseQDevice ./internal/votequorum:FuzzMachine ./internal/lab:FuzzScript ./internal/nodeconf:FuzzParse ./internal/scenario:FuzzParse ./internal/explain:FuzzRead ./corosync/conf:FuzzParse \
	./corosync/qb:FuzzParseSetup ./corosync/qb:FuzzParseSetupRequest ./corosync/cmap:FuzzNotify ./corosync/cmap:FuzzValue ./corosync/qb:FuzzReader ./corosync/qb:FuzzRing \
	./corosync/votequorum:FuzzEvent ./corosync/quorum:FuzzEvent ./corosync/cfg:FuzzAnswers \
	./corosync/cpg:FuzzEvent ./corosync/cpg:FuzzAnswers

fuzz:
	@for f in $(FUZZ); do \
		echo "$$f"; $(GO) test $${f%:*} -run '^$$' -fuzz "^$${f#*:}$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 1x || exit 1; \
	done

verify: cross vuln
	@test -z "$$(gofmt -l .)" || { echo "not formatted:"; gofmt -l .; exit 1; }
	$(GO) vet ./...
	$(GO) tool staticcheck ./...
	$(GO) mod verify
	$(GO) mod tidy -diff
	$(GO) test -count=1 -run '^TestLinks$$' ./internal/archtest

# Vulnerabilities that the code can meet are a failure. Where the database of them can't be
# reached, one line says so.
vuln:
	@$(GO) run ./test/vuln

# The machines that quorate is to run on besides this one, as GOARCH or GOARCH:variant.
# Each is built; one of each GOARCH is vetted, tests included, for no other variant has
# other types. With an empty build cache that takes 200 s on two cores.
TARGETS = arm:5 arm:6 arm:7 arm64 386 riscv64 mipsle:softfloat
cross:
	@seen=; for t in $(TARGETS); do \
		export GOARCH=$${t%:*} GOARM= GOMIPS=; \
		case $$t in arm:*) GOARM=$${t#*:} ;; mips*:*) GOMIPS=$${t#*:} ;; esac; \
		case " $$seen " in *" $$GOARCH "*) ;; *) seen="$$seen $$GOARCH"; \
			echo "vet $$t"; $(GO) vet ./... || exit 1 ;; esac; \
		echo "build $$t"; $(GO) build -o /dev/null ./cmd/quorate || exit 1; \
	done

# Each rule of docs/decision.md broken in each way that one line can, and the test that must
# notice: see test/mutants. It ends with those that none notices.
mutants:
	$(GO) run ./test/mutants

# What takes too long for make test.
test-all: test race mutants
	$(MAKE) sim STEPS=100000000

# Random histories in the simulator: a million steps take about a second.
STEPS ?= 20000000
sim:
	$(GO) run ./cmd/quorate sim --steps $(STEPS)

# Both run, though the first may miss a target.
bench: deps
	@code=0; $(GO) run ./bench || code=1; $(GO) run ./bench/ipc || code=1; exit $$code

# Another path for the module, in go.mod and in every import: make module TO=github.com/you/quorate
module:
	$(GO) run ./test/modulepath '$(TO)'
	$(GO) build ./...

clean:
	rm -rf bin
