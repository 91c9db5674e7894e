// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package interop

import (
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

	"github.com/quorate/quorate/bench/table"
	"github.com/quorate/quorate/test/interop/lab"
	"github.com/quorate/quorate/test/results"
)

// pair is an arbiter and the node daemons that it is put together with.
type pair struct{ arbiter, nodes lab.Kind }

// String is how a pair is named on the command line and in tables.
func (p pair) String() string { return string(p.arbiter) + "/" + string(p.nodes) }

// usual are the pairs that CI runs, the last one with the rows of quick alone.
const usual = "go/c go/go go/mixed c/go c/mixed yesman/c"

// suite is what the rows share.
var suite struct {
	options options
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

// options are the flags of these tests, besides those of go test.
type options struct {
	pairs    string
	results  string
	clusters int
	demo     bool
}

// define makes the flags.
func (o *options) define() {
	flag.StringVar(&o.pairs, "pairs", "usual", `the "ARBITER/NODES ..." to run; usual: what CI runs; all: what docs/compat.md has`)
	flag.StringVar(&o.results, "results", "", "write what has become of each row to this `file`, for test/compat")
	flag.IntVar(&o.clusters, "clusters", parallel, "run so many clusters at once")
	flag.BoolVar(&o.demo, "demo", false, "print what TestDemo shows")
}

func TestMain(m *testing.M) {
	suite.options.define()
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
	run := flag.Lookup("test.run").Value.String()
	pairs, err := parsePairs(suite.options.pairs)
	if err != nil {
		return 1, err
	}
	suite.slots = make(chan struct{}, suite.options.clusters)
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
		return 0, errors.Join(writeResults(0), proved())
	}
	other := startYesman(liars, yesmanRows(run, suite.options.pairs == "usual"))
	code := m.Run()
	err = other.wait()
	report(pairs)
	if len(suite.skipped) > 0 && os.Getenv("CI") == "true" {
		err = errors.Join(err, errors.New("a skipped row is a failure in CI"))
	}
	took := time.Duration(0)
	if run == "" && suite.options.pairs == "all" {
		took = time.Since(began)
	}
	return code, errors.Join(err, writeResults(took))
}

func parsePairs(text string) (pairs []pair, err error) {
	switch text {
	case "usual":
		text = usual
	case "all":
		text = results.Pairs
	}
	for _, w := range strings.Fields(text) {
		a, n, _ := strings.Cut(w, "/")
		p := pair{arbiter: lab.Kind(a), nodes: lab.Kind(n)}
		if !slices.Contains([]lab.Kind{lab.KindGo, lab.KindC, lab.KindYesman}, p.arbiter) || !slices.Contains([]lab.Kind{lab.KindGo, lab.KindC, lab.KindMixed}, p.nodes) {
			return nil, fmt.Errorf("-pairs: %q is no ARBITER/NODES; ARBITER is go, c or yesman, NODES is go, c or mixed", w)
		}
		pairs = append(pairs, p)
	}
	return pairs, nil
}

// writeResults writes the outcomes for test/compat, if that was asked for. took is how
// long a run of everything took.
func writeResults(took time.Duration) error {
	if suite.options.results == "" {
		return nil
	}
	r := results.Run{Where: table.Where(), Minutes: took.Minutes()}
	for _, t := range suite.trials {
		r.Rows = append(r.Rows, t.outcome())
	}
	return r.Write(suite.options.results)
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
	t := table.Cells{}
	for _, r := range suite.trials {
		t.Set(r.row, r.pair.String(), r.outcome().Cell())
	}
	var columns []string
	for _, p := range pairs {
		columns = append(columns, p.String())
	}
	fmt.Print("\n" + t.Text(columns))
	fmt.Printf("\n%d interop rows skipped", len(suite.skipped))
	if len(suite.skipped) > 0 {
		fmt.Printf(" (missing: %s): %s", suite.skip, strings.Join(suite.skipped, ", "))
	}
	fmt.Println()
}
