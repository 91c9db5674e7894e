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

// suite is what the rows share.
var suite struct {
	kind   lab.Kind
	binary string
	skip   string // what is missing on this machine
	slots  chan struct{}

	certsOnce sync.Once
	certs     *lab.Certs

	mu      sync.Mutex
	rows    []row
	known   map[string]bool // rows that failed as the C arbiter is known to
	skipped []string
}

// row is one line of the table that the run ends with.
type row struct{ name, result, measured string }

// parallel is how many clusters run at once: they mostly wait.
const parallel = 6

func TestMain(m *testing.M) {
	os.Exit(runSuite(m))
}

func runSuite(m *testing.M) int {
	suite.kind = lab.Kind(os.Getenv("QUORATE_INTEROP_ARBITER"))
	if suite.kind == "" {
		suite.kind = lab.KindGo
	}
	suite.slots = make(chan struct{}, parallel)
	dir, err := os.MkdirTemp("", "quorate-interop-")
	if err != nil {
		fmt.Println(err)
		return 1
	}
	defer os.RemoveAll(dir)
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

// build compiles the arbiter under test and the observer.
func build(dir string) error {
	pkg := "quorate/cmd/quorate"
	if suite.kind == lab.KindYesman {
		pkg = "quorate/test/interop/yesman"
	}
	suite.binary = filepath.Join(dir, "arbiter")
	cmd := exec.Command("go", "build", "-o", suite.binary, pkg)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go build %s: %w\n%s", pkg, err, out)
	}
	return lab.BuildObserver(dir)
}

func report() {
	slices.SortFunc(suite.rows, func(a, b row) int { return strings.Compare(a.name, b.name) })
	var b strings.Builder
	fmt.Fprintf(&b, "\n| row | %s | measured |\n|---|---|---|\n", suite.kind)
	for _, r := range suite.rows {
		fmt.Fprintf(&b, "| %s | %s | %s |\n", r.name, r.result, r.measured)
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

// knownC are the rows that the C arbiter is known to fail: that is why ours
// exists. With it they are reported and do not fail the run.
var knownC = []string{
	"TestArbiterRestartWhileSplit", "TestLinkLostAfterSplit", "TestDaemonKilledAfterSplit", "TestPowerLoss",
	"TestRefusals",
}

// start prepares one row: it waits for a free slot and notes the outcome. The
// returned function records what was measured.
func start(t *testing.T) (measured func(format string, args ...any)) {
	t.Helper()
	if suite.skip != "" {
		suite.mu.Lock()
		suite.skipped = append(suite.skipped, t.Name())
		suite.mu.Unlock()
		t.Skipf("needs %s", suite.skip)
	}
	t.Parallel()
	suite.slots <- struct{}{}
	r := row{name: t.Name(), result: "pass"}
	t.Cleanup(func() {
		<-suite.slots
		suite.mu.Lock()
		switch {
		case t.Failed():
			r.result = "FAIL"
		case suite.known[t.Name()]:
			r.result = "fails, as known"
		}
		suite.rows = append(suite.rows, r)
		suite.mu.Unlock()
	})
	return func(format string, args ...any) { r.measured = fmt.Sprintf(format, args...) }
}

// fail fails a row, unless it is the C arbiter's known failure.
func fail(t *testing.T, format string, args ...any) {
	t.Helper()
	if suite.kind == lab.KindC && slices.Contains(knownC, t.Name()) {
		t.Logf("as known of the C arbiter: "+format, args...)
		suite.mu.Lock()
		defer suite.mu.Unlock()
		if suite.known == nil {
			suite.known = map[string]bool{}
		}
		suite.known[t.Name()] = true
		return
	}
	t.Errorf(format, args...)
}

// newLab makes the hosts of a cluster that is enrolled already.
func newLab(t *testing.T, cfg lab.Config) *lab.Lab {
	t.Helper()
	suite.certsOnce.Do(func() {
		l := lab.New(t, lab.Config{Nodes: 1, Kind: suite.kind, Binary: suite.binary})
		made := l.MakeCerts()
		dir, err := os.MkdirTemp("", "quorate-certs-")
		if err != nil {
			t.Fatal(err)
		}
		for _, src := range []string{made.Arbiter, made.Node} {
			if out, err := exec.Command("cp", "-a", src, dir).CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
		}
		suite.certs = &lab.Certs{Arbiter: filepath.Join(dir, "qnetd"), Node: filepath.Join(dir, "qdevice")}
	})
	if suite.certs == nil {
		t.Fatal("no certificates: see the row that was to make them")
	}
	cfg.Kind, cfg.Binary, cfg.Certs = suite.kind, suite.binary, suite.certs
	l := lab.New(t, cfg)
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("arbiter:\n%s", tail(l.Arbiter.Log("qnetd"), 60))
			for _, n := range l.Nodes {
				t.Logf("%s: %s\nqdevice:\n%s", n.Name, n.Quorum().Text, tail(n.Log("qdevice"), 25))
			}
		}
	})
	return l
}

func tail(s string, n int) string {
	lines := strings.Split(strings.TrimRight(s, "\n"), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}
