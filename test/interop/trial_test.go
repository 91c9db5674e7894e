// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package interop

import (
	"cmp"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/quorate/quorate/test/interop/lab"
	"github.com/quorate/quorate/test/results"
)

// trial is one row with one pair.
type trial struct {
	pair
	row    string
	result string
	text   string // what was measured
	asC    bool   // it failed as C is known to
	labs   []*lab.Lab
}

// outcome is what has become of it, for others.
func (r *trial) outcome() results.Row {
	return results.Row{Name: r.row, Pair: r.pair.String(), Result: r.result, Text: r.text}
}

// matrix runs a row with each pair.
func matrix(t *testing.T, f func(*testing.T, *trial)) {
	t.Helper()
	with(t, func(pair) bool { return true }, f)
}

// with runs a row with those pairs alone for which ok holds, beside other rows.
func with(t *testing.T, ok func(pair) bool, f func(*testing.T, *trial)) {
	t.Helper()
	t.Parallel()
	for _, p := range suite.pairs {
		if ok(p) {
			t.Run(p.String(), func(t *testing.T) { f(t, start(t, p)) })
		}
	}
}

// needHosts skips the test, and notes so, where hosts can't be made.
func needHosts(t *testing.T) {
	t.Helper()
	if suite.skip == "" {
		return
	}
	suite.mu.Lock()
	suite.skipped = append(suite.skipped, t.Name())
	suite.mu.Unlock()
	t.Skipf("needs %s", suite.skip)
}

// start prepares one row with one pair: it waits for a free slot and notes the outcome.
func start(t *testing.T, p pair) *trial {
	t.Helper()
	needHosts(t)
	if suite.pairs[0].arbiter == lab.KindYesman && p.arbiter != lab.KindYesman {
		t.Skip("it is not for this arbiter")
	}
	t.Parallel()
	suite.slots <- struct{}{}
	name := strings.TrimPrefix(strings.Replace(t.Name(), "/"+p.String(), "", 1), "Test")
	r := &trial{pair: p, row: name, result: "pass"}
	t.Cleanup(func() {
		<-suite.slots
		switch {
		case p.arbiter == lab.KindYesman:
			r.result, r.text = r.yesmanResult(t.Failed()), ""
		case t.Failed():
			r.result = "FAIL"
		case r.asC:
			r.result = "fails"
		}
		suite.mu.Lock()
		suite.trials = append(suite.trials, r)
		suite.mu.Unlock()
	})
	return r
}

// measured notes what a row has measured.
func (r *trial) measured(format string, args ...any) { r.text = fmt.Sprintf(format, args...) }

// knownC are the rows that C's programs are known to fail: that is why ours
// exist. They are reported and do not fail the run.
func (r *trial) knownC() bool {
	if r.arbiter != lab.KindC {
		return false
	}
	known := []string{"ArbiterRestartWhileSplit", "DaemonKilledAfterSplit", "PowerLoss", "Refusals"}
	if r.nodes != lab.KindGo {
		known = append(known, "LinkLostAfterSplit") // our node takes its vote back in time
	}
	return slices.Contains(known, r.row)
}

// fail fails a row, unless it is C's known failure.
func (r *trial) fail(t *testing.T, format string, args ...any) {
	t.Helper()
	if r.knownC() {
		t.Logf("as known of C: "+format, args...)
		r.asC = true
		return
	}
	t.Errorf(format, args...)
}

// config puts the pair into the configuration of a lab, whose arbiter may be one of its own.
func (r *trial) config(cfg lab.Config) lab.Config {
	cfg.Kind, cfg.Binary, cfg.NodeKind, cfg.NodeBinary = r.arbiter, cmp.Or(cfg.Binary, suite.quorate), r.nodes, suite.quorate
	if r.arbiter == lab.KindYesman {
		cfg.Binary = suite.yesman
	}
	return cfg
}

// certs is a set of certificates, made once for all labs.
type certs struct {
	once sync.Once
	made *lab.Certs
}

// newLab makes the hosts of a cluster that is enrolled already: with our tools on
// the nodes where all of them are ours, and with C's otherwise, so that in a mixed
// cluster our daemon takes an NSS database over.
func (r *trial) newLab(t *testing.T, cfg lab.Config) *lab.Lab {
	t.Helper()
	maker := r.pair
	if maker.nodes == lab.KindMixed {
		maker.nodes = lab.KindC
	}
	v, _ := suite.certs.LoadOrStore(maker, &certs{})
	c := v.(*certs)
	c.once.Do(func() {
		m := &trial{pair: maker}
		made := lab.New(t, m.config(lab.Config{Nodes: 1})).MakeCerts()
		dir, err := os.MkdirTemp(suite.dir, "certs-")
		if err != nil {
			t.Fatal(err)
		}
		for _, src := range []string{made.Arbiter, made.Node} {
			if out, err := exec.Command("cp", "-a", src, dir).CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
		}
		c.made = &lab.Certs{Arbiter: filepath.Join(dir, "qnetd"), Node: filepath.Join(dir, "qdevice")}
	})
	if c.made == nil {
		t.Fatal("no certificates: see the row that was to make them")
	}
	cfg = r.config(cfg)
	cfg.Certs = c.made
	l := lab.New(t, cfg)
	r.labs = append(r.labs, l)
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("arbiter:\n%s", tail(l.Arbiter.Log("qnetd"), 60))
			for _, n := range l.Nodes {
				t.Logf("%s: %s\nqdevice:\n%s\ncorosync:\n%s%s", n.Name, n.Quorum().Text, tail(n.Log("qdevice"), 25), n.CorosyncLog(), n.Log("corosync"))
			}
		}
	})
	return l
}

func tail(s string, n int) string {
	lines := strings.Split(strings.TrimRight(s, "\n"), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}

// lines cuts a text, without the spaces at the ends of lines.
func lines(s string) []string {
	var list []string
	for line := range strings.SplitSeq(s, "\n") {
		list = append(list, strings.TrimRight(line, " "))
	}
	return list
}

func isDate(line string) bool { return strings.HasPrefix(line, "Date:") }

// labels are the words before the colons of a status text, one a line, without the
// lines that a daemon may have or not as things are.
func labels(s string) string {
	var list []string
	for _, line := range lines(s) {
		if label, _, ok := strings.Cut(line, ":"); ok {
			list = append(list, label)
		}
	}
	return strings.Join(list, "\n")
}
