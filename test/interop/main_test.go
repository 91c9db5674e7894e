// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package interop

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/quorate/quorate/test/interop/lab"
)

// pair is an arbiter and the node daemons that it is put together with.
type pair struct{ arbiter, nodes lab.Kind }

// String is how a pair is named on the command line and in tables.
func (p pair) String() string { return string(p.arbiter) + "/" + string(p.nodes) }

// usual are the pairs that CI runs, the last one with the rows of quick alone; every
// are those of docs/compat.md.
const (
	usual = "go/c go/go go/mixed c/go c/mixed yesman/c"
	every = "go/c go/go go/mixed c/go c/mixed c/c yesman/c"
)

// suite is what the rows share.
var suite struct {
	pairs   []pair
	dir     string // of the programs below
	quorate string
	yesman  string
	skip    string // what is missing on this machine
	slots   chan struct{}
	certs   sync.Map // pair of the makers: *certs

	mu      sync.Mutex
	trials  []*trial
	skipped []string
}

// parallel is how many clusters run at once: they mostly wait.
const parallel = 6

func TestMain(m *testing.M) {
	flag.Parse()
	code, err := runSuite(m)
	if err != nil {
		fmt.Println(err)
		code = 1
	}
	os.Exit(code)
}

func runSuite(m *testing.M) (int, error) {
	began := time.Now()
	chosen := os.Getenv("QUORATE_INTEROP_PAIRS")
	run := flag.Lookup("test.run").Value.String()
	document := os.Getenv("QUORATE_INTEROP_DOC") != ""
	pairs, err := parsePairs(cmp.Or(chosen, map[bool]string{true: every, false: usual}[document]))
	if err != nil {
		return 1, err
	}
	slots := parallel
	if os.Getenv(outcomesEnv) != "" {
		slots /= 2 // another process has its own beside these
	}
	suite.slots = make(chan struct{}, slots)
	dir, err := os.MkdirTemp("", "quorate-interop-")
	if err != nil {
		return 1, err
	}
	defer os.RemoveAll(dir)
	suite.dir = dir
	if suite.skip = lab.Missing(); suite.skip == "" {
		if err := build(dir); err != nil {
			return 1, err
		}
	}
	var liars []pair
	if suite.pairs, liars = apart(pairs); len(suite.pairs) == 0 {
		suite.pairs = liars
		m.Run() // what it returns is of no interest: the rows have to fail
		report(suite.pairs)
		return 0, proved()
	}
	other := startYesman(liars, yesmanRows(run, chosen == "" && !document))
	code := m.Run()
	err = other.wait()
	report(pairs)
	if len(suite.skipped) > 0 && os.Getenv("CI") == "true" {
		err = errors.Join(err, errors.New("a skipped row is a failure in CI"))
	}
	if document {
		took := time.Duration(0)
		if run == "" && chosen == "" {
			took = time.Since(began)
		}
		err = errors.Join(err, writeDoc(compat, took), checkDoc(compat))
	}
	return code, err
}

func parsePairs(text string) (pairs []pair, err error) {
	for _, w := range strings.Fields(text) {
		a, n, _ := strings.Cut(w, "/")
		p := pair{arbiter: lab.Kind(a), nodes: lab.Kind(n)}
		if !slices.Contains([]lab.Kind{lab.KindGo, lab.KindC, lab.KindYesman}, p.arbiter) || !slices.Contains([]lab.Kind{lab.KindGo, lab.KindC, lab.KindMixed}, p.nodes) {
			return nil, fmt.Errorf("QUORATE_INTEROP_PAIRS: %q is no ARBITER/NODES; ARBITER is go, c or yesman, NODES is go, c or mixed", w)
		}
		pairs = append(pairs, p)
	}
	return pairs, nil
}

// build compiles the programs under test and the observer.
func build(dir string) error {
	suite.quorate, suite.yesman = filepath.Join(dir, "quorate"), filepath.Join(dir, "yesman")
	for path, pkg := range map[string]string{suite.quorate: "../../cmd/quorate", suite.yesman: "./yesman"} {
		cmd := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", path, pkg)
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("go build %s: %w\n%s", pkg, err, out)
		}
	}
	return lab.BuildObserver(dir)
}

// report prints the outcome: a row for each test, a column for each pair.
func report(pairs []pair) {
	t := cells{}
	for _, r := range suite.trials {
		t.set(r.row, r.pair.String(), r.cell())
	}
	var columns []string
	for _, p := range pairs {
		columns = append(columns, p.String())
	}
	text := t.text(columns)
	fmt.Print("\n" + text)
	if path := os.Getenv("QUORATE_INTEROP_TABLE"); path != "" {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			fmt.Println(err)
		}
	}
	fmt.Printf("\n%d interop rows skipped", len(suite.skipped))
	if len(suite.skipped) > 0 {
		fmt.Printf(" (missing: %s): %s", suite.skip, strings.Join(suite.skipped, ", "))
	}
	fmt.Println()
}
