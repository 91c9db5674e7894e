// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package interop

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"quorate/test/interop/lab"
)

// pair is an arbiter and the node daemons that it is put together with.
type pair struct{ arbiter, nodes lab.Kind }

// String is how a pair is named on the command line and in tables.
func (p pair) String() string { return string(p.arbiter) + "/" + string(p.nodes) }

// usual are the pairs that CI runs.
const usual = "go/c go/go go/mixed c/go"

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
	os.Exit(runSuite(m))
}

func runSuite(m *testing.M) int {
	pairs := os.Getenv("QUORATE_INTEROP_PAIRS")
	if pairs == "" {
		pairs = usual
	}
	for _, w := range strings.Fields(pairs) {
		a, n, _ := strings.Cut(w, "/")
		p := pair{arbiter: lab.Kind(a), nodes: lab.Kind(n)}
		if !slices.Contains([]lab.Kind{lab.KindGo, lab.KindC, lab.KindYesman}, p.arbiter) || !slices.Contains([]lab.Kind{lab.KindGo, lab.KindC, lab.KindMixed}, p.nodes) {
			fmt.Printf("QUORATE_INTEROP_PAIRS: %q is no ARBITER/NODES; ARBITER is go, c or yesman, NODES is go, c or mixed\n", w)
			return 1
		}
		suite.pairs = append(suite.pairs, p)
	}
	suite.slots = make(chan struct{}, parallel)
	dir, err := os.MkdirTemp("", "quorate-interop-")
	if err != nil {
		fmt.Println(err)
		return 1
	}
	defer os.RemoveAll(dir)
	suite.dir = dir
	if suite.skip = lab.Missing(); suite.skip == "" {
		if err := build(dir); err != nil {
			fmt.Println(err)
			return 1
		}
	}
	code := m.Run()
	report()
	if len(suite.skipped) > 0 && os.Getenv("CI") == "true" {
		fmt.Println("a skipped row is a failure in CI")
		return 1
	}
	return code
}

// build compiles the programs under test and the observer.
func build(dir string) error {
	suite.quorate, suite.yesman = filepath.Join(dir, "quorate"), filepath.Join(dir, "yesman")
	for path, pkg := range map[string]string{suite.quorate: "quorate/cmd/quorate", suite.yesman: "quorate/test/interop/yesman"} {
		cmd := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", path, pkg)
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("go build %s: %w\n%s", pkg, err, out)
		}
	}
	return lab.BuildObserver(dir)
}

// report prints the outcome: a row for each test, a column for each pair.
func report() {
	cells := map[string]map[string]string{}
	var names, columns []string
	for _, r := range suite.trials {
		if cells[r.row] == nil {
			cells[r.row] = map[string]string{}
			names = append(names, r.row)
		}
		cells[r.row][r.pair.String()] = r.cell()
		if !slices.Contains(columns, r.pair.String()) {
			columns = append(columns, r.pair.String())
		}
	}
	slices.Sort(names)
	slices.SortFunc(columns, func(a, b string) int {
		at := func(s string) int { return slices.IndexFunc(suite.pairs, func(p pair) bool { return p.String() == s }) }
		return at(a) - at(b)
	})
	var b strings.Builder
	fmt.Fprintf(&b, "\n| row | %s |\n|---|%s\n", strings.Join(columns, " | "), strings.Repeat("---|", len(columns)))
	for _, n := range names {
		fmt.Fprintf(&b, "| %s |", n)
		for _, c := range columns {
			fmt.Fprintf(&b, " %s |", cells[n][c])
		}
		b.WriteByte('\n')
	}
	fmt.Print(b.String())
	if path := os.Getenv("QUORATE_INTEROP_TABLE"); path != "" {
		if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
			fmt.Println(err)
		}
	}
	fmt.Printf("\n%d interop rows skipped", len(suite.skipped))
	if len(suite.skipped) > 0 {
		fmt.Printf(" (missing: %s): %s", suite.skip, strings.Join(suite.skipped, ", "))
	}
	fmt.Println()
}
