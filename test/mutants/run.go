// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// laboratory plays mutants, some at a time.
type laboratory struct {
	dir  string
	jobs int

	mu    sync.Mutex
	count int // of programs
}

// Time limits: of a test that is to run out of it, of the test that a row names, and of a
// whole package's tests.
const (
	hangLimit    = 5 * time.Second
	testLimit    = time.Minute
	packageLimit = 5 * time.Minute
)

// each plays rows: f is called with each of them, built.
func (l *laboratory) each(rows []*row, f func(m *mutant)) {
	var packages []string
	byPackage := map[string][]*row{}
	for _, r := range rows {
		pkg := r.packageDir()
		if byPackage[pkg] == nil {
			packages = append(packages, pkg)
		}
		byPackage[pkg] = append(byPackage[pkg], r)
	}
	for _, pkg := range packages {
		var wg sync.WaitGroup
		next := make(chan *mutant)
		for range l.jobs {
			wg.Go(func() {
				for m := range next {
					f(m)
				}
			})
		}
		for _, m := range l.build(byPackage[pkg]) {
			next <- m
		}
		close(next)
		wg.Wait()
	}
}

// result is how a run of tests ended.
type result struct {
	failed []string // the tests that failed, the innermost ones
	hung   bool     // it ran out of time
}

func (r result) noticed() bool { return len(r.failed) > 0 || r.hung }

// tooSlow are tests that take seconds and notice what a line does only by luck. A row may
// name one; to see whether any test of a package notices, they are not played.
const tooSlow = "^(TestDeterminism|TestRandomHistories|TestWorstCluster|TestWorst)$"

// runAll runs a package's tests, but for the slow ones.
func (m *mutant) runAll() result {
	return m.run(packageLimit, "-test.run", ".", "-test.skip", tooSlow)
}

// runTest runs one test.
func (m *mutant) runTest(test string, limit time.Duration) result {
	parts := strings.Split(test, "/")
	for i, s := range parts {
		parts[i] = "^" + regexp.QuoteMeta(s) + "$"
	}
	return m.run(limit, "-test.run", strings.Join(parts, "/"))
}

var (
	failure = regexp.MustCompile(`(?m)^\s*--- FAIL: (\S+)`)
	running = regexp.MustCompile(`(?m)^\s*=== RUN\s+(\S+)`)
)

// run runs tests of the mutant's program.
func (m *mutant) run(limit time.Duration, which ...string) result {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, m.program, append([]string{"-test.v", "-test.failfast"}, which...)...)
	cmd.Dir = m.packageDir()
	cmd.Env = append(os.Environ(), "GOMAXPROCS=1", "GOMEMLIMIT=1GiB", variable+"="+strconv.Itoa(m.number))
	out, err := cmd.CombinedOutput()
	if err == nil {
		return result{}
	}
	res := result{hung: ctx.Err() != nil}
	for _, m := range failure.FindAllSubmatch(out, -1) {
		res.failed = append(res.failed, string(m[1]))
	}
	if len(res.failed) == 0 { // it ended in the middle
		res.failed = []string{"?"}
		if m := running.FindAllSubmatch(out, -1); m != nil {
			res.failed = []string{string(m[len(m)-1][1])}
		}
	}
	res.failed = slices.DeleteFunc(res.failed, func(s string) bool {
		return slices.ContainsFunc(res.failed, func(o string) bool { return strings.HasPrefix(o, s+"/") })
	})
	return res
}

// discover plays new rows: with the tests of the file's own package, and where none notices
// with those of the others that the table names.
func (l *laboratory) discover(rows []*row) {
	for len(rows) > 0 {
		l.each(rows, (*mutant).discover)
		var left []*row
		for _, r := range rows {
			if r.test == "" && !r.broken && r.scope.others != "" {
				r.pkg, r.scope.others, _ = strings.Cut(r.scope.others, " ")
				left = append(left, r)
			}
		}
		rows = left
	}
}

// discover plays a new row, and writes down what notices it.
func (m *mutant) discover() {
	if m.err != nil {
		m.broken = errors.Is(m.err, errCompile)
		return
	}
	res := m.runTest("TestScenarios", hangLimit)
	if !res.noticed() {
		res = m.runAll()
	}
	if m.hangs = res.hung; res.noticed() {
		m.test = choose(res.failed, strings.ToLower(m.rule)+"_")
	}
}

// choose returns the test that names the rule, or the first.
func choose(tests []string, prefix string) string {
	for _, s := range tests {
		if strings.Contains(s, "/"+prefix) {
			return s
		}
	}
	return tests[0]
}

// verdict is what came of playing a row.
type verdict int

const (
	noticed   verdict = iota // by the test that it names
	missed                   // by another test only
	explained                // by none, and the row says why
	survived                 // by none
	unusable                 // the row is at fault
)

// judge plays a row of a table.
func (m *mutant) judge() (verdict, string) {
	if m.err != nil {
		return unusable, m.err.Error()
	}
	if m.test != "" {
		limit := testLimit
		if m.hangs {
			limit = hangLimit
		}
		res := m.runTest(m.test, limit)
		switch {
		case res.hung && !m.hangs:
			return unusable, m.where + ": " + m.test + " hangs, which the row does not say"
		case res.noticed():
			return noticed, ""
		}
	}
	switch res := m.runAll(); {
	case res.noticed() && m.test == "":
		return unusable, m.where + ": it is said to live, and " + res.failed[0] + " fails"
	case res.noticed():
		return missed, m.where + ": " + m.test + " does not fail, " + res.failed[0] + " does: mend the table"
	case m.test == "" && m.lives != "":
		return explained, m.lives
	}
	return survived, ""
}
